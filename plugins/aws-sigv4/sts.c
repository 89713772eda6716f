/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * sts.c - temporary keys from AWS's Security Token Service; see sts.h
 *
 * A form that the long-term keys sign: AssumeRole with a role, GetSessionToken without.
 * The answer is XML with the keys and the time when they end.
 *
 * Source: AssumeRole and GetSessionToken in the AWS Security Token Service API Reference,
 * version 2011-06-15.
 */
#include "sts.h"

#include <stdio.h>
#include <string.h>

#include "answer.h"
#include "place.h"

/* What the host knows the answer to the question by. */
#define MFA_CODE "mfa_code"

static int append_text(credence_call *call, const char *name, const char *text)
{
  const credence_bytes value = credence_text(text);
  return credence_edit(call, CREDENCE_APPEND_FORM, name, &value);
}

/* Append an option to the form, if the profile has it. */
static int append_option(credence_call *call, const char *name, const char *option)
{
  credence_bytes value;
  int r = credence_value(call, option, &value);
  if (r == CREDENCE_E_NOT_FOUND)
    return 0;
  return r < 0 ? r : credence_edit(call, CREDENCE_APPEND_FORM, name, &value);
}

static int append_role(credence_call *call)
{
  int r = append_text(call, "Action", "AssumeRole");
  if (r == 0)
    r = append_option(call, "RoleArn", "role_arn");
  if (r == 0)
    r = append_option(call, "RoleSessionName", "role_session_name");
  return r < 0 ? r : append_option(call, "ExternalId", "external_id");
}

static int append_mfa(credence_call *call)
{
  int r = append_option(call, "SerialNumber", "mfa_serial");
  return r < 0 ? r
               : credence_edit_secret(call, CREDENCE_APPEND_FORM, "TokenCode", NULL, NULL, MFA_CODE,
                                      CREDENCE_PLAIN);
}

static int build_form(credence_call *call, int has_mfa)
{
  int r = credence_has(call, "role_arn") == 1 ? append_role(call)
                                              : append_text(call, "Action", "GetSessionToken");
  if (r == 0)
    r = append_text(call, "Version", "2011-06-15");
  if (r == 0)
    r = append_option(call, "DurationSeconds", "duration");
  return r == 0 && has_mfa ? append_mfa(call) : r;
}

/* STS signs with the region in its own name; elsewhere with the profile's. */
static int sts_place(credence_call *call, const struct settings *settings, struct place *ret_place)
{
  credence_bytes authority;
  int r = credence_request_part(call, CREDENCE_AUTHORITY, &authority);
  if (r < 0)
    return r;
  place_of_host(authority, ret_place);
  if (ret_place->region[0] == '\0')
    snprintf(ret_place->region, NAME_SIZE, "%s",
             settings->region[0] == '\0' ? "us-east-1" : settings->region);
  snprintf(ret_place->service, NAME_SIZE, "sts");
  return 0;
}

static int sign_login(credence_call *call, const struct settings *settings)
{
  static const struct settings plain = {.presign = ""};
  struct place place;
  const struct keys keys = {credence_text(settings->access_key_id), "secret_access_key",
                            settings->has_session_token ? "session_token" : NULL};
  int r = sts_place(call, settings, &place);
  return r < 0 ? r : signature_put(call, &plain, &keys, place.region, place.service);
}

int sts_login(void *instance, credence_call *call)
{
  credence_bytes url;
  int has_mfa = credence_has(call, "mfa_serial") == 1;
  int r = has_mfa ? credence_ask(call, CREDENCE_ASK_OTP, MFA_CODE, "Code of the MFA device for AWS") : 0;
  if (r == 0)
    r = credence_value(call, "sts_endpoint", &url);
  if (r == 0)
    r = credence_edit(call, CREDENCE_SET_TARGET, NULL, &url);
  if (r == 0)
    r = build_form(call, has_mfa);
  return r < 0 ? r : sign_login(call, instance);
}

/* --- the answer ------------------------------------------------------------------------------ */

/* Whatever else STS says may be better next time: its own trouble, throttling, the clock, a
 * page of a proxy, or an option that the user mends. */
static int refused(credence_call *call)
{
  struct answer answer;
  char words[sizeof(answer.code) + sizeof(answer.message) + 4];
  char text[sizeof(words) + 80];
  answer_read(call, &answer);
  answer_words(call, &answer, words, sizeof(words));
  int is_clock = answer_is_about_clock(&answer);
  int rejected = answer_is_about_key(&answer) && !is_clock;
  snprintf(text, sizeof(text), "STS gives no keys: %s%s", words,
           is_clock ? "; is this machine's clock right?" : "");
  return credence_fail(call, rejected ? CREDENCE_E_REJECTED : CREDENCE_E_FAILED, text);
}

static int64_t days_since_1970(int64_t year, int64_t month, int64_t day)
{
  year -= month < 3;
  month += month < 3 ? 9 : -3; /* from March on, so that the leap day is the last */
  return 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1 - 719468;
}

/* Take size digits and the character behind them; -1 when there is something else. */
static int64_t take_number(const char **at, size_t size, char behind)
{
  int64_t number = 0;
  for (; size > 0; size--, ++*at) {
    if (**at < '0' || **at > '9')
      return -1;
    number = 10 * number + (**at - '0');
  }
  return *(*at)++ == behind ? number : -1;
}

/* "2011-07-15T23:28:33Z", with or without a fraction, in microseconds since 1970; -1 for
 * anything else. */
static int64_t parse_time(credence_bytes text)
{
  static const char shape[] = "2011-07-15T23:28:33Z";
  const char *at = text.data;
  if (text.size < sizeof(shape) - 1)
    return -1;
  int64_t year = take_number(&at, 4, '-');
  int64_t month = year < 0 ? -1 : take_number(&at, 2, '-');
  int64_t day = month < 0 ? -1 : take_number(&at, 2, 'T');
  int64_t hour = day < 0 ? -1 : take_number(&at, 2, ':');
  int64_t minute = hour < 0 ? -1 : take_number(&at, 2, ':');
  int64_t second = minute < 0 ? -1 : take_number(&at, 2, text.size == sizeof(shape) - 1 ? 'Z' : '.');
  if (second < 0 || year < 1970 || month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 ||
      minute > 59 || second > 60)
    return -1;
  return (((days_since_1970(year, month, day) * 24 + hour) * 60 + minute) * 60 + second) * 1000000;
}

struct temporary {
  credence_bytes access_key_id;
  credence_bytes secret_access_key;
  credence_bytes session_token;
};

static int read_keys(credence_call *call, credence_bytes body, struct temporary *ret_keys)
{
  *ret_keys = (struct temporary){xml_text(body, "AccessKeyId"), xml_text(body, "SecretAccessKey"),
                                 xml_text(body, "SessionToken")};
  if (ret_keys->access_key_id.data == NULL || ret_keys->secret_access_key.data == NULL ||
      ret_keys->session_token.data == NULL)
    return credence_fail(call, CREDENCE_E_MALFORMED,
                         "the answer of STS has no temporary keys: check sts_endpoint");
  return 0;
}

/* In microseconds from now. */
static int read_lifetime(credence_call *call, credence_bytes body, int64_t *ret_lifetime)
{
  int64_t expires = parse_time(xml_text(body, "Expiration"));
  int64_t now = credence_now(call);
  if (expires < 0)
    return credence_fail(call, CREDENCE_E_MALFORMED,
                         "the answer of STS does not say when the keys end: check sts_endpoint");
  if (expires <= now)
    return credence_fail(call, CREDENCE_E_MALFORMED,
                         "the keys of STS have ended when they come: is this machine's clock right?");
  *ret_lifetime = expires - now;
  return 0;
}

int sts_logged_in(void *instance, credence_call *call)
{
  credence_bytes body;
  struct temporary keys;
  int64_t lifetime = 0;
  (void)instance;
  int status = credence_status(call);
  if (status < 200 || status >= 300)
    return refused(call);
  int r = credence_response_content(call, &body);
  if (r == 0)
    r = read_keys(call, body, &keys);
  if (r == 0)
    r = read_lifetime(call, body, &lifetime);
  if (r == 0)
    r = credence_session_put(call, "temporary_access_key_id", &keys.access_key_id, lifetime);
  if (r == 0)
    r = credence_session_put(call, "temporary_secret_access_key", &keys.secret_access_key, lifetime);
  return r < 0 ? r : credence_session_put(call, "temporary_session_token", &keys.session_token, lifetime);
}
