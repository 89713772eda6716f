/* SPDX-License-Identifier: BSD-3-Clause */
/* secret-service-items.c - read and store the items of the Secret Service; see secret-service-items.h */
#include "secret-service-items.h"
#include "secret-service-prompt.h"
#include "secret-service-who.h"

#include "../core/credence.h"

#include <string.h>

#define ITEM SERVICE_INTERFACE "Item"
#define SECRET_BYTES 2   /* of the fields of a secret on the bus: the value, which may be encrypted */
#define CIPHER_SPARE 64u /* bytes that encryption adds at most */

const SecretSchema item_schema = {
    .name = "org.credence.Credential",
    .flags = SECRET_SCHEMA_NONE,
    .attributes =
        {
            {"profile", SECRET_SCHEMA_ATTRIBUTE_STRING},
            {"kind", SECRET_SCHEMA_ATTRIBUTE_STRING},
            {"version", SECRET_SCHEMA_ATTRIBUTE_STRING},
        },
};

GHashTable *item_attributes(const struct keyring_request *request)
{
  GHashTable *attributes = secret_attributes_build(&item_schema, "kind", request->kind, "version", "1", NULL);

  if (request->profile)
    g_hash_table_insert(attributes, g_strdup("profile"), g_strdup(request->profile));
  return attributes;
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
  GHashTable *attributes = item_attributes(call->request);
  char *label = g_strdup_printf("Credence: %s", call->request->profile);
  GVariantBuilder pairs, properties;
  GHashTableIter at;
  gpointer name, value;

  g_variant_builder_init(&pairs, G_VARIANT_TYPE("a{ss}"));
  g_variant_builder_add(&pairs, "{ss}", "xdg:schema", item_schema.name);
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
