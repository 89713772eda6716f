/* SPDX-License-Identifier: BSD-3-Clause */
/* host-login.c - the services about logging in; see credence-plugin.h */
#include "config.h"

#include <string.h>

#include "encode.h"
#include "error.h"
#include "host-call.h"
#include "questions.h"
#include "session.h"

#define LIFETIME_MAX (10 * 366 * 86400 * (int64_t)1000000)

/* What the session that the request is signed with has at index; NULL when there is none. */
static struct secret_value *held_value(const struct call *call, size_t index)
{
  struct session *session = call->request == NULL ? NULL : call->request->session;
  if (session == NULL || call->entry != call->profile->login_entry || session->values[index].data == NULL)
    return NULL;
  return &session->values[index];
}

int host_session_has(const struct call *call, const char *name)
{
  int index = manifest_find_session(call->entry->manifest, name);
  return index >= 0 && held_value(call, (size_t)index) != NULL;
}

static struct secret_value *session_value(struct call *call, size_t index, int is_secret, int *ret_code)
{
  const struct field *field = &call->entry->manifest->session[index];
  if (((field->flags & CREDENCE_FIELD_SECRET) != 0) != is_secret) {
    *ret_code = error_set(&call->why, CREDENCE_E_REFUSED, "mend the manifest or the plugin",
                          "%s is%s a secret of the session", field->name, is_secret ? " not" : "");
    return NULL;
  }
  struct secret_value *value = held_value(call, index);
  *ret_code = value != NULL ? 0 : profile_no_session(call->profile, &call->why);
  return value;
}

static int hides_answer(const struct question *question)
{
  return question->kind == CREDENCE_ASK_SECRET || question->kind == CREDENCE_ASK_OTP;
}

struct secret_value *host_session_value(struct call *call, const char *name, int is_secret, int *ret_code)
{
  int index = manifest_find_session(call->entry->manifest, name);
  if (index >= 0)
    return session_value(call, (size_t)index, is_secret, ret_code);
  struct question *question = call->questions == NULL ? NULL : questions_find(call->questions, name);
  *ret_code = CREDENCE_E_NOT_FOUND;
  if (question == NULL || question->answer.data == NULL)
    return NULL;
  *ret_code = hides_answer(question) == is_secret ? 0 : CREDENCE_E_REFUSED;
  return *ret_code == 0 ? &question->answer : NULL;
}

/* --- what logged_in found ------------------------------------------------------ */

static int refuse_value(struct call *call, const char *name, const char *why)
{
  return error_set(&call->why, CREDENCE_E_MALFORMED, NULL, "the server's %s %s", name, why);
}

static int check_value(struct call *call, const char *name, const credence_bytes *value)
{
  const char *text = value->data;
  if (text == NULL || value->size == 0)
    return refuse_value(call, name, "is empty");
  if (value->size > SESSION_VALUE_MAX)
    return refuse_value(call, name, "is longer than 16 KiB");
  if (find_control(text, value->size) < value->size)
    return refuse_value(call, name, "has control characters in it");
  return 0;
}

static int take_lifetime(struct call *call, int64_t lifetime)
{
  if (lifetime < 0 || lifetime > LIFETIME_MAX)
    return error_set(&call->why, CREDENCE_E_MALFORMED, NULL,
                     "the server's expiry makes no sense: %lld seconds from now",
                     (long long)(lifetime / 1000000));
  if (lifetime > 0 && (call->lifetime == 0 || lifetime < call->lifetime))
    call->lifetime = lifetime;
  return 0;
}

int host_session_put(credence_call *base, const char *name, const credence_bytes *value, int64_t lifetime)
{
  struct call *call = call_of(base);
  if (call->making == NULL)
    return CREDENCE_E_UNSUPPORTED;
  int index = name == NULL || value == NULL ? -1 : manifest_find_session(call->entry->manifest, name);
  if (index < 0)
    return error_set(&call->why, CREDENCE_E_INVALID, "mend the manifest or the plugin",
                     "the manifest has no session value %s", name == NULL ? "without a name" : name);
  int r = check_value(call, name, value);
  if (r == 0)
    r = take_lifetime(call, lifetime);
  return r < 0 ? r : secret_value_set(&call->making->values[index], value->data, value->size);
}

/* --- questions ------------------------------------------------------------------ */

int host_ask(credence_call *base, uint32_t kind, const char *name, const char *text)
{
  struct call *call = call_of(base);
  if (call->questions == NULL)
    return CREDENCE_E_UNSUPPORTED;
  if (name == NULL || text == NULL || manifest_find(call->entry->manifest, name) >= 0 ||
      manifest_find_session(call->entry->manifest, name) >= 0)
    return CREDENCE_E_INVALID;
  struct question *question = questions_find(call->questions, name);
  if (question != NULL && question->answer.data != NULL && call->response == NULL)
    return 0;
  if (question != NULL) {
    secret_value_clear(&question->answer); /* the server wants another */
    return CREDENCE_E_PROMPT_REQUIRED;
  }
  int r = questions_add(call->questions, kind, name, text);
  return r < 0 ? r : CREDENCE_E_PROMPT_REQUIRED;
}
