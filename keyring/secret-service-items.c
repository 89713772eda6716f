/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * secret-service-items.c - find and store the items of the Secret Service
 *
 * The rule that shapes this file: a locked item is not an absent one.  A
 * search does not unlock anything; what it finds locked, or might not have
 * found because it is locked, is unlocked or reported.
 */
#include "secret-service-items.h"

#include "secret-service-prompt.h"
#include "secret-service-who.h"

#include "../core/credence.h"

#include <string.h>

#define ITEM SERVICE_INTERFACE "Item"
#define SECRET_BYTES 2   /* of the fields of a secret on the bus: the value, which may be encrypted */
#define CIPHER_SPARE 64u /* bytes that encryption adds at most */
#define UNLOCK_TRIES 4   /* items of one profile may lie in several collections */

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

/* A search that was not answered in time: perhaps since the service waits for a person. */
static int explain_silence(struct call *call, int code)
{
  int brief = (int)call->reserve / 4;
  char *home = who_reads_alias(call, SECRET_COLLECTION_DEFAULT, brief, NULL);

  if (home && strcmp(home, "/") != 0 && who_reads_locked(call, home, brief, NULL) == 1)
    code = keyring_fail(call->answer, CREDENCE_E_LOCKED, "unlock it with the desktop's password manager",
                        "the keyring of the Secret Service is locked, and nobody unlocked it in time");
  g_free(home);
  return code;
}

/* The paths of all items of the request. */
static int search(struct call *call, char ***ret_unlocked, char ***ret_locked)
{
  GHashTable *attributes = make_attributes(call->request);
  GError *error = NULL;
  gboolean done = secret_service_search_for_dbus_paths_sync(
      call->service, &schema, attributes, call->cancellable, ret_unlocked, ret_locked, &error);
  int r = done ? CREDENCE_OK : call_error(call, error);

  g_hash_table_unref(attributes);
  return r == CREDENCE_E_TIMEOUT ? explain_silence(call, r) : r;
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

/* The collection for new items, when it is locked; else NULL. */
static int find_locked_home(struct call *call, char **ret_path)
{
  SecretCollection *home = NULL;
  int r = item_find_home(call, &home);

  call->homeless = r == CREDENCE_OK && !home;
  if (r == CREDENCE_OK && home && secret_collection_get_locked(home))
    *ret_path = g_strdup(g_dbus_proxy_get_object_path(G_DBUS_PROXY(home)));
  g_clear_object(&home);
  return r;
}

/* What has to be unlocked before the answer is known; NULL when nothing.  When
 * nothing was found, that is the collection: some services hide the items of a
 * locked one. */
static int find_locked(struct call *call, char **unlocked, char **locked, char **ret_path)
{
  if (!locked[0] && !unlocked[0])
    return find_locked_home(call, ret_path);
  if (locked[0])
    *ret_path = g_strdup(locked[0]);
  return CREDENCE_OK;
}

/* Search, and unlock what is in the way; then *ret_again, since what is there has
 * to be read again. */
static int search_once(struct call *call, char ***ret_paths, gboolean *ret_again)
{
  char **unlocked = NULL, **locked = NULL, *in_the_way = NULL;
  int r = search(call, &unlocked, &locked);

  if (r == CREDENCE_OK)
    r = find_locked(call, unlocked, locked, &in_the_way);
  if (r == CREDENCE_OK && in_the_way)
    r = prompt_unlock(call, in_the_way);
  *ret_again = r == CREDENCE_OK && in_the_way;
  if (r == CREDENCE_OK && !in_the_way)
    *ret_paths = g_steal_pointer(&unlocked);
  g_free(in_the_way);
  g_strfreev(locked);
  g_strfreev(unlocked);
  return r;
}

/* KeePassXC opens its window and waits before it answers a search, if its database is
 * locked, whether anybody may be asked or not.  A get, which is to be quick, goes by what
 * was recorded. */
static gboolean must_unlock_first(struct call *call)
{
  const struct keyring_request *request = call->request;
  const char *program = strcmp(request->op, "get") == 0 ? request->store : who_is_here(call);

  return program && strcmp(program, KEEPASSXC) == 0;
}

static int unlock_first(struct call *call)
{
  char *home = NULL;
  int r = find_locked_home(call, &home);

  if (r == CREDENCE_OK && home)
    r = prompt_unlock(call, home);
  g_free(home);
  return r;
}

int item_find_all(struct call *call, char ***ret_paths)
{
  gboolean again = TRUE;
  int r = must_unlock_first(call) ? unlock_first(call) : CREDENCE_OK;

  if (r != CREDENCE_OK)
    return r;
  for (int i = 0; i < UNLOCK_TRIES && again; i++)
    r = search_once(call, ret_paths, &again);
  if (again)
    r = keyring_fail(call->answer, CREDENCE_E_LOCKED, "unlock it with the desktop's password manager",
                     "the Secret Service says that it unlocked the keyring, and that it is locked");
  return r;
}

int item_find(struct call *call, char **ret_path)
{
  char **paths = NULL;
  int r = item_find_all(call, &paths);

  if (r == CREDENCE_OK && paths[0] && paths[1])
    r = keyring_fail(call->answer, CREDENCE_E_AMBIGUOUS,
                     "delete all but one with the desktop's password manager",
                     "the keyring holds several items for profile '%s'", call->request->profile);
  if (r == CREDENCE_OK)
    *ret_path = g_strdup(paths[0]);
  g_strfreev(paths);
  return r;
}

/* A service without a collection may have lost its own, or have closed it. */
int item_explain_absence(struct call *call, int code)
{
  if (call->homeless && g_strcmp0(call->request->kind, "session") != 0)
    return call_fail_no_collection(call);
  return call_explain(call, code);
}

int item_fail_not_found(struct call *call)
{
  return item_explain_absence(call, keyring_fail(call->answer, CREDENCE_E_NOT_FOUND, "",
                                                 "the Secret Service holds no %s for profile '%s'",
                                                 call->request->kind, call->request->profile));
}

/* --- properties ------------------------------------------------------------------ */

static int open_item(struct call *call, const char *path, SecretItem **ret_item)
{
  GError *error = NULL;
  SecretItem *item =
      secret_item_new_for_dbus_path_sync(call->service, path, SECRET_ITEM_NONE, call->cancellable, &error);

  if (!item)
    return call_error(call, error);
  *ret_item = item;
  return CREDENCE_OK;
}

int item_profile(struct call *call, const char *path, char **ret_profile)
{
  SecretItem *item = NULL;
  GHashTable *attributes;
  int r = open_item(call, path, &item);

  if (r != CREDENCE_OK)
    return r;
  attributes = secret_item_get_attributes(item);
  *ret_profile = g_strdup(g_hash_table_lookup(attributes, "profile"));
  g_hash_table_unref(attributes);
  g_object_unref(item);
  return CREDENCE_OK;
}

/* --- values ---------------------------------------------------------------------- */

/* g_free() the result. */
static char *make_revision(SecretValue *value)
{
  gsize size = 0;
  const char *data = secret_value_get(value, &size);

  return g_compute_checksum_for_data(G_CHECKSUM_SHA256, (const guchar *)data, size);
}

static int fail_too_large(struct call *call)
{
  return keyring_fail(call->answer, CREDENCE_E_CORRUPT, "delete it with the desktop's password manager",
                      "an item of the keyring is over %u bytes", KEYRING_SECRET_MAX);
}

static int decode_value(struct call *call, GVariant *reply, SecretValue **ret_value)
{
  GVariant *secret = g_variant_get_child_value(reply, 0);
  GVariant *bytes = g_variant_get_child_value(secret, SECRET_BYTES);
  SecretValue *value = NULL;
  int r = CREDENCE_OK;

  /* Not even decrypted: memory that is locked is small. */
  if (g_variant_get_size(bytes) > KEYRING_SECRET_MAX + CIPHER_SPARE)
    r = fail_too_large(call);
  else
    value = secret_service_decode_dbus_secret(call->service, secret);
  g_variant_unref(bytes);
  g_variant_unref(secret);
  if (r == CREDENCE_OK && !value)
    r = keyring_fail(call->answer, CREDENCE_E_MALFORMED, "try again",
                     "the Secret Service handed over a secret that cannot be read");
  if (r == CREDENCE_OK)
    *ret_value = value;
  return r;
}

/* libsecret would ask for all secrets at once, to which what is locked and what is
 * gone is missing alike. */
int item_value(struct call *call, const char *path, SecretValue **ret_value)
{
  GError *error = NULL;
  GVariant *reply = NULL;
  SecretValue *value = NULL;
  gsize size = 0;
  int r;

  if (!secret_service_ensure_session_sync(call->service, call->cancellable, &error))
    return call_error(call, error);
  r = call_method(call, path, ITEM, "GetSecret",
                  g_variant_new("(o)", secret_service_get_session_dbus_path(call->service)), "((oayays))",
                  &reply);
  if (r != CREDENCE_OK)
    return r;
  r = decode_value(call, reply, &value);
  g_variant_unref(reply);
  if (r != CREDENCE_OK)
    return r;
  (void)secret_value_get(value, &size);
  if (size > KEYRING_SECRET_MAX) {
    secret_value_unref(value);
    return fail_too_large(call);
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

int item_check_revision(struct call *call, const char *path)
{
  SecretValue *value = NULL;
  char *revision;
  int r;

  if (!path)
    return keyring_check_expect(call->request, NULL, call->answer);
  r = item_value(call, path, &value);
  if (r != CREDENCE_OK)
    return r;
  revision = make_revision(value);
  r = keyring_check_expect(call->request, revision, call->answer);
  g_free(revision);
  secret_value_unref(value);
  return r;
}

/* --- store ------------------------------------------------------------------------ */

static GVariant *make_properties(struct call *call)
{
  GHashTable *attributes = make_attributes(call->request);
  char *label = g_strdup_printf("Credence: %s", call->request->profile);
  GVariantBuilder pairs, properties;
  GHashTableIter at;
  gpointer name, value;

  g_variant_builder_init(&pairs, G_VARIANT_TYPE("a{ss}"));
  g_variant_builder_add(&pairs, "{ss}", "xdg:schema", schema.name);
  g_hash_table_iter_init(&at, attributes);
  while (g_hash_table_iter_next(&at, &name, &value))
    if (strcmp(name, "xdg:schema") != 0)
      g_variant_builder_add(&pairs, "{ss}", name, value);
  g_variant_builder_init(&properties, G_VARIANT_TYPE("a{sv}"));
  g_variant_builder_add(&properties, "{sv}", ITEM ".Label",
                        g_variant_new_string(call->request->label ? call->request->label : label));
  g_variant_builder_add(&properties, "{sv}", ITEM ".Attributes", g_variant_builder_end(&pairs));
  g_free(label);
  g_hash_table_unref(attributes);
  return g_variant_builder_end(&properties);
}

/* A prompt is ours to show or not; libsecret's own function would always show it.  That of
 * KeePassXC shows nothing once its database is open. */
static int create_in(struct call *call, const char *collection, SecretValue *value)
{
  GError *error = NULL;
  GVariant *reply = NULL;
  const char *prompt = NULL;
  int r;

  if (!secret_service_ensure_session_sync(call->service, call->cancellable, &error))
    return call_error(call, error);
  r = call_method(call, collection, SERVICE_INTERFACE "Collection", "CreateItem",
                  g_variant_new("(@a{sv}@(oayays)b)", make_properties(call),
                                secret_service_encode_dbus_secret(call->service, value), TRUE),
                  "(oo)", &reply);
  if (r != CREDENCE_OK)
    return r;
  g_variant_get(reply, "(&o&o)", NULL, &prompt);
  r = strcmp(who_is_here(call), KEEPASSXC) == 0 ? prompt_pass(call, prompt) : prompt_show(call, prompt);
  g_variant_unref(reply);
  return r;
}

/* A new item.  Whether the collection is locked was seen when none was found. */
static int create_item(struct call *call, SecretValue *value)
{
  SecretCollection *home = NULL;
  int r = item_find_home(call, &home);

  if (r == CREDENCE_OK && !home)
    r = call_fail_no_collection(call);
  if (r == CREDENCE_OK)
    r = create_in(call, g_dbus_proxy_get_object_path(G_DBUS_PROXY(home)), value);
  g_clear_object(&home);
  return r;
}

int item_store(struct call *call, const char *path, SecretValue *value)
{
  SecretItem *item = NULL;
  GError *error = NULL;
  int r;

  if (!path)
    return create_item(call, value);
  r = open_item(call, path, &item);
  if (r == CREDENCE_OK && !secret_item_set_secret_sync(item, value, call->cancellable, &error))
    r = call_error(call, error);
  g_clear_object(&item);
  return r;
}

int item_delete(struct call *call, const char *path)
{
  GVariant *reply = NULL;
  const char *prompt = NULL;
  int r = call_method(call, path, ITEM, "Delete", NULL, "(o)", &reply);

  if (r != CREDENCE_OK)
    return r;
  g_variant_get(reply, "(&o)", &prompt);
  r = prompt_show(call, prompt);
  g_variant_unref(reply);
  return r;
}
