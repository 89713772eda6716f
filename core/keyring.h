/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * keyring.h - talk to a keyring helper
 *
 * A helper is started for a piece of work and ended after it.  Every call has a
 * deadline: a helper that has not answered by then is killed.  One that dies
 * while reading is started once more; a write is never repeated by itself.
 */
#ifndef CORE_KEYRING_H
#define CORE_KEYRING_H

#include "context.h"

struct keyring;

/* name is that of a helper, or NULL for the usual one: secret-service where a
 * bus and a service answer.  NO_KEYRING otherwise, before anything is started. */
int keyring_open(credence_context *context, const char *name, struct keyring **ret_keyring,
                 credence_error **error);
void keyring_close(struct keyring **keyring);
const char *keyring_name(const struct keyring *keyring);

/* The value, in secret memory and followed by NUL, and its revision, at least
 * one of which may be NULL.  Free both: secret_free(), free(). */
int keyring_get(struct keyring *keyring, const char *profile, const char *kind, char **ret_value,
                char **ret_revision, credence_error **error);
/* expect: the revision that must be there, "" for none, NULL for any. */
int keyring_put(struct keyring *keyring, const char *profile, const char *kind, const char *label,
                const char *value, const char *expect, credence_error **error);
int keyring_delete(struct keyring *keyring, const char *profile, const char *kind, const char *expect,
                   credence_error **error);

#endif
