/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * cloudstack.c - requests to Apache CloudStack
 *
 * All parameters are signed, those of a form body too: ordered by name, values
 * encoded, the whole in lower case, HMAC-SHA1.  With signature version 3 the
 * parameter "expires" says until when the server takes the request, so that
 * nobody can send it again later.  With mode "session" nothing is signed: see
 * session.h.
 *
 * Source: "Developer's Guide", Apache CloudStack documentation, chapter "How to
 * sign an API call".
 */
#include "answer.h"
#include "plugin.h"
#include "session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* "2026-01-31T12:00:00+0000" */
static int format_time(int64_t seconds, char *out, size_t size)
{
  time_t time = (time_t)seconds;
  struct tm parts;
  if (gmtime_r(&time, &parts) == NULL)
    return CREDENCE_E_FAILED;
  int n = snprintf(out, size, "%04d-%02d-%02dT%02d:%02d:%02d+0000", parts.tm_year + 1900, parts.tm_mon + 1,
                   parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
  return n == 24 ? 0 : CREDENCE_E_FAILED;
}

static int append_expiry(credence_call *call)
{
  char text[64];
  credence_bytes lifetime;
  int64_t now = credence_now(call);
  int r = credence_value(call, "expires", &lifetime);
  if (r < 0 || now < 0)
    return r < 0 ? r : (int)now;
  r = format_time(now / 1000000 + strtol(lifetime.data, NULL, 10), text, sizeof(text));
  if (r < 0)
    return credence_fail(call, CREDENCE_E_FAILED, "the time is beyond what the server can read");
  const credence_bytes version = credence_text("3");
  const credence_bytes expires = credence_text(text);
  r = credence_edit(call, CREDENCE_APPEND_QUERY, "signatureVersion", &version);
  return r < 0 ? r : credence_edit(call, CREDENCE_APPEND_QUERY, "expires", &expires);
}

static int option_is(credence_call *call, const char *option, const char *text, int *ret_is)
{
  credence_bytes value;
  int r = credence_value(call, option, &value);
  if (r == 0)
    *ret_is = strcmp(value.data, text) == 0;
  return r;
}

static int sign_parameters(credence_call *call)
{
  const credence_bytes nothing = {NULL, 0};
  int expires = 0;
  int r = option_is(call, "signature_version", "3", &expires);
  if (r == 0)
    r = append_field(call, CREDENCE_APPEND_QUERY, "apikey", "api_key");
  if (r == 0 && expires)
    r = append_expiry(call);
  return r < 0 ? r : sign_params(call, "%20", PARAMS_BYTES, nothing);
}

static int sign(void *instance, credence_call *call)
{
  int has_session = 0;
  (void)instance;
  int r = option_is(call, "mode", "session", &has_session);
  if (r < 0)
    return r;
  return has_session ? session_sign(call) : sign_parameters(call);
}

static int login(void *instance, credence_call *call)
{
  (void)instance;
  return session_login(call);
}

static int logged_in(void *instance, credence_call *call)
{
  (void)instance;
  return session_take(call);
}

/* errortext of the answer: it stands under the name of the command. */
static const char *errortext(credence_call *call)
{
  struct params params;
  const char *command = NULL;
  params_begin(&params, "%20");
  if (params_collect(&params, call) == 0)
    for (size_t i = 0; i < params.count; i++)
      if (strcmp(params.items[i].name, "command") == 0)
        command = params.items[i].value;
  return answer_errortext(call, command);
}

/* A 401 in session mode may mean that the session ended.  To a signature that
 * expired the server says what it says to a wrong one, so that it is for the host
 * to compare the clocks. */
static int judge(void *instance, credence_call *call)
{
  char words[400];
  int has_session = 0;
  int expires = 0;
  (void)instance;
  if (credence_status(call) != 401)
    return CREDENCE_DONE;
  int r = option_is(call, "mode", "session", &has_session);
  if (r == 0 && !has_session)
    r = option_is(call, "signature_version", "3", &expires);
  if (r < 0)
    return r;
  const char *text = errortext(call);
  snprintf(words, sizeof(words), "%.300s%s", text == NULL ? "CloudStack does not accept the request" : text,
           expires ? ", which it also says when this machine's clock is wrong" : "");
  r = credence_fail(call, CREDENCE_E_REJECTED, words);
  if (has_session)
    return CREDENCE_LOG_IN_AGAIN;
  return expires ? CREDENCE_CLOCK_IS_OFF : r;
}

const credence_provider cloudstack_provider = {
    .size = sizeof(credence_provider),
    .needs_minor = 2,
    .threads = CREDENCE_THREADS_PARALLEL,
    .id = "cloudstack",
    .sign = sign,
    .login = login,
    .logged_in = logged_in,
    .judge = judge,
};
