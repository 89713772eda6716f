/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * cloudstack.c - requests to Apache CloudStack
 *
 * All parameters are signed, those of a form body too: ordered by name, values
 * encoded, the whole in lower case, HMAC-SHA1.  With signature version 3 the
 * parameter "expires" says until when the server takes the request, so that
 * nobody can send it again later.
 *
 * Source: "Developer's Guide", Apache CloudStack documentation, chapter "How to
 * sign an API call".
 */
#include "plugin.h"

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

static int sign(void *instance, credence_call *call)
{
  struct params params;
  credence_bytes version;
  const credence_bytes nothing = {NULL, 0};
  (void)instance;
  int r = credence_value(call, "signature_version", &version);
  if (r == 0)
    r = append_field(call, "apikey", "api_key");
  if (r == 0 && strcmp(version.data, "3") == 0)
    r = append_expiry(call);
  if (r < 0)
    return r;
  params_begin(&params, "%20");
  r = params_collect(&params, call);
  if (r == 0)
    r = params_sort(&params, PARAMS_BYTES, call);
  if (r == 0)
    r = append_signature(&params, nothing, call);
  params_free(&params);
  return r;
}

/* {"listusersresponse":{"errorcode":401,"errortext":"..."}}: the name in front is
 * that of the command, or "errorresponse". */
static int judge(void *instance, credence_call *call)
{
  uint32_t type = 0;
  credence_bytes text;
  (void)instance;
  if (credence_status(call) != 401)
    return CREDENCE_DONE;
  if (credence_response_json(call, "/errorresponse/errortext", &type, &text) == 0 &&
      type == CREDENCE_JSON_STRING)
    return credence_fail(call, CREDENCE_E_REJECTED, text.data);
  return credence_fail(
      call, CREDENCE_E_REJECTED,
      "CloudStack does not accept the signature (check both keys, and this machine's clock)");
}

const credence_provider cloudstack_provider = {
    .size = sizeof(credence_provider),
    .needs_minor = 0,
    .threads = CREDENCE_THREADS_PARALLEL,
    .id = "cloudstack",
    .sign = sign,
    .judge = judge,
};
