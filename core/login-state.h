/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * login-state.h - what is known of a profile's logins without its keyring
 *
 * A small file in the state folder, with nothing secret in it: until when the
 * last session is good, and whether the server refused the last login.  It lets
 * credence show answer with a locked keyring, and keeps a wrong password from
 * being sent again.
 */
#ifndef CORE_LOGIN_STATE_H
#define CORE_LOGIN_STATE_H

#include <stdint.h>

#include "credence.h"

#define FINGERPRINT_SIZE 65u /* hexadecimal SHA-256, with a NUL */
#define REFUSAL_SIZE 600u

struct login_state {
  int is_unreadable; /* there is a file, and nobody knows what it says */
  int has_session;
  int64_t expires;                    /* microseconds since 1970; 0: not known */
  int64_t refused;                    /* when the last login was refused; 0: it was not */
  char fingerprint[FINGERPRINT_SIZE]; /* of the credential that was refused */
  char message[REFUSAL_SIZE];         /* what the server said; as much of it as fits */
};

/* All zero when there is no file. */
void login_state_read(const char *profile, struct login_state *ret_state);
int login_state_write(const char *profile, const struct login_state *state, credence_error **error);
/* Forget; that there is nothing is fine. */
void login_state_remove(const char *profile);

#endif
