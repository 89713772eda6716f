/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * 6connect.c - requests to the API of 6connect ProVision, version 1
 *
 * The API key goes to the end of the query string.  The query string, exactly
 * as it will be sent, is signed with HMAC-SHA256 under the secret key; the
 * base64 of that goes behind it as the last parameter.  Nothing is sorted and
 * nothing encoded anew, since the server signs the raw bytes that it received
 * up to the first "&hash=".  So the query may not have such a parameter already:
the host refuses a request that has what a provider appends.  Path, body and
time are not signed.
 *
 * Source: "API requests can be generated within the web UI by the API Request
 * Generator", 6connect's documentation of ProVision's API.  PacketFabric's first
 * API is the same with other names of the two parameters.
 */
#include "credence-plugin.h"

static int append_key(credence_call *call)
{
  credence_bytes name;
  credence_bytes key;
  int r = credence_value(call, "key_parameter", &name);
  if (r == 0)
    r = credence_value(call, "api_key", &key);
  return r < 0 ? r : credence_edit(call, CREDENCE_APPEND_QUERY, name.data, &key);
}

static int append_hash(credence_call *call, const credence_bytes *name)
{
  unsigned char mac[CREDENCE_SHA256_SIZE];
  char text[CREDENCE_BASE64_ROOM(sizeof(mac))];
  credence_bytes query;
  const credence_bytes hash = {text, sizeof(text) - 1};
  int r = credence_request_part(call, CREDENCE_QUERY, &query);
  if (r < 0)
    return r;
  credence_trace(call, "string to sign", &query);
  r = credence_hmac(call, CREDENCE_SHA256, "secret_key", &query, 1, mac, sizeof(mac));
  if (r < 0)
    return r;
  credence_base64(text, mac, sizeof(mac));
  /* A raw "+" would reach PHP as a space: the host percent-encodes it. */
  return credence_edit(call, CREDENCE_APPEND_QUERY, name->data, &hash);
}

static int sign(void *instance, credence_call *call)
{
  credence_bytes hash_name;
  (void)instance;
  int r = credence_value(call, "hash_parameter", &hash_name);
  if (r == 0)
    r = append_key(call);
  return r < 0 ? r : append_hash(call, &hash_name);
}

static int is_zero(uint32_t type, const credence_bytes *text)
{
  if (type == CREDENCE_JSON_BOOLEAN)
    return text->size == 5; /* "false" */
  return (type == CREDENCE_JSON_NUMBER || type == CREDENCE_JSON_STRING) && text->size == 1 &&
         *(const char *)text->data == '0';
}

/* A failure comes as {"success":0,"message":"..."}, mostly with status 200. */
static int judge(void *instance, credence_call *call)
{
  uint32_t type = 0;
  credence_bytes text;
  (void)instance;
  if (credence_response_json(call, "/success", &type, &text) < 0 || !is_zero(type, &text))
    return CREDENCE_DONE;
  int rejected = credence_status(call) == 401 || credence_status(call) == 403;
  int code = rejected ? CREDENCE_E_REJECTED : CREDENCE_E_FAILED;
  if (credence_response_json(call, "/message", &type, &text) < 0 || type != CREDENCE_JSON_STRING)
    return credence_fail(call, code, "the server says that the request failed, and not why");
  return credence_fail(call, code, text.data);
}

static const credence_provider provider = {
    .size = sizeof(credence_provider),
    .needs_minor = 0,
    .threads = CREDENCE_THREADS_PARALLEL,
    .id = "6connect",
    .sign = sign,
    .judge = judge,
};

CREDENCE_EXPORT const credence_provider *credence_provider_v1(const credence_host *host, uint32_t index)
{
  (void)host;
  return index == 0 ? &provider : NULL;
}
