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
#include <stdlib.h>
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

/* Does it mean the credential, or what it may do?  The clock and the server's own trouble
 * may be better next time. */
static int refused(credence_call *call)
{
  struct answer answer;
  char words[sizeof(answer.code) + sizeof(answer.message) + 4];
  char text[sizeof(words) + 80];
  int status = credence_status(call);
  answer_read(call, &answer);
  answer_words(call, &answer, words, sizeof(words));
  int rejected = (status == 400 || status == 401 || status == 403) && !answer_is_about_clock(&answer) &&
                 strncmp(answer.code, "Throttling", 10) != 0;
  snprintf(text, sizeof(text), "STS gives no keys: %s%s", words,
           answer_is_about_clock(&answer) ? "; is this machine's clock right?" : "");
  return credence_fail(call, rejected ? CREDENCE_E_REJECTED : CREDENCE_E_FAILED, text);
}

static int64_t days_since_1970(int64_t year, int64_t month, int64_t day)
{
  year -= month < 3;
  month += month < 3 ? 9 : -3; /* from March on, so that the leap day is the last */
  return 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1 - 719468;
}

/* "2011-07-15T23:28:33.359Z", in microseconds since 1970; -1 for anything else. */
static int64_t parse_time(credence_bytes text)
{
  char copy[32];
  int year, month, day, hour, minute, second;
  int end = 0;
  if (text.data == NULL || text.size >= sizeof(copy))
    return -1;
  memcpy(copy, text.data, text.size);
  copy[text.size] = '\0';
  if (sscanf(copy, "%4d-%2d-%2dT%2d:%2d:%2d%n", &year, &month, &day, &hour, &minute, &second, &end) != 6 ||
      (copy[end] != 'Z' && copy[end] != '.') || copy[text.size - 1] != 'Z')
    return -1;
  if (year < 1970 || month < 1 || month > 12 || day < 1 || day > 31)
    return -1;
  return (((days_since_1970(year, month, day) * 24 + hour) * 60 + minute) * 60 + second) * 1000000;
}

static int put_value(credence_call *call, const char *name, credence_bytes value, int64_t lifetime)
{
  if (value.data == NULL)
    return credence_fail(call, CREDENCE_E_MALFORMED,
                         "the answer of STS has no temporary keys: check sts_endpoint");
  return credence_session_put(call, name, &value, lifetime);
}

int sts_logged_in(void *instance, credence_call *call)
{
  credence_bytes body;
  (void)instance;
  int status = credence_status(call);
  if (status < 200 || status >= 300)
    return refused(call);
  int r = credence_response_content(call, &body);
  if (r < 0)
    return r;
  int64_t expires = parse_time(xml_text(body, "Expiration"));
  int64_t now = credence_now(call);
  if (expires <= now)
    return credence_fail(call, CREDENCE_E_MALFORMED,
                         "the answer of STS has no time in the future at which the keys end: is this "
                         "machine's clock right?");
  r = put_value(call, "temporary_access_key_id", xml_text(body, "AccessKeyId"), expires - now);
  if (r == 0)
    r = put_value(call, "temporary_secret_access_key", xml_text(body, "SecretAccessKey"), expires - now);
  return r < 0 ? r
               : put_value(call, "temporary_session_token", xml_text(body, "SessionToken"), expires - now);
}
