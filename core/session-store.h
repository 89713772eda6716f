/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * session-store.h - sessions in the profile's keyring, shared by all programs
 */
#ifndef CORE_SESSION_STORE_H
#define CORE_SESSION_STORE_H

#include "keyring.h"
#include "session.h"

/* What the keyring holds for the profile: *ret_session is NULL when there is none
 * that this credential made.  *ret_revision is "" for nothing stored; free() it. */
int session_read(const credence_profile *profile, struct keyring *keyring, struct session **ret_session,
                 char **ret_revision, credence_error **error);
/* The same with a keyring that is opened for it, before a login.  CONFLICT when the
 * keyring has another credential by now than the profile was opened with. */
int session_load(const credence_profile *profile, struct session **ret_session, char **ret_revision,
                 credence_error **error);

/* Store a session that was made after reading revision.  When somebody else stored
 * a newer one meanwhile, that stays, and becomes *session.  *ret_kept: is it stored now?
 * It is no error that a keyring which is read-only cannot. */
int session_save(const credence_profile *profile, struct session **session, const char *revision,
                 int *ret_kept, credence_error **error);

/* Delete it.  *ret_held: was there one? */
int session_delete(const credence_profile *profile, int *ret_held, credence_error **error);

#endif
