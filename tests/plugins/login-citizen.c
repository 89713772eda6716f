/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two good citizens that log in: login-citizen with a stored password, and
 * login-asker, which has none and asks for it each time.
 *
 * Options say what they do.  "asks" names questions: realm, pin, otp and team, one
 * of each kind.  "target" and "method" are those of the login.  "signs" names what
 * a signature has besides the token: account, mac.
 *
 * The server's JSON says the rest.  To a login: token, expires_in (or expires_in_us),
 * account, account_expires_in, error; the error "otp wrong" asks again.  To a request:
 * verdict, which is "sign again", "log in again" or "clock", and words.
 */
#include "credence-plugin.h"

#include <stdio.h>
#include <string.h>

#define SECOND INT64_C(1000000)

/* Is word one of those in the option? */
static int has_word(credence_call *call, const char *option, const char *word)
{
  credence_bytes value;
  if (credence_value(call, option, &value) < 0)
    return 0;
  const char *at = strstr(value.data, word);
  return at != NULL && (at[strlen(word)] == '\0' || at[strlen(word)] == ' ');
}

/* A string of the answer, or NULL. */
static const char *member(credence_call *call, const char *pointer)
{
  uint32_t type = 0;
  credence_bytes text;
  int r = credence_response_json(call, pointer, &type, &text);
  return r == 0 && type == CREDENCE_JSON_STRING ? text.data : NULL;
}

static int is(const char *text, const char *wanted)
{
  return text != NULL && strcmp(text, wanted) == 0;
}

/* --- sign ------------------------------------------------------------------------ */

static int sign_account(credence_call *call)
{
  credence_bytes account;
  int r = credence_value(call, "account", &account);
  return r < 0 ? r : credence_edit(call, CREDENCE_SET_HEADER, "X-Account", &account);
}

/* The path and the body under the token. */
static int sign_mac(credence_call *call)
{
  unsigned char mac[CREDENCE_SHA256_SIZE];
  char hex[CREDENCE_HEX_ROOM(CREDENCE_SHA256_SIZE)];
  credence_bytes parts[2];
  int r = credence_request_part(call, CREDENCE_PATH, &parts[0]);
  if (r == 0)
    r = credence_request_part(call, CREDENCE_BODY, &parts[1]);
  if (r == 0)
    r = credence_hmac(call, CREDENCE_SHA256, "token", parts, 2, mac, sizeof(mac));
  if (r < 0)
    return r;
  credence_hex(hex, mac, sizeof(mac));
  const credence_bytes text = credence_text(hex);
  return credence_edit(call, CREDENCE_SET_HEADER, "X-Mac", &text);
}

static int sign_time(credence_call *call, const char *header)
{
  char text[32];
  snprintf(text, sizeof(text), "%lld", (long long)credence_now(call));
  const credence_bytes value = credence_text(text);
  return credence_edit(call, CREDENCE_SET_HEADER, header, &value);
}

static int sign(void *instance, credence_call *call)
{
  const credence_bytes prefix = credence_text("Bearer ");
  (void)instance;
  int r = credence_edit_secret(call, CREDENCE_SET_HEADER, "Authorization", &prefix, NULL, "token",
                               CREDENCE_PLAIN);
  if (r == 0 && has_word(call, "signs", "account"))
    r = sign_account(call);
  if (r == 0 && has_word(call, "signs", "mac"))
    r = sign_mac(call);
  if (r == 0)
    r = sign_time(call, "X-Time");
  return r < 0 ? r : sign_time(call, "X-Time-Again");
}

/* --- log in ------------------------------------------------------------------------ */

struct asked {
  const char *name;
  uint32_t kind;
  const char *question;
};

static const struct asked asked[] = {
    {"realm", CREDENCE_ASK_TEXT, "Realm"},
    {"pin", CREDENCE_ASK_SECRET, "PIN"},
    {"otp", CREDENCE_ASK_OTP, "One-time password"},
    {"team", CREDENCE_ASK_CHOICE, "Team\nred\nblue"},
};

#define ASKED (sizeof(asked) / sizeof(asked[0]))

static int is_hidden(uint32_t kind)
{
  return kind == CREDENCE_ASK_SECRET || kind == CREDENCE_ASK_OTP;
}

static int send_answer(credence_call *call, const struct asked *what)
{
  credence_bytes value;
  if (is_hidden(what->kind))
    return credence_edit_secret(call, CREDENCE_APPEND_FORM, what->name, NULL, NULL, what->name,
                                CREDENCE_PLAIN);
  int r = credence_value(call, what->name, &value);
  return r < 0 ? r : credence_edit(call, CREDENCE_APPEND_FORM, what->name, &value);
}

/* All questions first, so that they are asked together. */
static int ask_all(credence_call *call)
{
  int r = 0;
  for (size_t i = 0; i < ASKED; i++) {
    int one = has_word(call, "asks", asked[i].name)
                  ? credence_ask(call, asked[i].kind, asked[i].name, asked[i].question)
                  : 0;
    r = one < 0 ? one : r;
  }
  for (size_t i = 0; r == 0 && i < ASKED; i++)
    if (has_word(call, "asks", asked[i].name))
      r = send_answer(call, &asked[i]);
  return r;
}

/* By the option, where the profile has it. */
static int set_place(credence_call *call, const char *option, uint32_t change)
{
  credence_bytes value;
  int r = credence_value(call, option, &value);
  if (r == CREDENCE_E_NOT_FOUND)
    return 0;
  return r < 0 ? r : credence_edit(call, change, NULL, &value);
}

static int begin_login(credence_call *call)
{
  credence_bytes user;
  int r = credence_value(call, "user", &user);
  if (r == 0)
    r = set_place(call, "method", CREDENCE_SET_METHOD);
  if (r == 0)
    r = set_place(call, "target", CREDENCE_SET_TARGET);
  if (r == 0)
    r = set_place(call, "login_url", CREDENCE_SET_TARGET);
  return r < 0 ? r : credence_edit(call, CREDENCE_APPEND_FORM, "user", &user);
}

static int login(void *instance, credence_call *call)
{
  (void)instance;
  int r = begin_login(call);
  if (r == 0)
    r = credence_edit_secret(call, CREDENCE_APPEND_FORM, "password", NULL, NULL, "password", CREDENCE_PLAIN);
  return r < 0 ? r : ask_all(call);
}

static int login_asking(void *instance, credence_call *call)
{
  (void)instance;
  int r = begin_login(call);
  return r < 0 ? r : ask_all(call);
}

/* A number of the answer; 0 when it has none. */
static int64_t number(credence_call *call, const char *pointer)
{
  int64_t found = 0;
  return credence_response_integer(call, pointer, &found) == 0 ? found : 0;
}

static int64_t lifetime(credence_call *call)
{
  int64_t microseconds = number(call, "/expires_in_us");
  return microseconds != 0 ? microseconds : number(call, "/expires_in") * SECOND;
}

static int put(credence_call *call, const char *name, const char *pointer, int64_t microseconds)
{
  uint32_t type = 0;
  credence_bytes text;
  int r = credence_response_json(call, pointer, &type, &text);
  if (r == CREDENCE_E_NOT_FOUND)
    return 0;
  return r < 0 ? r : credence_session_put(call, name, &text, microseconds);
}

static int logged_in(void *instance, credence_call *call)
{
  const char *error = member(call, "/error");
  (void)instance;
  if (is(error, "otp wrong"))
    return credence_ask(call, CREDENCE_ASK_OTP, "otp", "One-time password");
  if (credence_status(call) == 401)
    return credence_fail(call, CREDENCE_E_REJECTED, error == NULL ? "no" : error);
  if (credence_status(call) >= 400)
    return credence_fail(call, CREDENCE_E_FAILED, error == NULL ? "the server has trouble" : error);
  int r = put(call, "token", "/token", lifetime(call));
  return r < 0 ? r : put(call, "account", "/account", number(call, "/account_expires_in") * SECOND);
}

/* --- judge ---------------------------------------------------------------------------- */

static int judge(void *instance, credence_call *call)
{
  const char *verdict = member(call, "/verdict");
  const char *words = member(call, "/words");
  (void)instance;
  if (verdict == NULL)
    return CREDENCE_DONE;
  if (words != NULL)
    (void)credence_fail(call, CREDENCE_E_REJECTED, words);
  if (is(verdict, "sign again"))
    return CREDENCE_SIGN_AGAIN;
  if (is(verdict, "log in again"))
    return CREDENCE_LOG_IN_AGAIN;
  return is(verdict, "clock") ? CREDENCE_CLOCK_IS_OFF : CREDENCE_E_MALFORMED;
}

static const credence_provider providers[] = {
    {.size = sizeof(credence_provider),
     .needs_minor = 1,
     .threads = CREDENCE_THREADS_PARALLEL,
     .id = "login-citizen",
     .sign = sign,
     .login = login,
     .logged_in = logged_in,
     .judge = judge},
    {.size = sizeof(credence_provider),
     .needs_minor = 1,
     .threads = CREDENCE_THREADS_PARALLEL,
     .id = "login-asker",
     .sign = sign,
     .login = login_asking,
     .logged_in = logged_in,
     .judge = judge},
};

CREDENCE_EXPORT const credence_provider *credence_provider_v1(const credence_host *host, uint32_t index)
{
  (void)host;
  return index < sizeof(providers) / sizeof(providers[0]) ? &providers[index] : NULL;
}
