/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * credential.h - what a keyring holds of a profile, put where it is used
 */
#ifndef CORE_CREDENTIAL_H
#define CORE_CREDENTIAL_H

#include "keyring.h"
#include "profile.h"
#include "record.h"

#define CREDENTIAL_KIND "credential"
#define CREDENTIAL_LABEL_SIZE 96u
/* What people see in their keyring's window. */
void credential_label(const char *profile, char out[CREDENTIAL_LABEL_SIZE]);

/* The keyring of the profile, told what the profile will want of it. */
int credential_open_keyring(const credence_profile *profile, struct keyring **ret_keyring,
                            credence_error **error);

/* Take the secrets, the origins that may get the login, and the fingerprint of it
 * all from the value in text: of the credentials there, the one that belongs with the
 * profile's fields.  REFUSED when it was stored for another origin, CONFLICT when the
 * profile's file is another by now. */
int credential_take(credence_profile *profile, const char *text, credence_error **error);
/* The same from one credential. */
int credential_take_record(credence_profile *profile, const struct record *record, credence_error **error);
/* Does its file name another keyring or store by now?  Not if it cannot be read. */
int credential_has_moved(const credence_profile *profile);
/* CONFLICT unless the profile is still where it was, and the keyring still has what was taken: a login with a
 * secret that was replaced would be refused, and counted by the server. */
int credential_check(const credence_profile *profile, struct keyring *keyring, credence_error **error);
/* As credential_take(), for a profile that has no secrets. */
int credential_take_none(credence_profile *profile, credence_error **error);

#endif
