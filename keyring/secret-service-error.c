/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * secret-service-error.c - what went wrong, and what to do about it
 *
 * libsecret and GLib report most failures in the words of D-Bus, and services differ in
 * which of them they use.
 */
#include "secret-service-who.h"

#include "../core/credence.h"

#include <string.h>

#define REMEDY_NONSENSE \
  "use another program for the desktop's passwords, or the file keyring with --keyring file"
#define REMEDY_OTHER "start that one in its place, or store it anew: credence set PROFILE --secret FIELD=-"

/* The service was there and is not any more, or has forgotten our session. */
static int is_lost(const GError *error, const char *remote)
{
  return g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CLOSED) ||
         g_error_matches(error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE) ||
         g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_NO_REPLY) ||
         g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_DISCONNECTED) ||
         g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_SERVICE_UNKNOWN) ||
         g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_NAME_HAS_NO_OWNER) ||
         g_strcmp0(remote, "org.freedesktop.Secret.Error.NoSession") == 0;
}

static int is_timeout(const GError *error)
{
  return g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED) ||
         g_error_matches(error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT) ||
         g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_TIMEOUT) ||
         g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_TIMED_OUT);
}

static int is_denied(const GError *error)
{
  return g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_ACCESS_DENIED) ||
         g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_AUTH_FAILED) ||
         g_error_matches(error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED);
}

static int is_locked(const GError *error)
{
  return g_error_matches(error, SECRET_ERROR, SECRET_ERROR_IS_LOCKED);
}

/* Most services say this in the words of D-Bus. */
static int is_gone(const GError *error)
{
  return g_error_matches(error, SECRET_ERROR, SECRET_ERROR_NO_SUCH_OBJECT) ||
         g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_OBJECT) ||
         g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_METHOD);
}

/* An answer of another type, or a key exchange that makes no sense. */
static int is_nonsense(const GError *error)
{
  return g_error_matches(error, SECRET_ERROR, SECRET_ERROR_PROTOCOL) ||
         g_error_matches(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
}

/* GLib holds on to a connection that broke; a new helper makes a new one. */
static int fail_lost(struct keyring_answer *answer, const GError *error)
{
  answer->last = 1;
  return keyring_fail(answer, CREDENCE_E_SERVICE_LOST, "try again", "the Secret Service went away: %s",
                      error->message);
}

static int fail_with(struct call *call, const GError *error, const char *remote)
{
  struct keyring_answer *answer = call->answer;

  if (is_timeout(error))
    return keyring_fail(answer, CREDENCE_E_TIMEOUT, REMEDY_TIMEOUT,
                        "the Secret Service did not answer in time");
  if (is_denied(error))
    return keyring_fail(answer, CREDENCE_E_DENIED, "see what restricts access to the session bus",
                        "the Secret Service may not be used: %s", error->message);
  if (!call->bus)
    return keyring_fail(answer, CREDENCE_E_NO_KEYRING, REMEDY_FILE, "there is no session bus here: %s",
                        error->message);
  if (is_lost(error, remote))
    return fail_lost(answer, error);
  if (!call->service)
    return keyring_fail(answer, CREDENCE_E_NO_KEYRING, REMEDY_FILE, "there is no Secret Service here: %s",
                        error->message);
  if (is_locked(error))
    return keyring_fail(answer, CREDENCE_E_LOCKED, "unlock it and try again",
                        "the keyring was locked meanwhile");
  if (is_gone(error))
    return keyring_fail(answer, CREDENCE_E_CONFLICT, "try again", "somebody else deleted the item meanwhile");
  if (is_nonsense(error))
    return keyring_fail(answer, CREDENCE_E_MALFORMED, REMEDY_NONSENSE,
                        "the Secret Service answers what makes no sense: %s", error->message);
  if (g_error_matches(error, G_DBUS_ERROR, G_DBUS_ERROR_NOT_SUPPORTED))
    return keyring_fail(answer, CREDENCE_E_UNSUPPORTED, REMEDY_NONSENSE,
                        "the Secret Service cannot do this: %s", error->message);
  return keyring_fail(answer, CREDENCE_E_FAILED, "try again, or see what its program says",
                      "the Secret Service reports: %s", error->message);
}

int call_error(struct call *call, GError *error)
{
  char *remote = g_dbus_error_get_remote_error(error);
  int r;

  g_dbus_error_strip_remote_error(error);
  r = fail_with(call, error, remote);
  g_free(remote);
  g_error_free(error);
  return r;
}

int call_explain(struct call *call, int code)
{
  char *sentence = who_differs(call);

  if (sentence)
    code = keyring_fail(call->answer, CREDENCE_E_NO_KEYRING, REMEDY_OTHER, "%s", sentence);
  g_free(sentence);
  return code;
}

int call_fail_no_collection(struct call *call)
{
  return call_explain(
      call, keyring_fail(call->answer, CREDENCE_E_NO_KEYRING,
                         "create or open one with the desktop's password manager, or use --keyring file",
                         "the Secret Service has no %s keyring",
                         g_strcmp0(call->request->kind, "session") == 0 ? "session" : "default"));
}
