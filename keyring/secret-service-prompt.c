/* SPDX-License-Identifier: BSD-3-Clause */
/* secret-service-prompt.c - ask the user, but not for ever; see secret-service-prompt.h */
#include "secret-service-prompt.h"

#include "secret-service-who.h"

#include "../core/credence.h"

#include <stdlib.h>
#include <string.h>

#define NO_PROMPT "/"

/* --- may somebody be asked? --------------------------------------------------------- */

gboolean prompt_has_display(void)
{
  const char *display = getenv("DISPLAY"), *wayland = getenv("WAYLAND_DISPLAY");

  return (display && display[0]) || (wayland && wayland[0]);
}

static int fail_locked(struct call *call, const char *remedy, const char *why)
{
  char *sentence = who_differs(call);
  int r = keyring_fail(call->answer, CREDENCE_E_LOCKED, remedy,
                       "the keyring of the Secret Service is locked%s%s%s", why, sentence ? "; " : "",
                       sentence ? sentence : "");

  g_free(sentence);
  return r;
}

static int may_unlock(struct call *call)
{
  if (!call->request->prompt)
    return fail_locked(call, "unlock it with the desktop's password manager, or leave out --no-prompt", "");
  if (!prompt_has_display())
    return keyring_fail(call->answer, CREDENCE_E_PROMPT_REQUIRED,
                        "unlock it in a desktop session, or use --keyring file",
                        "the keyring is locked and there is no display to ask on");
  return CREDENCE_OK;
}

static int may_show(struct call *call)
{
  if (!call->request->prompt)
    return keyring_fail(call->answer, CREDENCE_E_PROMPT_REQUIRED,
                        "leave out --no-prompt, or switch the question off in the settings of that program",
                        "the Secret Service wants to ask before it does this");
  if (!prompt_has_display())
    return keyring_fail(call->answer, CREDENCE_E_PROMPT_REQUIRED,
                        "do it in a desktop session, or use --keyring file",
                        "the Secret Service wants to ask and there is no display to ask on");
  return CREDENCE_OK;
}

/* --- one prompt ---------------------------------------------------------------------- */

struct prompt {
  const char *owner; /* connection of the service */
  const char *path;
  gboolean over;
  gboolean agreed;
  gboolean lost;
};

/* gnome-keyring says of a prompt that was dismissed that it unlocked nothing. */
static gboolean is_consent(gboolean dismissed, GVariant *result)
{
  return !dismissed && !(g_variant_is_of_type(result, G_VARIANT_TYPE_OBJECT_PATH_ARRAY) &&
                         g_variant_n_children(result) == 0);
}

static void on_completed(GDBusConnection *bus, const char *sender, const char *path, const char *interface,
                         const char *signal, GVariant *parameters, gpointer data)
{
  struct prompt *prompt = data;
  gboolean dismissed = TRUE;
  GVariant *result = NULL;

  (void)bus;
  (void)sender;
  (void)path;
  (void)interface;
  (void)signal;
  prompt->over = TRUE;
  if (!g_variant_is_of_type(parameters, G_VARIANT_TYPE("(bv)")))
    return;
  g_variant_get(parameters, "(bv)", &dismissed, &result);
  prompt->agreed = is_consent(dismissed, result);
  g_variant_unref(result);
}

static void on_owner_changed(GDBusConnection *bus, const char *sender, const char *path,
                             const char *interface, const char *signal, GVariant *parameters, gpointer data)
{
  struct prompt *prompt = data;

  (void)bus;
  (void)sender;
  (void)path;
  (void)interface;
  (void)signal;
  (void)parameters;
  prompt->over = prompt->lost = TRUE;
}

static void on_closed(GDBusConnection *bus, gboolean remote, GError *error, gpointer data)
{
  struct prompt *prompt = data;

  (void)bus;
  (void)remote;
  (void)error;
  prompt->over = prompt->lost = TRUE;
}

static gboolean on_late(GCancellable *cancellable, gpointer data)
{
  struct prompt *prompt = data;

  (void)cancellable;
  prompt->over = TRUE;
  return G_SOURCE_REMOVE;
}

/* It is not to be shown any longer.  Whether the service hears it is its affair. */
static void dismiss(struct call *call, const struct prompt *prompt)
{
  g_dbus_connection_call(call->bus, prompt->owner, prompt->path, SERVICE_INTERFACE "Prompt", "Dismiss", NULL,
                         NULL, G_DBUS_CALL_FLAGS_NO_AUTO_START, -1, NULL, NULL, NULL);
  (void)g_dbus_connection_flush_sync(call->bus, NULL, NULL);
}

/* Show it, and wait until something happens.  Signals wait in the main context until
 * that is looked at. */
static int wait_for_prompt(struct call *call, struct prompt *prompt)
{
  GSource *late = g_cancellable_source_new(call->cancellable);
  GVariant *reply = NULL;
  int r;

  g_source_set_callback(late, G_SOURCE_FUNC(on_late), prompt, NULL);
  g_source_attach(late, NULL);
  r = call_method(call, prompt->path, SERVICE_INTERFACE "Prompt", "Prompt", g_variant_new("(s)", ""), "()",
                  &reply);
  while (r == CREDENCE_OK && !prompt->over)
    g_main_context_iteration(NULL, TRUE);
  g_source_destroy(late);
  g_source_unref(late);
  if (reply)
    g_variant_unref(reply);
  return r;
}

static int run_prompt(struct call *call, struct prompt *prompt)
{
  guint completed = g_dbus_connection_signal_subscribe(call->bus, prompt->owner, SERVICE_INTERFACE "Prompt",
                                                       "Completed", prompt->path, NULL,
                                                       G_DBUS_SIGNAL_FLAGS_NONE, on_completed, prompt, NULL);
  guint changed = g_dbus_connection_signal_subscribe(
      call->bus, "org.freedesktop.DBus", "org.freedesktop.DBus", "NameOwnerChanged", NULL, prompt->owner,
      G_DBUS_SIGNAL_FLAGS_NONE, on_owner_changed, prompt, NULL);
  gulong closed = g_signal_connect(call->bus, "closed", G_CALLBACK(on_closed), prompt);
  int r = wait_for_prompt(call, prompt);

  g_signal_handler_disconnect(call->bus, closed);
  g_dbus_connection_signal_unsubscribe(call->bus, changed);
  g_dbus_connection_signal_unsubscribe(call->bus, completed);
  return r;
}

static int judge_prompt(struct call *call, const struct prompt *prompt)
{
  if (prompt->agreed)
    return CREDENCE_OK;
  if (prompt->lost)
    return call_error(call,
                      g_error_new_literal(G_DBUS_ERROR, G_DBUS_ERROR_NO_REPLY, "it ended while it asked"));
  if (g_cancellable_is_cancelled(call->cancellable)) {
    dismiss(call, prompt);
    return keyring_fail(call->answer, CREDENCE_E_TIMEOUT, REMEDY_TIMEOUT,
                        "nobody answered the prompt in time");
  }
  return keyring_fail(call->answer, CREDENCE_E_DISMISSED, "try again and answer the window of the keyring",
                      "the prompt of the Secret Service was dismissed");
}

static int show(struct call *call, const char *path, int allowed)
{
  char *owner = g_dbus_proxy_get_name_owner(G_DBUS_PROXY(call->service));
  struct prompt prompt = {.owner = owner ? owner : SERVICE_NAME, .path = path};
  int r = allowed;

  if (allowed == CREDENCE_OK)
    r = run_prompt(call, &prompt);
  else
    dismiss(call, &prompt);
  if (r == CREDENCE_OK)
    r = judge_prompt(call, &prompt);
  g_free(owner);
  return r;
}

int prompt_show(struct call *call, const char *path)
{
  return strcmp(path, NO_PROMPT) == 0 ? CREDENCE_OK : show(call, path, may_show(call));
}

int prompt_pass(struct call *call, const char *path)
{
  return strcmp(path, NO_PROMPT) == 0 ? CREDENCE_OK : show(call, path, CREDENCE_OK);
}

/* --- unlock --------------------------------------------------------------------------- */

/* What the service says to it.  It is locked still when there is neither a result nor a prompt. */
static int ask_to_unlock(struct call *call, const char *path, char **ret_prompt)
{
  const char *paths[] = {path, NULL};
  const char **unlocked = NULL;
  GVariant *reply = NULL;
  int r = call_method(call, SERVICE_PATH, SERVICE_INTERFACE "Service", "Unlock",
                      g_variant_new("(^ao)", paths), "(aoo)", &reply);

  if (r != CREDENCE_OK)
    return r;
  g_variant_get(reply, "(^a&oo)", &unlocked, ret_prompt);
  if (!unlocked[0] && strcmp(*ret_prompt, NO_PROMPT) == 0)
    r = fail_locked(call, "unlock it with the desktop's password manager",
                    " and it does not ask for its password");
  g_free(unlocked);
  g_variant_unref(reply);
  return r;
}

int prompt_unlock(struct call *call, const char *path)
{
  char *prompt = NULL;
  int r = may_unlock(call);

  if (r == CREDENCE_OK)
    r = ask_to_unlock(call, path, &prompt);
  if (r == CREDENCE_OK)
    r = prompt_show(call, prompt);
  g_free(prompt);
  return r;
}
