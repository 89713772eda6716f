/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * secret-service-call.c - reach the Secret Service, and give up in time
 *
 * libsecret by itself would start a bus where there is none, wait for a prompt
 * for ever and report most failures in the words of D-Bus.
 */
#include "secret-service-call.h"

#include "../core/credence.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RESERVE_MAX 400  /* milliseconds of the deadline that are kept for the end */
#define RESERVE_SHARE 10 /* and not more than one part in so many */

/* --- deadline ------------------------------------------------------------------- */

/* The library kills a helper that has not answered by the deadline, so that there has
 * to be time left to take a prompt away and to say what happened. */
gint64 call_time_left(struct call *call)
{
  return MAX(keyring_time_left(call->request) - call->reserve, 0);
}

static gpointer wait_for_deadline(gpointer data)
{
  struct call *call = data;
  gint64 end = g_get_monotonic_time() + call_time_left(call) * 1000;
  gboolean late = FALSE;

  g_mutex_lock(&call->mutex);
  while (!call->finished && !late)
    late = !g_cond_wait_until(&call->condition, &call->mutex, end);
  late = !call->finished;
  g_mutex_unlock(&call->mutex);
  if (late)
    g_cancellable_cancel(call->cancellable);
  return NULL;
}

static void stop_timer(struct call *call)
{
  g_mutex_lock(&call->mutex);
  call->finished = TRUE;
  g_cond_signal(&call->condition);
  g_mutex_unlock(&call->mutex);
  g_thread_join(call->timer);
}

/* --- connection -------------------------------------------------------------------- */

/* Is there a bus?  GLib would otherwise run dbus-launch to start one. */
static int bus_exists(void)
{
  const char *address = getenv("DBUS_SESSION_BUS_ADDRESS");
  const char *runtime = getenv("XDG_RUNTIME_DIR");
  struct stat status;
  char *path;
  int exists;

  if (address && address[0])
    return strstr(address, "autolaunch:") == NULL;
  if (!runtime || runtime[0] != '/')
    return 0;
  path = g_build_filename(runtime, "bus", NULL);
  exists = stat(path, &status) == 0 && S_ISSOCK(status.st_mode);
  g_free(path);
  return exists;
}

/* The library is to hear that the bus is gone; GLib would end the helper. */
static int connect_bus(struct call *call)
{
  GError *error = NULL;

  call->bus = g_bus_get_sync(G_BUS_TYPE_SESSION, call->cancellable, &error);
  if (!call->bus)
    return call_error(call, error);
  g_dbus_connection_set_exit_on_close(call->bus, FALSE);
  return CREDENCE_OK;
}

static int fail_no_service(struct call *call)
{
  const char *store = call->request->store;

  if (g_cancellable_is_cancelled(call->cancellable))
    return keyring_fail(call->answer, CREDENCE_E_TIMEOUT, REMEDY_TIMEOUT,
                        "the Secret Service did not start in time");
  return keyring_fail(call->answer, CREDENCE_E_NO_KEYRING,
                      store ? "start that one, or another that has its secrets" : REMEDY_FILE,
                      "nothing on the session bus is a Secret Service%s%s",
                      store ? ", as there was when this was stored: " : "", store ? store : "");
}

static int connect_service(struct call *call)
{
  GError *error = NULL;
  SecretService *service =
      secret_service_open_sync(SECRET_TYPE_SERVICE, NULL, SECRET_SERVICE_NONE, call->cancellable, &error);
  char *owner;

  if (!service)
    return call_error(call, error);
  g_dbus_proxy_set_default_timeout(G_DBUS_PROXY(service), (gint)keyring_time_left(call->request) + 1);
  owner = g_dbus_proxy_get_name_owner(G_DBUS_PROXY(service));
  if (!owner) {
    g_object_unref(service);
    return fail_no_service(call);
  }
  g_free(owner);
  call->service = service;
  return CREDENCE_OK;
}

int call_begin_bus(struct call *call, const struct keyring_request *request, struct keyring_answer *answer)
{
  memset(call, 0, sizeof *call);
  call->request = request;
  call->answer = answer;
  call->lock = -1;
  call->reserve = MIN(keyring_time_left(request) / RESERVE_SHARE, RESERVE_MAX);
  if (!bus_exists())
    return keyring_fail(answer, CREDENCE_E_NO_KEYRING, REMEDY_FILE, "there is no session bus");
  call->cancellable = g_cancellable_new();
  g_mutex_init(&call->mutex);
  g_cond_init(&call->condition);
  call->timer = g_thread_new("deadline", wait_for_deadline, call);
  return connect_bus(call);
}

int call_begin(struct call *call, const struct keyring_request *request, struct keyring_answer *answer)
{
  int r = call_begin_bus(call, request, answer);

  return r == CREDENCE_OK ? connect_service(call) : r;
}

void call_end(struct call *call)
{
  if (call->timer) {
    stop_timer(call);
    g_mutex_clear(&call->mutex);
    g_cond_clear(&call->condition);
  }
  g_clear_object(&call->service);
  g_clear_object(&call->bus);
  g_clear_object(&call->cancellable);
  g_free(call->program);
  if (call->lock >= 0)
    close(call->lock);
}

int call_method(struct call *call, const char *path, const char *interface, const char *method,
                GVariant *arguments, const char *type, GVariant **ret_reply)
{
  GError *error = NULL;
  GVariant *reply = g_dbus_connection_call_sync(call->bus, SERVICE_NAME, path, interface, method, arguments,
                                                G_VARIANT_TYPE(type), G_DBUS_CALL_FLAGS_NO_AUTO_START,
                                                G_MAXINT, call->cancellable, &error);

  if (!reply)
    return call_error(call, error);
  *ret_reply = reply;
  return CREDENCE_OK;
}

/* --- lock ------------------------------------------------------------------------------ */

static char *lock_path(void)
{
  const char *runtime = getenv("XDG_RUNTIME_DIR");
  char *folder, *path;

  if (runtime && runtime[0] == '/' && access(runtime, W_OK) == 0)
    return g_build_filename(runtime, "credence-secret-service.lock", NULL);
  folder = g_build_filename(g_get_user_state_dir(), "credence", NULL);
  g_mkdir_with_parents(folder, 0700);
  path = g_build_filename(folder, "credence-secret-service.lock", NULL);
  g_free(folder);
  return path;
}

int call_lock(struct call *call)
{
  char *path = lock_path();
  int r;

  call->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
  if (call->lock < 0)
    r = keyring_fail(call->answer, errno == EACCES ? CREDENCE_E_DENIED : CREDENCE_E_FAILED,
                     "see that XDG_RUNTIME_DIR or HOME is a directory of yours", "cannot open %s: %s", path,
                     strerror(errno));
  else
    r = keyring_flock(call->lock, call->request, call->answer);
  g_free(path);
  return r;
}
