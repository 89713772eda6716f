/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * keyring-secret-service.c - keep secrets in the desktop's keyring
 *
 * GNOME Keyring, KWallet and KeePassXC speak the Secret Service API on the
 * session bus.  This uses libsecret's SecretService, since its simpler
 * password functions cannot tell a locked item from one that is not there.
 */
#include "secret-service-facts.h"
#include "secret-service-items.h"
#include "secret-service-prompt.h"
#include "secret-service-who.h"

#include "../core/credence.h"

/* --- operations ---------------------------------------------------------------------- */

static int service_probe(const struct keyring_request *request, struct keyring_answer *answer)
{
  struct call call;
  int r = call_begin_bus(&call, request, answer);

  if (r == CREDENCE_OK)
    r = facts_write(&call);
  call_end(&call);
  return r;
}

/* What was deleted since the search is not there, and that is no error. */
static int list_item(struct call *call, const char *path)
{
  SecretValue *value = NULL;
  char *profile = NULL;
  int r = item_profile(call, path, &profile);

  if (r == CREDENCE_OK)
    r = item_value(call, path, &value);
  if (r == CREDENCE_OK && profile) {
    keyring_write_text(&call->answer->fields, KEYRING_NAME, profile);
    item_write_revision(call, value);
  }
  if (value)
    secret_value_unref(value);
  g_free(profile);
  if (r == CREDENCE_E_CONFLICT)
    r = keyring_fail(call->answer, CREDENCE_OK, "", "%s", "");
  return r;
}

static int service_list(const struct keyring_request *request, struct keyring_answer *answer)
{
  struct call call;
  char **paths = NULL;
  int r = call_begin(&call, request, answer);

  if (r == CREDENCE_OK)
    r = item_find_all(&call, &paths);
  if (r == CREDENCE_OK && !paths[0])
    r = item_explain_absence(&call, CREDENCE_OK);
  for (char **at = paths; at && *at && r == CREDENCE_OK; at++)
    r = list_item(&call, *at);
  g_strfreev(paths);
  call_end(&call);
  return r;
}

static int service_get(const struct keyring_request *request, struct keyring_answer *answer)
{
  struct call call;
  char *path = NULL;
  SecretValue *value = NULL;
  const char *data;
  gsize size = 0;
  int r = call_begin(&call, request, answer);

  if (r == CREDENCE_OK)
    r = item_find(&call, &path);
  if (r == CREDENCE_OK)
    r = path ? item_value(&call, path, &value) : item_fail_not_found(&call);
  if (r == CREDENCE_OK) {
    data = secret_value_get(value, &size);
    keyring_write_field(&answer->fields, KEYRING_VALUE, data, size);
    item_write_revision(&call, value);
    secret_value_unref(value);
  }
  g_free(path);
  call_end(&call);
  return r;
}

static int service_put(const struct keyring_request *request, struct keyring_answer *answer)
{
  struct call call;
  char *path = NULL;
  SecretValue *value = secret_value_new(request->value, (gssize)request->value_size, "text/plain");
  int r = call_begin(&call, request, answer);

  if (r == CREDENCE_OK)
    r = call_lock(&call);
  if (r == CREDENCE_OK)
    r = item_find(&call, &path);
  if (r == CREDENCE_OK)
    r = item_check_revision(&call, path);
  if (r == CREDENCE_OK)
    r = item_store(&call, path, value);
  if (r == CREDENCE_OK) {
    item_write_revision(&call, value);
    who_write_store(&call);
  }
  g_free(path);
  secret_value_unref(value);
  call_end(&call);
  return r;
}

static int service_delete(const struct keyring_request *request, struct keyring_answer *answer)
{
  struct call call;
  char *path = NULL;
  int r = call_begin(&call, request, answer);

  if (r == CREDENCE_OK)
    r = call_lock(&call);
  if (r == CREDENCE_OK)
    r = item_find(&call, &path);
  if (r == CREDENCE_OK)
    r = path ? item_check_revision(&call, path) : item_fail_not_found(&call);
  if (r == CREDENCE_OK)
    r = item_delete(&call, path);
  g_free(path);
  call_end(&call);
  return r;
}

static int service_unlock(const struct keyring_request *request, struct keyring_answer *answer)
{
  struct call call;
  SecretCollection *home = NULL;
  int r = call_begin(&call, request, answer);

  if (r == CREDENCE_OK)
    r = item_find_home(&call, &home);
  if (r == CREDENCE_OK && !home)
    r = call_fail_no_collection(&call);
  if (r == CREDENCE_OK && secret_collection_get_locked(home))
    r = prompt_unlock(&call, g_dbus_proxy_get_object_path(G_DBUS_PROXY(home)));
  g_clear_object(&home);
  call_end(&call);
  return r;
}

/* Nothing is kept between requests.  The collection stays as it is: it is the
 * user's, and other programs need it. */
static int service_lock(const struct keyring_request *request, struct keyring_answer *answer)
{
  (void)request;
  (void)answer;
  return CREDENCE_OK;
}

/* --- main -------------------------------------------------------------------------------- */

static const struct keyring_store store = {
    .name = "secret-service",
    .probe = service_probe,
    .list = service_list,
    .get = service_get,
    .put = service_put,
    .delete = service_delete,
    .unlock = service_unlock,
    .lock = service_lock,
};

static GLogWriterOutput drop_structured(GLogLevelFlags level, const GLogField *fields, gsize count,
                                        gpointer data)
{
  (void)level;
  (void)fields;
  (void)count;
  (void)data;
  return G_LOG_WRITER_HANDLED;
}

static void drop_log(const gchar *domain, GLogLevelFlags level, const gchar *message, gpointer data)
{
  (void)domain;
  (void)level;
  (void)message;
  (void)data;
}

static void drop_text(const gchar *text)
{
  (void)text;
}

/* Standard output is the protocol, and messages might quote what is secret. */
static void silence_glib(void)
{
  g_log_set_default_handler(drop_log, NULL);
  g_log_set_writer_func(drop_structured, NULL, NULL);
  g_set_print_handler(drop_text);
  g_set_printerr_handler(drop_text);
}

int main(void)
{
  silence_glib();
  return keyring_serve(&store);
}
