/* SPDX-License-Identifier: BSD-3-Clause */
/* session.c - CloudStack's other way in; see session.h */
#include "session.h"

#include "answer.h"
#include "plugin.h"

#include <stdio.h>
#include <string.h>

#define COOKIE_MAX 512u
#define YEAR (INT64_C(365) * 24 * 60 * 60)
/* CloudStack's ACCOUNT_ERROR, which is also the HTTP status. */
#define ACCOUNT_ERROR 531

int session_login(credence_call *call)
{
  const credence_bytes command = credence_text("login");
  const credence_bytes json = credence_text("json");
  int r = credence_edit(call, CREDENCE_APPEND_FORM, "command", &command);
  if (r == 0)
    r = append_field(call, CREDENCE_APPEND_FORM, "username", "username");
  if (r == 0)
    r = credence_edit_secret(call, CREDENCE_APPEND_FORM, "password", NULL, NULL, "password", CREDENCE_PLAIN);
  if (r < 0)
    return r;
  r = append_field(call, CREDENCE_APPEND_FORM, "domain", "domain");
  if (r < 0 && r != CREDENCE_E_NOT_FOUND) /* without a domain, the root is meant */
    return r;
  return credence_edit(call, CREDENCE_APPEND_FORM, "response", &json);
}

int session_sign(credence_call *call)
{
  int r = credence_edit_secret(call, CREDENCE_APPEND_QUERY, "sessionkey", NULL, NULL, "sessionkey",
                               CREDENCE_PLAIN);
  return r < 0 ? r
               : credence_edit_secret(call, CREDENCE_SET_HEADER, "Cookie", NULL, NULL, "cookies",
                                      CREDENCE_PLAIN);
}

/* --- the answer to the login -------------------------------------------------- */

static int refused(credence_call *call, int64_t code)
{
  char words[400];
  const char *text = answer_errortext(call, "login");
  int rejected = code == 401 || code == 403 || code == ACCOUNT_ERROR;
  if (text != NULL)
    snprintf(words, sizeof(words), "the login failed: %.320s", text);
  else
    snprintf(words, sizeof(words), "the login failed: the server answered %d", (int)code);
  return credence_fail(call, rejected ? CREDENCE_E_REJECTED : CREDENCE_E_FAILED, words);
}

static int is_set_cookie(credence_bytes name)
{
  static const char wanted[] = "set-cookie";
  const char *text = name.data;
  if (name.size != sizeof(wanted) - 1)
    return 0;
  for (size_t i = 0; i < name.size; i++)
    if (ascii_lower((unsigned char)text[i]) != wanted[i])
      return 0;
  return 1;
}

/* NAME=VALUE of the last Set-Cookie header for it, without its attributes, as a
 * browser would send it back; missing when there is none. */
static credence_bytes find_cookie(credence_call *call, const char *cookie)
{
  credence_bytes found = {NULL, 0};
  credence_bytes name;
  credence_bytes value;
  size_t size = strlen(cookie);
  for (size_t i = 0; credence_response_header_at(call, i, &name, &value) == 0; i++) {
    const char *text = value.data;
    if (!is_set_cookie(name) || value.size <= size + 1 || memcmp(text, cookie, size) != 0 ||
        text[size] != '=')
      continue;
    const char *end = memchr(text, ';', value.size);
    found = (credence_bytes){text, end == NULL ? value.size : (size_t)(end - text)};
  }
  return found;
}

/* "JSESSIONID=...; sessionkey=...": one Cookie header has both. */
static int keep_cookies(credence_call *call)
{
  char text[2 * COOKIE_MAX + 8];
  const credence_bytes id = find_cookie(call, "JSESSIONID");
  const credence_bytes key = find_cookie(call, "sessionkey");
  if (id.data == NULL)
    return credence_fail(call, CREDENCE_E_MALFORMED,
                         "the answer to the login has no cookie JSESSIONID: check the endpoint");
  if (id.size > COOKIE_MAX || key.size > COOKIE_MAX)
    return credence_fail(call, CREDENCE_E_MALFORMED, "the answer to the login has a cookie that is too long");
  int size =
      snprintf(text, sizeof(text), "%.*s%s%.*s", (int)id.size, (const char *)id.data,
               key.data == NULL ? "" : "; ", (int)key.size, key.data == NULL ? "" : (const char *)key.data);
  const credence_bytes cookies = {text, (size_t)size};
  int r = credence_session_put(call, "cookies", &cookies, 0);
  explicit_bzero(text, sizeof(text));
  return r;
}

/* "timeout" is after how many seconds without a request the session ends.  To log in
 * so long after the login is earlier than needed, and never too late. */
static int keep_key(credence_call *call)
{
  uint32_t type = 0;
  credence_bytes key;
  int64_t seconds = 0;
  if (credence_response_json(call, "/loginresponse/sessionkey", &type, &key) < 0 ||
      type != CREDENCE_JSON_STRING)
    return credence_fail(call, CREDENCE_E_MALFORMED,
                         "the answer to the login is not JSON with a sessionkey: check the endpoint");
  if (credence_response_integer(call, "/loginresponse/timeout", &seconds) < 0 || seconds < 0 ||
      seconds > YEAR)
    seconds = 0; /* as if the server had not said */
  return credence_session_put(call, "sessionkey", &key, seconds * 1000000);
}

/* It is there to be looked at, so that a name which the host does not take is no
 * reason to fail. */
static int keep_account(credence_call *call)
{
  uint32_t type = 0;
  credence_bytes account;
  if (credence_response_json(call, "/loginresponse/account", &type, &account) < 0 ||
      type != CREDENCE_JSON_STRING)
    return 0;
  int r = credence_session_put(call, "account", &account, 0);
  return r == CREDENCE_E_MALFORMED ? 0 : r;
}

int session_take(credence_call *call)
{
  int64_t code = answer_code(call, "login");
  if (code < 200 || code >= 300)
    return refused(call, code);
  int r = keep_key(call);
  if (r == 0)
    r = keep_cookies(call);
  return r < 0 ? r : keep_account(call);
}
