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

/* What happens to a prompt.  In memory of its own, since a prompt that was
 * given up may still refer to it. */
struct prompt {
  gboolean done;
  gboolean late;
  gboolean agreed;
  GError *error;
};

/* gnome-keyring says of a prompt that was dismissed that it unlocked nothing. */
static gboolean is_consent(GVariant *value)
{
  return value && !(g_variant_is_of_type(value, G_VARIANT_TYPE_OBJECT_PATH_ARRAY) &&
                    g_variant_n_children(value) == 0);
}

static void prompt_done(GObject *service, GAsyncResult *result, gpointer data)
{
  struct prompt *prompt = data;
  GVariant *value =
      secret_service_prompt_at_dbus_path_finish(SECRET_SERVICE(service), result, &prompt->error);

  prompt->agreed = is_consent(value);
  prompt->done = TRUE;
  if (value)
    g_variant_unref(value);
}

static gboolean prompt_late(gpointer data)
{
  struct prompt *prompt = data;

  prompt->late = TRUE;
  return G_SOURCE_REMOVE;
}

/* At the deadline libsecret asks the service to take the prompt away, and
 * waits until it has.  That may be never, so there is an end to this too. */
static void wait_for_prompt(struct call *call, const char *path, struct prompt *prompt)
{
  GMainContext *context = g_main_context_new();
  GSource *end = g_timeout_source_new((guint)(call_time_left(call) + call->reserve / 2));

  g_main_context_push_thread_default(context);
  g_source_set_callback(end, prompt_late, prompt, NULL);
  g_source_attach(end, context);
  secret_service_prompt_at_dbus_path(call->service, path, NULL, call->cancellable, prompt_done, prompt);
  while (!prompt->done && !prompt->late)
    g_main_context_iteration(context, TRUE);
  g_source_destroy(end);
  g_source_unref(end);
  g_main_context_pop_thread_default(context);
  g_main_context_unref(context);
}

static int fail_late(struct call *call)
{
  return keyring_fail(call->answer, CREDENCE_E_TIMEOUT, "try again, or allow more time with --timeout",
                      "nobody answered the prompt in time");
}

static int run_prompt(struct call *call, const char *path)
{
  struct prompt *prompt = g_new0(struct prompt, 1);
  int r = CREDENCE_OK;

  wait_for_prompt(call, path, prompt);
  if (!prompt->done) {
    call->answer->last = 1; /* with prompt still in use */
    return fail_late(call);
  }
  if (g_cancellable_is_cancelled(call->cancellable))
    r = fail_late(call);
  else if (prompt->error)
    r = call_error(call, g_steal_pointer(&prompt->error));
  else if (!prompt->agreed)
    r = keyring_fail(call->answer, CREDENCE_E_DISMISSED, "try again and answer the window of the keyring",
                     "the prompt of the Secret Service was dismissed");
  g_clear_error(&prompt->error);
  g_free(prompt);
  return r;
}

/* A prompt that is not to be shown.  Whether the service hears it is its affair. */
static void drop_prompt(struct call *call, const char *path)
{
  g_dbus_connection_call(call->bus, SERVICE_NAME, path, SERVICE_INTERFACE "Prompt", "Dismiss", NULL, NULL,
                         G_DBUS_CALL_FLAGS_NO_AUTO_START, -1, NULL, NULL, NULL);
  (void)g_dbus_connection_flush_sync(call->bus, call->cancellable, NULL);
}

int prompt_show(struct call *call, const char *path)
{
  int r;

  if (strcmp(path, NO_PROMPT) == 0)
    return CREDENCE_OK;
  r = may_show(call);
  if (r == CREDENCE_OK)
    return run_prompt(call, path);
  drop_prompt(call, path);
  return r;
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
