/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * secret-service-items.h - the items of Credence in the Secret Service
 *
 * An item has the attributes profile, kind and version, which everybody on the
 * bus can read, and the value as its secret.  Sessions go to the collection
 * "session", which is never written to the disk.
 *
 * The Secret Service knows no revisions: the SHA-256 of the value serves.
 */
#ifndef KEYRING_SECRET_SERVICE_ITEMS_H
#define KEYRING_SECRET_SERVICE_ITEMS_H

#include "secret-service-call.h"

extern const SecretSchema item_schema;

/* The attributes that an item of this request has; for list, that it has among others.
 * g_hash_table_unref() them. */
GHashTable *item_attributes(const struct keyring_request *request);

/* All that return int return CREDENCE_OK or an error that is noted in the
 * answer. */

/* The collection for new items; NULL when there is none. */
int item_find_home(struct call *call, SecretCollection **ret_home);

/* The paths of all items that the request means, none of them locked. */
int item_find_all(struct call *call, char ***ret_paths);

/* The path of the one item that the request means; NULL when there is none. */
int item_find(struct call *call, char **ret_path);

/* The profile that an item belongs to; NULL when it does not say. */
int item_profile(struct call *call, const char *path, char **ret_profile);

int item_value(struct call *call, const char *path, SecretValue **ret_value);

/* Does the item, or NULL for none, match what the request expects? */
int item_check_revision(struct call *call, const char *path);

/* Change the item, which keeps it single and in its collection; or make a new
 * one for NULL. */
int item_store(struct call *call, const char *path, SecretValue *value);

int item_delete(struct call *call, const char *path);

void item_write_revision(struct call *call, SecretValue *value);

/* Nothing was found: code, or NO_KEYRING where that does not mean that there is
 * nothing. */
int item_explain_absence(struct call *call, int code);
int item_fail_not_found(struct call *call);

#endif
