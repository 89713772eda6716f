/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * secret-service-items.c - find and store the items of the Secret Service
 *
 * The rule that shapes this file: a locked item is not an absent one.  A
 * search does not unlock anything; what it finds locked, or might not have
 * found because it is locked, is unlocked or reported.
 */
#include "secret-service-items.h"

#include "../core/credence.h"

static const SecretSchema schema = {
    .name = "org.credence.Credential",
    .flags = SECRET_SCHEMA_NONE,
    .attributes =
        {
            {"profile", SECRET_SCHEMA_ATTRIBUTE_STRING},
            {"kind", SECRET_SCHEMA_ATTRIBUTE_STRING},
            {"version", SECRET_SCHEMA_ATTRIBUTE_STRING},
        },
};

#define SEARCH_FLAGS (SECRET_SEARCH_ALL | SECRET_SEARCH_LOAD_SECRETS)

/* --- find ----------------------------------------------------------------------- */

/* The attributes that an item of this request has; for list, that it has
 * among others. */
static GHashTable *make_attributes(const struct keyring_request *request)
{
  GHashTable *attributes = secret_attributes_build(&schema, "kind", request->kind, "version", "1", NULL);

  if (request->profile)
    g_hash_table_insert(attributes, g_strdup("profile"), g_strdup(request->profile));
  return attributes;
}

static void free_items(GList *items)
{
  g_list_free_full(items, g_object_unref);
}

/* All items of the request, with the values of those that are not locked. */
static int search(struct call *call, GList **ret_items)
{
  GHashTable *attributes = make_attributes(call->request);
  GError *error = NULL;
  GList *items =
      secret_service_search_sync(call->service, &schema, attributes, SEARCH_FLAGS, call->cancellable, &error);

  g_hash_table_unref(attributes);
  if (error)
    return call_error(call, error);
  *ret_items = items;
  return CREDENCE_OK;
}

static int find_alias(struct call *call, const char *alias, SecretCollection **ret_home)
{
  GError *error = NULL;
  SecretCollection *home = secret_collection_for_alias_sync(call->service, alias, SECRET_COLLECTION_NONE,
                                                            call->cancellable, &error);

  if (error)
    return call_error(call, error);
  *ret_home = home;
  return CREDENCE_OK;
}

/* Sessions go to memory where the service offers that; not all do. */
int item_find_home(struct call *call, SecretCollection **ret_home)
{
  int session = g_strcmp0(call->request->kind, "session") == 0;
  int r = session ? find_alias(call, SECRET_COLLECTION_SESSION, ret_home) : CREDENCE_OK;

  if (r == CREDENCE_OK && !*ret_home)
    r = find_alias(call, SECRET_COLLECTION_DEFAULT, ret_home);
  return r;
}

/* What has to be unlocked before the answer is known; NULL when nothing.  When
 * nothing was found, that is the collection: some services hide the items of a
 * locked one. */
static int find_locked(struct call *call, GList *items, GDBusProxy **ret_locked)
{
  SecretCollection *home = NULL;
  int r;

  for (GList *at = items; at; at = at->next)
    if (secret_item_get_locked(at->data)) {
      *ret_locked = g_object_ref(at->data);
      return CREDENCE_OK;
    }
  if (items)
    return CREDENCE_OK;
  r = item_find_home(call, &home);
  if (r == CREDENCE_OK && home && secret_collection_get_locked(home))
    *ret_locked = g_object_ref(G_DBUS_PROXY(home));
  g_clear_object(&home);
  return r;
}

int item_find_all(struct call *call, GList **ret_items)
{
  GList *items = NULL;
  GDBusProxy *locked = NULL;
  int r;

  for (;;) {
    r = search(call, &items);
    if (r == CREDENCE_OK)
      r = find_locked(call, items, &locked);
    if (r == CREDENCE_OK && locked)
      r = call_unlock(call, locked);
    if (r != CREDENCE_OK || !locked)
      break;
    /* Unlocked: what is there has to be read again. */
    g_clear_object(&locked);
    free_items(items);
    items = NULL;
  }
  g_clear_object(&locked);
  if (r == CREDENCE_OK)
    *ret_items = items;
  else
    free_items(items);
  return r;
}

int item_find(struct call *call, SecretItem **ret_item)
{
  GList *items = NULL;
  int r = item_find_all(call, &items);

  if (r == CREDENCE_OK && items && items->next)
    r = keyring_fail(call->answer, CREDENCE_E_AMBIGUOUS,
                     "delete all but one with the desktop's password manager",
                     "the keyring holds several items for profile '%s'", call->request->profile);
  if (r == CREDENCE_OK && items)
    *ret_item = g_object_ref(items->data);
  free_items(items);
  return r;
}

int item_fail_not_found(struct call *call)
{
  return keyring_fail(call->answer, CREDENCE_E_NOT_FOUND, "",
                      "the Secret Service holds no %s for profile '%s'", call->request->kind,
                      call->request->profile);
}

/* --- values ---------------------------------------------------------------------- */

/* g_free() the result. */
static char *make_revision(SecretValue *value)
{
  gsize size = 0;
  const char *data = secret_value_get(value, &size);

  return g_compute_checksum_for_data(G_CHECKSUM_SHA256, (const guchar *)data, size);
}

int item_value(struct call *call, SecretItem *item, SecretValue **ret_value)
{
  SecretValue *value = secret_item_get_secret(item);
  gsize size = 0;

  if (!value)
    return keyring_fail(call->answer, CREDENCE_E_LOCKED, "unlock it and try again",
                        "the keyring was locked meanwhile");
  (void)secret_value_get(value, &size);
  if (size > KEYRING_SECRET_MAX) {
    secret_value_unref(value);
    return keyring_fail(call->answer, CREDENCE_E_CORRUPT, "delete it with the desktop's password manager",
                        "an item of the keyring is over %u bytes", KEYRING_SECRET_MAX);
  }
  *ret_value = value;
  return CREDENCE_OK;
}

void item_write_revision(struct call *call, SecretValue *value)
{
  char *revision = make_revision(value);

  keyring_write_text(&call->answer->fields, KEYRING_REVISION, revision);
  g_free(revision);
}

int item_check_revision(struct call *call, SecretItem *item)
{
  SecretValue *value = NULL;
  char *revision;
  int r;

  if (!item)
    return keyring_check_expect(call->request, NULL, call->answer);
  r = item_value(call, item, &value);
  if (r != CREDENCE_OK)
    return r;
  revision = make_revision(value);
  r = keyring_check_expect(call->request, revision, call->answer);
  g_free(revision);
  secret_value_unref(value);
  return r;
}

/* --- store ------------------------------------------------------------------------ */

/* A new item.  Whether the collection is locked was seen when none was found. */
static int create_item(struct call *call, SecretValue *value)
{
  GHashTable *attributes = make_attributes(call->request);
  char *label = g_strdup_printf("Credence: %s", call->request->profile);
  SecretCollection *home = NULL;
  SecretItem *item = NULL;
  GError *error = NULL;
  int r = item_find_home(call, &home);

  if (r == CREDENCE_OK && !home)
    r = call_fail_no_collection(call);
  if (r == CREDENCE_OK)
    item = secret_item_create_sync(home, &schema, attributes,
                                   call->request->label ? call->request->label : label, value,
                                   SECRET_ITEM_CREATE_REPLACE, call->cancellable, &error);
  if (error)
    r = call_error(call, error);
  g_clear_object(&item);
  g_clear_object(&home);
  g_hash_table_unref(attributes);
  g_free(label);
  return r;
}

int item_store(struct call *call, SecretItem *item, SecretValue *value)
{
  GError *error = NULL;

  if (!item)
    return create_item(call, value);
  if (!secret_item_set_secret_sync(item, value, call->cancellable, &error))
    return call_error(call, error);
  return CREDENCE_OK;
}
