/* SPDX-License-Identifier: BSD-3-Clause */
/* classic.c - Megaport's older login; see classic.h */
#include "classic.h"

#include "common.h"

#include "../oauth2-client-credentials/token.h"

#include <stdio.h>
#include <string.h>

/* What the host knows the answer to the question by. */
#define OTP_NAME "one_time_password"

static int append_credential(credence_call *call)
{
  credence_bytes username;
  int r = credence_value(call, "username", &username);
  if (r == 0)
    r = credence_edit(call, CREDENCE_APPEND_FORM, "username", &username);
  return r < 0 ? r
               : credence_edit_secret(call, CREDENCE_APPEND_FORM, "password", NULL, NULL, "password",
                                      CREDENCE_PLAIN);
}

int classic_login(credence_call *call)
{
  const credence_bytes json = credence_text("application/json");
  int asks = 0;
  int is_first = 0;
  int r = option_is(call, "otp", "ask", &asks);
  if (r == 0 && asks)
    r = credence_ask(call, CREDENCE_ASK_OTP, OTP_NAME, "One-time password for Megaport");
  if (r == 0)
    r = option_is(call, "login_version", "v1", &is_first);
  if (r < 0)
    return r;
  const credence_bytes path = credence_text(is_first ? "/login" : "/v2/login");
  r = credence_edit(call, CREDENCE_SET_TARGET, NULL, &path);
  if (r == 0)
    r = credence_edit(call, CREDENCE_SET_HEADER, "Accept", &json);
  if (r == 0)
    r = append_credential(call);
  if (r == 0 && asks)
    r = credence_edit_secret(call, CREDENCE_APPEND_FORM, "oneTimePassword", NULL, NULL, OTP_NAME,
                             CREDENCE_PLAIN);
  return r;
}

int classic_sign(credence_call *call)
{
  int in_query = 0;
  int r = option_is(call, "token_in", "query", &in_query);
  if (r < 0)
    return r;
  return credence_edit_secret(call, in_query ? CREDENCE_APPEND_QUERY : CREDENCE_SET_HEADER,
                              in_query ? "token" : "X-Auth-Token", NULL, NULL, "token", CREDENCE_PLAIN);
}

/* --- the answer to the login -------------------------------------------------- */

/* The vendor has no code for "the second factor is missing", only words. */
static int is_about_otp(credence_call *call)
{
  static const char *const signs[] = {"one-time", "one time", "onetime", "otp", "factor", "mfa", "2fa"};
  const char *message = json_string(call, "/message");
  char lower[WORDS_SIZE];
  snprintf(lower, sizeof(lower), "%s", message == NULL ? "" : message);
  for (char *c = lower; *c != '\0'; c++)
    *c = (char)(*c >= 'A' && *c <= 'Z' ? *c + ('a' - 'A') : *c);
  for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++)
    if (strstr(lower, signs[i]) != NULL)
      return 1;
  return 0;
}

static int refused(credence_call *call, int status)
{
  char words[WORDS_SIZE];
  char text[WORDS_SIZE + 160];
  int asks = 0;
  int r = option_is(call, "otp", "ask", &asks);
  if (r < 0)
    return r;
  (void)words_of(call, words);
  snprintf(text, sizeof(text), "the login failed: %s%s", words,
           !asks && is_about_otp(call) ? "; to be asked for a one-time password, set otp=ask" : "");
  int rejected = status == 400 || status == 401 || status == 403;
  return credence_fail(call, rejected ? CREDENCE_E_REJECTED : CREDENCE_E_FAILED, text);
}

/* Keep a value of the answer, which stands at the top or in "data", if it is there.
 * Company names are there to be looked at, so that one which the host does not take
 * is no reason to fail. */
static int keep(credence_call *call, const char *member, const char *name)
{
  char pointer[64];
  uint32_t type = 0;
  credence_bytes text;
  snprintf(pointer, sizeof(pointer), "/%s", member);
  int r = credence_response_json(call, pointer, &type, &text);
  if (r < 0) {
    snprintf(pointer, sizeof(pointer), "/data/%s", member);
    r = credence_response_json(call, pointer, &type, &text);
  }
  if (r < 0 || (type != CREDENCE_JSON_STRING && type != CREDENCE_JSON_NUMBER))
    return 0;
  r = credence_session_put(call, name, &text, 0);
  return r == CREDENCE_E_MALFORMED ? 0 : r;
}

int classic_take(credence_call *call)
{
  /* Version 1, version 2, and what clients for either have seen. */
  static const char *const places[] = {"/session", "/data/session", "/token", "/data/token"};
  int status = credence_status(call);
  credence_bytes token = {NULL, 0};
  uint32_t type = 0;
  if (status < 200 || status >= 300)
    return refused(call, status);
  for (size_t i = 0; type != CREDENCE_JSON_STRING && i < sizeof(places) / sizeof(places[0]); i++)
    (void)credence_response_json(call, places[i], &type, &token);
  if (type != CREDENCE_JSON_STRING)
    return credence_fail(call, CREDENCE_E_MALFORMED,
                         "the answer to the login has no session: check the endpoint and login_version");
  int r = credence_session_put(call, "token", &token, 0);
  if (r == 0)
    r = keep(call, "companyId", "company_id");
  return r < 0 ? r : keep(call, "companyName", "company_name");
}
