/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * cpbm.c - requests to the BSS API of Accelerite CloudPortal Business Manager
 *
 * Signed are the REST path, which is what follows the base path, and then at
 * once the parameters: values encoded, all in lower case, in order, HMAC-SHA1.
 * "_" is the time in milliseconds, which the server lets be five minutes off.
 * The body is not signed.
 *
 * Source: "Generating a BSS API request", CloudPortal Business Manager's
 * documentation.  Its example is damaged, so it is no vector.  Clients differ
 * in the order of names with capitals and in the encoding of a space; the
 * options "order" and "space" choose.
 */
#include "plugin.h"

#include <stdio.h>
#include <string.h>

static int append_time(credence_call *call)
{
  char text[32];
  int64_t now = credence_now(call);
  if (now < 0)
    return (int)now;
  snprintf(text, sizeof(text), "%lld", (long long)(now / 1000));
  const credence_bytes value = credence_text(text);
  return credence_edit(call, CREDENCE_APPEND_QUERY, "_", &value);
}

static int ends_in(credence_bytes path, const char *suffix)
{
  size_t size = strlen(suffix);
  return path.size > size && memcmp((const char *)path.data + path.size - size, suffix, size) == 0;
}

/* ".json" or ".xml" is signed as sent, unless the option says otherwise: the
 * vendor's text leaves it open. */
static int cut_suffix(credence_call *call, credence_bytes *path)
{
  static const char *const suffixes[] = {".json", ".xml"};
  credence_bytes option;
  int r = credence_value(call, "sign_suffix", &option);
  if (r < 0 || strcmp(option.data, "no") != 0)
    return r;
  for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++)
    if (ends_in(*path, suffixes[i])) {
      path->size -= strlen(suffixes[i]);
      break;
    }
  return 0;
}

static int rest_path(credence_call *call, credence_bytes *path)
{
  credence_bytes base;
  int r = credence_request_part(call, CREDENCE_PATH, path);
  if (r == 0)
    r = credence_request_part(call, CREDENCE_BASE_PATH, &base);
  if (r < 0)
    return r;
  if (base.size > 0 && ((const char *)base.data)[base.size - 1] == '/')
    base.size--;
  if (path->size <= base.size || memcmp(path->data, base.data, base.size) != 0 ||
      ((const char *)path->data)[base.size] != '/')
    return credence_fail(
        call, CREDENCE_E_INVALID,
        "the path does not lie below the endpoint, which is the base path, such as /portal/api");
  path->data = (const char *)path->data + base.size;
  path->size -= base.size;
  return cut_suffix(call, path);
}

static int chosen_order(credence_call *call, enum params_order *ret_order)
{
  credence_bytes order;
  int r = credence_value(call, "order", &order);
  if (r < 0)
    return r;
  *ret_order = PARAMS_LOWER_CASE;
  if (strcmp(order.data, "underscore-first") == 0)
    *ret_order = PARAMS_UNDERSCORE_FIRST;
  else if (strcmp(order.data, "original-case") == 0)
    *ret_order = PARAMS_BYTES;
  return 0;
}

static int sign(void *instance, credence_call *call)
{
  credence_bytes path;
  credence_bytes space;
  enum params_order order = PARAMS_LOWER_CASE;
  (void)instance;
  int r = rest_path(call, &path);
  if (r == 0)
    r = credence_value(call, "space", &space);
  if (r == 0)
    r = chosen_order(call, &order);
  if (r == 0)
    r = append_time(call);
  if (r == 0)
    r = append_field(call, CREDENCE_APPEND_QUERY, "apiKey", "api_key");
  return r < 0 ? r : sign_params(call, space.data, order, path);
}

/* {"message":"Signature url timed out. ...","code":400} */
static int judge(void *instance, credence_call *call)
{
  static const char late[] = "Signature url timed out";
  uint32_t type = 0;
  credence_bytes text;
  int status = credence_status(call);
  (void)instance;
  if (status < 400 || credence_response_json(call, "/message", &type, &text) < 0 ||
      type != CREDENCE_JSON_STRING)
    return CREDENCE_DONE;
  if (text.size >= sizeof(late) - 1 && memcmp(text.data, late, sizeof(late) - 1) == 0) {
    (void)credence_fail(call, CREDENCE_E_REJECTED,
                        "the server finds the time of the request too old: is this machine's clock right?");
    return CREDENCE_CLOCK_IS_OFF;
  }
  if (status == 401 || status == 403)
    return credence_fail(call, CREDENCE_E_REJECTED, text.data);
  return CREDENCE_DONE;
}

const credence_provider cpbm_provider = {
    .size = sizeof(credence_provider),
    .needs_minor = 2,
    .threads = CREDENCE_THREADS_PARALLEL,
    .id = "cpbm",
    .sign = sign,
    .judge = judge,
};
