/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * oauth2-client-credentials.c - a token for a client of its own (RFC 6749, section 4.4)
 *
 * Logs in at the token server with the client's id and secret, and sends the
 * token that it gets there with every request.  There is no refresh token: when
 * the token ends, the client logs in again.
 */
#include "token.h"

#include <stdio.h>
#include <string.h>

static int append_text(credence_call *call, const char *name, const char *text)
{
  const credence_bytes value = credence_text(text);
  return credence_edit(call, CREDENCE_APPEND_FORM, name, &value);
}

/* Append a field to the form, if the profile has it. */
static int append_option(credence_call *call, const char *name)
{
  credence_bytes value;
  int r = credence_value(call, name, &value);
  if (r == CREDENCE_E_NOT_FOUND)
    return 0;
  return r < 0 ? r : credence_edit(call, CREDENCE_APPEND_FORM, name, &value);
}

static int identify(credence_call *call)
{
  credence_bytes client_auth;
  int r = credence_value(call, "client_auth", &client_auth);
  if (r < 0)
    return r;
  if (strcmp(client_auth.data, "basic") == 0)
    return token_basic(call, CREDENCE_FORM_BASE64);
  if (strcmp(client_auth.data, "basic-raw") == 0)
    return token_basic(call, CREDENCE_BASE64);
  r = append_option(call, "client_id");
  return r < 0 ? r
               : credence_edit_secret(call, CREDENCE_APPEND_FORM, "client_secret", NULL, NULL,
                                      "client_secret", CREDENCE_PLAIN);
}

static int login(void *instance, credence_call *call)
{
  const credence_bytes json = credence_text("application/json");
  credence_bytes url;
  (void)instance;
  int r = credence_value(call, "token_url", &url);
  if (r == 0)
    r = credence_edit(call, CREDENCE_SET_TARGET, NULL, &url);
  if (r == 0)
    r = credence_edit(call, CREDENCE_SET_HEADER, "Accept", &json);
  if (r == 0)
    r = append_text(call, "grant_type", "client_credentials");
  if (r == 0)
    r = append_option(call, "scope");
  if (r == 0)
    r = append_option(call, "audience");
  return r < 0 ? r : identify(call);
}

static int logged_in(void *instance, credence_call *call)
{
  (void)instance;
  return token_take(call);
}

static int sign(void *instance, credence_call *call)
{
  (void)instance;
  return token_sign(call);
}

/* The error_description of a WWW-Authenticate header (RFC 6750, section 3), or "". */
static void read_description(credence_bytes header, char *out, size_t size)
{
  static const char parameter[] = "error_description=\"";
  char text[1024];
  snprintf(text, sizeof(text), "%.*s", (int)(header.size < sizeof(text) ? header.size : sizeof(text) - 1),
           (const char *)header.data);
  const char *found = strstr(text, parameter);
  found = found == NULL ? "" : found + sizeof(parameter) - 1;
  snprintf(out, size, "%.*s", (int)strcspn(found, "\""), found);
}

/* A 401 may mean that the token ended.  With 403, which the host sees to, the token
 * is good and lacks a permission. */
static int judge(void *instance, credence_call *call)
{
  char reason[200] = "";
  char words[256];
  credence_bytes name;
  credence_bytes value;
  (void)instance;
  if (credence_status(call) != 401)
    return CREDENCE_DONE;
  for (size_t i = 0; *reason == '\0' && credence_response_header_at(call, i, &name, &value) == 0; i++)
    if (same_word(name, "WWW-Authenticate"))
      read_description(value, reason, sizeof(reason));
  snprintf(words, sizeof(words), "the server does not accept the token%s%s", *reason == '\0' ? "" : ": ",
           reason);
  (void)credence_fail(call, CREDENCE_E_REJECTED, words);
  return CREDENCE_LOG_IN_AGAIN;
}

static const credence_provider provider = {
    .size = sizeof(credence_provider),
    .needs_minor = 1,
    .threads = CREDENCE_THREADS_PARALLEL,
    .id = "oauth2-client-credentials",
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
