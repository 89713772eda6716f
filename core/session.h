/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * session.h - what a login yields: values, most of them secret, for some time
 *
 * A session does not change once it is made.  A profile points to its present
 * one; a request holds on to the one it was signed with, so that replacing it
 * takes nothing away from another thread.
 */
#ifndef CORE_SESSION_H
#define CORE_SESSION_H

#include <stdint.h>

#include "profile.h"

#define SESSION_VALUE_MAX (16u * 1024u)

struct session {
  atomic_uint references;
  int64_t made;    /* microseconds since 1970 */
  int64_t expires; /* 0: not known */
  int64_t renew;   /* when to get a new one, a little earlier; 0: not known */
  struct secret_value values[MANIFEST_SESSION_MAX]; /* in the manifest's order */
};

/* With one reference; NULL when memory runs out. */
struct session *session_new(void);
struct session *session_ref(struct session *session); /* NULL stays NULL */
void session_unref(struct session *session);          /* NULL is fine */

/* Microseconds since 1970. */
int64_t clock_now(void);
/* Count from now on.  lifetime in microseconds, 0 when it is not known. */
void session_set_lifetime(struct session *session, int64_t lifetime, int64_t now);
int session_is_over(const struct session *session, int64_t now);
/* Is it time for a new one? */
int session_is_ending(const struct session *session, int64_t now);
/* Are both of the same login? */
int session_equal(const struct session *a, const struct session *b);

/* The profile's present session with a reference, or NULL. */
struct session *profile_session(credence_profile *profile);
/* Make it the present one, or none.  Takes a reference. */
void profile_set_session(credence_profile *profile, struct session *session);

/* As a keyring keeps it. */
int session_encode(const struct session *session, const credence_profile *profile, char **ret_text,
                   credence_error **error);
/* NOT_FOUND unless text is a session that this credential of the profile made. */
int session_decode(const char *text, const credence_profile *profile, struct session **ret_session);

#endif
