/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * megaport.c - requests to Megaport's API
 *
 * Nothing is signed: every request carries a token that a login yields.  With
 * mode "oauth2" an API key logs in at the token server, with grant_type in the
 * query and an empty form.  With mode "classic" a user logs in at the API itself,
 * which the public service no longer takes.
 *
 * Source: Megaport's API documentation, "Megaport Authentication - API Keys" and
 * "User Authentication", and its client for Go; for the first version of the
 * classic login "API Highlight: Introduction", Megaport's blog.
 */
#include "classic.h"
#include "common.h"

#include "../oauth2-client-credentials/token.h"

#include <stdio.h>

static int oauth2_login(credence_call *call)
{
  static const char form[] = "application/x-www-form-urlencoded";
  const credence_bytes grant = credence_text("client_credentials");
  const credence_bytes json = credence_text("application/json");
  const credence_bytes empty = credence_text("");
  credence_bytes url;
  int r = credence_value(call, "login_url", &url);
  if (r == 0)
    r = credence_edit(call, CREDENCE_SET_TARGET, NULL, &url);
  if (r == 0)
    r = credence_edit(call, CREDENCE_APPEND_QUERY, "grant_type", &grant);
  /* The token server wants the media type even so. */
  if (r == 0)
    r = credence_edit(call, CREDENCE_SET_BODY, form, &empty);
  if (r == 0)
    r = credence_edit(call, CREDENCE_SET_HEADER, "Accept", &json);
  return r < 0 ? r : token_basic(call, CREDENCE_BASE64);
}

static int login(void *instance, credence_call *call)
{
  int classic = 0;
  (void)instance;
  int r = option_is(call, "mode", "classic", &classic);
  if (r < 0)
    return r;
  return classic ? classic_login(call) : oauth2_login(call);
}

static int logged_in(void *instance, credence_call *call)
{
  int classic = 0;
  (void)instance;
  int r = option_is(call, "mode", "classic", &classic);
  if (r < 0)
    return r;
  return classic ? classic_take(call) : token_take(call);
}

static int sign(void *instance, credence_call *call)
{
  int classic = 0;
  (void)instance;
  int r = option_is(call, "mode", "classic", &classic);
  if (r < 0)
    return r;
  return classic ? classic_sign(call) : token_sign(call);
}

/* {"message":"...","data":...,"trace_id":"..."}.  A 401 may mean that the session
 * ended; with 403 it is good and the user lacks a permission. */
static int judge(void *instance, credence_call *call)
{
  char words[WORDS_SIZE];
  char denied[WORDS_SIZE + 32];
  int status = credence_status(call);
  (void)instance;
  if (status < 400)
    return CREDENCE_DONE;
  int has_message = words_of(call, words);
  if (status == 401) {
    (void)credence_fail(call, CREDENCE_E_REJECTED, words);
    return CREDENCE_LOG_IN_AGAIN;
  }
  if (status == 403) {
    snprintf(denied, sizeof(denied), "a permission is missing: %s", words);
    return credence_fail(call, CREDENCE_E_REJECTED, denied);
  }
  return has_message ? credence_fail(call, CREDENCE_E_FAILED, words) : CREDENCE_DONE;
}

static const credence_provider provider = {
    .size = sizeof(credence_provider),
    .needs_minor = 1,
    .threads = CREDENCE_THREADS_PARALLEL,
    .id = "megaport",
    .sign = sign,
    .login = login,
    .logged_in = logged_in,
    .judge = judge,
};

CREDENCE_EXPORT const credence_provider *credence_provider_v1(const credence_host *host, uint32_t index)
{
  (void)host;
  return index == 0 ? &provider : NULL;
}
