/* SPDX-License-Identifier: BSD-3-Clause */
/* secret-service-who.c - ask the bus about its clients; see secret-service-who.h */
#include "secret-service-who.h"

#include <string.h>
#include <unistd.h>

/* Programs that are known by more than their process.  In a container /proc may
 * tell of other processes than those of the bus, but names on the bus stay. */
static const struct program {
  const char *name;
  const char *process; /* what the name of its process begins with */
  const char *owns;    /* a name on the bus that only it has */
} programs[] = {
    {"gnome-keyring", "gnome-keyring", "org.gnome.keyring"},
    {KEEPASSXC, "keepassxc", "org.keepassxc.KeePassXC.MainWindow"},
    {"KWallet", "kwalletd", "org.kde.kwalletd5"},
    {"KWallet", "ksecretd", "org.kde.kwalletd6"},
};

/* Ask the bus itself; NULL when it refuses. */
static GVariant *ask_bus(struct call *call, const char *method, GVariant *arguments, const char *type)
{
  return g_dbus_connection_call_sync(call->bus, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                                     "org.freedesktop.DBus", method, arguments, G_VARIANT_TYPE(type),
                                     G_DBUS_CALL_FLAGS_NONE, G_MAXINT, call->cancellable, NULL);
}

char *who_owns(struct call *call, const char *name)
{
  GVariant *reply = ask_bus(call, "GetNameOwner", g_variant_new("(s)", name), "(s)");
  char *owner = NULL;

  if (!reply)
    return NULL;
  g_variant_get(reply, "(s)", &owner);
  g_variant_unref(reply);
  return owner;
}

guint32 who_pid(struct call *call, const char *owner)
{
  GVariant *reply = ask_bus(call, "GetConnectionUnixProcessID", g_variant_new("(s)", owner), "(u)");
  guint32 pid = 0;

  if (!reply)
    return 0;
  g_variant_get(reply, "(u)", &pid);
  g_variant_unref(reply);
  return pid;
}

gboolean who_can_start(struct call *call, const char *name)
{
  GVariant *reply = ask_bus(call, "ListActivatableNames", NULL, "(as)");
  const char **names = NULL;
  gboolean found;

  if (!reply)
    return FALSE;
  g_variant_get(reply, "(^a&s)", &names);
  found = g_strv_contains(names, name);
  g_free(names);
  g_variant_unref(reply);
  return found;
}

void who_start(struct call *call)
{
  GVariant *reply = ask_bus(call, "StartServiceByName", g_variant_new("(su)", SERVICE_NAME, 0), "(u)");

  if (reply)
    g_variant_unref(reply);
}

/* --- the name ------------------------------------------------------------------- */

static char *process_name(guint32 pid)
{
  char *path = g_strdup_printf("/proc/%u/comm", pid);
  char *name = NULL;

  if (pid == 0 || !g_file_get_contents(path, &name, NULL, NULL))
    name = g_strdup("");
  g_strchomp(name);
  g_free(path);
  return name;
}

static const char *known_process(const char *process)
{
  for (size_t i = 0; i < G_N_ELEMENTS(programs); i++)
    if (g_str_has_prefix(process, programs[i].process))
      return programs[i].name;
  return NULL;
}

static const char *known_owner(struct call *call, const char *owner)
{
  const char *name = NULL;

  for (size_t i = 0; i < G_N_ELEMENTS(programs) && !name; i++) {
    char *other = who_owns(call, programs[i].owns);

    if (g_strcmp0(other, owner) == 0)
      name = programs[i].name;
    g_free(other);
  }
  return name;
}

/* The bus knows us by the same number then. */
gboolean who_shares_processes(struct call *call)
{
  return who_pid(call, g_dbus_connection_get_unique_name(call->bus)) == (guint32)getpid();
}

char *who_name(struct call *call, const char *owner)
{
  char *process = process_name(who_pid(call, owner));
  const char *name = known_process(process);
  char *result = NULL;

  if (!name)
    name = known_owner(call, owner);
  if (!name && process[0] && who_shares_processes(call))
    name = process;
  if (name)
    result = g_utf8_make_valid(name, -1);
  g_free(process);
  return result;
}

/* --- what it says of itself --------------------------------------------------------- */

static GVariant *ask_service(struct call *call, const char *path, const char *interface, const char *method,
                             GVariant *arguments, const char *type, int milliseconds, GError **error)
{
  return g_dbus_connection_call_sync(call->bus, SERVICE_NAME, path, interface, method, arguments,
                                     G_VARIANT_TYPE(type), G_DBUS_CALL_FLAGS_NO_AUTO_START,
                                     milliseconds < 0 ? G_MAXINT : milliseconds,
                                     milliseconds < 0 ? call->cancellable : NULL, error);
}

char *who_reads_alias(struct call *call, const char *alias, int milliseconds, GError **error)
{
  GVariant *reply = ask_service(call, SERVICE_PATH, SERVICE_INTERFACE "Service", "ReadAlias",
                                g_variant_new("(s)", alias), "(o)", milliseconds, error);
  char *path = NULL;

  if (!reply)
    return NULL;
  g_variant_get(reply, "(o)", &path);
  g_variant_unref(reply);
  return path;
}

int who_reads_locked(struct call *call, const char *path, int milliseconds, GError **error)
{
  GVariant *reply = ask_service(call, path, "org.freedesktop.DBus.Properties", "Get",
                                g_variant_new("(ss)", SERVICE_INTERFACE "Collection", "Locked"), "(v)",
                                milliseconds, error);
  GVariant *value = NULL;
  int locked;

  if (!reply)
    return -1;
  g_variant_get(reply, "(v)", &value);
  locked = g_variant_is_of_type(value, G_VARIANT_TYPE_BOOLEAN) && g_variant_get_boolean(value);
  g_variant_unref(value);
  g_variant_unref(reply);
  return locked;
}

/* --- what was recorded ------------------------------------------------------------- */

const char *who_is_here(struct call *call)
{
  char *owner;

  if (call->program)
    return call->program;
  owner = who_owns(call, SERVICE_NAME);
  call->program = owner ? who_name(call, owner) : NULL;
  if (!call->program)
    call->program = g_strdup("");
  g_free(owner);
  return call->program;
}

void who_write_store(struct call *call)
{
  g_strlcpy(call->answer->store, who_is_here(call), sizeof call->answer->store);
}

/* A session that is not there costs a login and is no loss, wherever it was. */
char *who_differs(struct call *call)
{
  const struct keyring_request *request = call->request;
  const char *here;

  if (!request->store || g_strcmp0(request->kind, "session") == 0)
    return NULL;
  here = who_is_here(call);
  if (!here[0] || g_ascii_strcasecmp(here, request->store) == 0)
    return NULL;
  return g_strdup_printf("profile '%s' was stored in %s, and the Secret Service here is %s",
                         request->profile ? request->profile : "*", request->store, here);
}
