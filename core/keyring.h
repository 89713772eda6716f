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

/* The one that is used where none is named. */
#define KEYRING_USUAL "secret-service"

struct keyring;

/* name is that of a helper, or NULL for the usual one: secret-service where a
 * bus and a service answer.  NO_KEYRING otherwise, before anything is started.
 * store is which of its stores, as the profile recorded it; NULL: the usual one. */
int keyring_open(credence_context *context, const char *name, const char *store, struct keyring **ret_keyring,
                 credence_error **error);
void keyring_close(struct keyring **keyring);
const char *keyring_name(const struct keyring *keyring);

/* Is it one that somebody else fills, as an administrator does? */
int keyring_is_read_only(const char *name);

/* From now on, ask nobody and wait for nobody: what would have to be asked is an error. */
void keyring_be_quiet(struct keyring *keyring);

/* How a secret gets into a keyring: the command, or the file of one that is read-only. */
#define KEYRING_HINT_SIZE 400u
void keyring_hint(const char *keyring, const char *store, const char *profile, const char *field,
                  char out[KEYRING_HINT_SIZE]);

/* It is a file for another machine, of this name, and has a passphrase of its own. */
int keyring_is_export(struct keyring *keyring, const char *path, credence_error **error);

/* From now on, do not ask for the store that the profile recorded. */
void keyring_forget_store(struct keyring *keyring);
/* The store that the last keyring_put() wrote to, to be recorded in the profile; NULL
 * when there is nothing to record.  Lives until the next call. */
const char *keyring_store(const struct keyring *keyring);

/* Say that provider's field is wanted.  Only keyrings that keep each secret by itself
 * need it. */
int keyring_want(struct keyring *keyring, const char *provider, const char *field, credence_error **error);

/* The value, in secret memory and followed by NUL, and its revision, at least
 * one of which may be NULL.  Free both: secret_free(), free(). */
int keyring_get(struct keyring *keyring, const char *profile, const char *kind, char **ret_value,
                char **ret_revision, credence_error **error);
/* expect: the revision that must be there, "" for none, NULL for any. */
int keyring_put(struct keyring *keyring, const char *profile, const char *kind, const char *label,
                const char *value, const char *expect, credence_error **error);
int keyring_delete(struct keyring *keyring, const char *profile, const char *kind, const char *expect,
                   credence_error **error);

/* The profiles of which it holds this kind, ended by NULL.  Free with
 * credence_strings_free(). */
int keyring_list(struct keyring *keyring, const char *kind, char ***ret_names, credence_error **error);

/* What the keyring tells of itself without prompting: "name=value" texts, ended by NULL.
 * Free with credence_strings_free(). */
int keyring_probe(struct keyring *keyring, char ***ret_facts, credence_error **error);

#endif
