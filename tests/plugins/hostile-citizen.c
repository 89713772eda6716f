/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A good citizen that uses every service once, and answers with the number of
 * the first that did not do what credence-plugin.h says.
 */
#include "credence-plugin.h"

#include <string.h>

static int is(credence_bytes bytes, const char *text)
{
  return bytes.data != NULL && bytes.size == strlen(text) && memcmp(bytes.data, text, bytes.size) == 0;
}

static int check_values(credence_call *call)
{
  credence_bytes value;
  if (credence_value(call, "user", &value) < 0 || !is(value, "ann") || ((const char *)value.data)[3] != '\0')
    return 1;
  if (credence_value(call, "absent", &value) != CREDENCE_E_NOT_FOUND)
    return 2;
  if (credence_value(call, "secret", &value) != CREDENCE_E_REFUSED)
    return 3;
  return credence_value(call, "none", &value) == CREDENCE_E_NOT_FOUND ? 0 : 4;
}

static int open_instance(const credence_host *host, credence_call *call, void **instance)
{
  credence_bytes part;
  unsigned char out[32];
  *instance = NULL;
  if (host->size < offsetof(credence_host, log) || call->host != host || check_values(call) != 0)
    return credence_fail(call, CREDENCE_E_FAILED, "values at opening");
  /* There is no request yet. */
  if (credence_request_part(call, CREDENCE_PATH, &part) != CREDENCE_E_UNSUPPORTED ||
      credence_hmac(call, CREDENCE_SHA256, "secret", NULL, 0, out, 32) != CREDENCE_E_UNSUPPORTED ||
      credence_now(call) != CREDENCE_E_UNSUPPORTED || credence_status(call) != CREDENCE_E_UNSUPPORTED)
    return credence_fail(call, CREDENCE_E_FAILED, "a request at opening");
  return CREDENCE_OK;
}

static int check_request(credence_call *call)
{
  credence_bytes part;
  credence_bytes value;
  if (credence_request_part(call, CREDENCE_METHOD, &part) < 0 || !is(part, "POST"))
    return 10;
  if (credence_request_part(call, CREDENCE_SCHEME, &part) < 0 || !is(part, "https"))
    return 11;
  if (credence_request_part(call, CREDENCE_AUTHORITY, &part) < 0 || !is(part, "a.example"))
    return 12;
  if (credence_request_part(call, CREDENCE_PATH, &part) < 0 || !is(part, "/base/x"))
    return 13;
  if (credence_request_part(call, CREDENCE_BASE_PATH, &part) < 0 || !is(part, "/base"))
    return 14;
  if (credence_request_part(call, CREDENCE_QUERY, &part) < 0 || !is(part, "a=%20&b"))
    return 15;
  if (credence_request_part(call, CREDENCE_BODY, &part) < 0 || !is(part, "f=1"))
    return 16;
  if (credence_request_part(call, 99, &part) != CREDENCE_E_UNSUPPORTED)
    return 17;
  if (credence_header_at(call, 0, &part, &value) < 0 || !is(part, "X-A") || !is(value, "1"))
    return 18;
  if (credence_header_at(call, 2, &part, &value) != CREDENCE_E_NOT_FOUND)
    return 19;
  if (credence_query_at(call, 0, &part, &value) < 0 || !is(part, "a") || !is(value, "%20"))
    return 20;
  if (credence_query_at(call, 1, &part, &value) < 0 || !is(part, "b") || value.data != NULL)
    return 21;
  return credence_query_at(call, 2, &part, &value) == CREDENCE_E_NOT_FOUND ? 0 : 22;
}

static int check_numbers(credence_call *call)
{
  unsigned char one[64];
  unsigned char two[64];
  const credence_bytes body = credence_text("f=1");
  if (credence_digest(call, CREDENCE_SHA512, &body, 1, one, 64) < 0 ||
      credence_body_digest(call, CREDENCE_SHA512, two, 64) < 0 || memcmp(one, two, 64) != 0)
    return 30;
  if (credence_digest(call, CREDENCE_SHA256, &body, 1, one, 20) != CREDENCE_E_INVALID ||
      credence_digest(call, 99, &body, 1, one, 20) != CREDENCE_E_UNSUPPORTED)
    return 31;
  if (credence_hmac(call, CREDENCE_SHA1, "secret", &body, 1, one, 20) < 0 ||
      credence_hmac(call, CREDENCE_SHA1, "secret", &body, 1, two, 20) < 0 || memcmp(one, two, 20) != 0)
    return 32;
  if (credence_hmac(call, CREDENCE_SHA1, "user", &body, 1, one, 20) != CREDENCE_E_INVALID) /* no secret */
    return 33;
  if (credence_hmac(call, 99, "secret", &body, 1, one, 20) != CREDENCE_E_UNSUPPORTED)
    return 34;
  if (credence_now(call) != INT64_C(1234567890) || credence_now(call) != credence_now(call))
    return 35;
  if (credence_random(call, one, 7) < 0 || memcmp(one, "nonceno", 7) != 0)
    return 36;
  return 0;
}

/* Keys that are derived: by one step, by a chain that does the same, from each other. */
static int check_keys(credence_call *call)
{
  unsigned char one[32];
  unsigned char two[32];
  const credence_bytes data[] = {credence_text("a"), credence_text("b")};
  char *memory = credence_memory(call, 100);
  if (memory == NULL)
    return 50;
  memset(memory, 'x', 100);
  if (credence_derive(call, CREDENCE_SHA256, "secret", &data[0], "first") < 0 ||
      credence_derive(call, CREDENCE_SHA256, "first", &data[1], "second") < 0 ||
      credence_derive_chain(call, CREDENCE_SHA256, "secret", NULL, data, 2, "chain") < 0)
    return 51;
  if (credence_hmac(call, CREDENCE_SHA256, "second", data, 2, one, 32) < 0 ||
      credence_hmac(call, CREDENCE_SHA256, "chain", data, 2, two, 32) < 0 || memcmp(one, two, 32) != 0)
    return 52;
  if (credence_derive_chain(call, CREDENCE_SHA256, "secret", &data[0], data, 2, "chain") < 0 ||
      credence_hmac(call, CREDENCE_SHA256, "chain", data, 2, two, 32) < 0 || memcmp(one, two, 32) == 0)
    return 53; /* another lead is another key, under the same name */
  if (credence_derive(call, CREDENCE_SHA256, "secret", &data[0], NULL) != CREDENCE_E_INVALID ||
      credence_derive(call, CREDENCE_SHA256, "user", &data[0], "x") != CREDENCE_E_INVALID ||
      credence_derive_chain(call, CREDENCE_SHA256, "secret", NULL, data, 0, "x") != CREDENCE_E_INVALID ||
      credence_derive(call, 99, "secret", &data[0], "x") != CREDENCE_E_UNSUPPORTED)
    return 54;
  if (credence_edit_secret(call, CREDENCE_SET_HEADER, "X-Key", NULL, NULL, "chain", CREDENCE_PLAIN) !=
      CREDENCE_E_INVALID)
    return 55; /* a key is for computing with */
  if (credence_derive(call, CREDENCE_SHA256, "secret", &data[0], "fourth") < 0 ||
      credence_derive(call, CREDENCE_SHA256, "secret", &data[0], "fifth") != CREDENCE_E_TOO_LARGE)
    return 56;
  return credence_has(call, "secret") == 1 && credence_has(call, "nothing") == 0 ? 0 : 57;
}

static int make_edits(credence_call *call)
{
  const credence_bytes one = credence_text("1");
  const credence_bytes two = credence_text("2");
  const credence_bytes prefix = credence_text("Basic ");
  const credence_bytes lead = credence_text("ann:");
  const credence_bytes traced = credence_text("what is signed");
  credence_bytes before;
  credence_bytes header;
  credence_bytes name;
  if (credence_request_part(call, CREDENCE_QUERY, &before) < 0)
    return 40;
  if (credence_edit(call, CREDENCE_SET_HEADER, "X-Set", &one) < 0 ||
      credence_edit(call, CREDENCE_SET_HEADER, "x-set", &two) < 0)
    return 41;
  if (credence_edit(call, CREDENCE_ADD_HEADER, "X-Add", &one) < 0 ||
      credence_edit(call, CREDENCE_ADD_HEADER, "X-Add", &two) < 0)
    return 42;
  if (credence_edit(call, CREDENCE_APPEND_QUERY, "q", &one) < 0 ||
      credence_edit(call, CREDENCE_SET_QUERY, "q", &two) < 0)
    return 43;
  if (credence_edit(call, CREDENCE_APPEND_FORM, "g", &two) < 0)
    return 44;
  if (credence_edit_secret(call, CREDENCE_SET_HEADER, "Authorization", &prefix, &lead, "secret",
                           CREDENCE_BASE64) < 0)
    return 45;
  if (credence_edit_secret(call, CREDENCE_APPEND_QUERY, "token", NULL, NULL, "secret", CREDENCE_PLAIN) < 0)
    return 46;
  if (credence_edit(call, 99, "x", &one) != CREDENCE_E_UNSUPPORTED)
    return 47;
  if (credence_edit(call, CREDENCE_SET_HEADER, "X-A", &one) != CREDENCE_E_REFUSED) /* the caller's own */
    return 48;
  /* What plugins tell by accident: a secret, and one in base64, as the host placed it. */
  if (credence_header_at(call, 5, &name, &header) < 0)
    return 58;
  credence_trace(call, "header", &header);
  if (credence_request_part(call, CREDENCE_QUERY, &header) < 0)
    return 59;
  credence_trace(call, "query", &header);
  credence_trace(call, "string to sign", &traced);
  return is(before, "a=%20&b") ? 0 : 49; /* what was handed out stays as it was */
}

static int sign(void *instance, credence_call *call)
{
  (void)instance;
  int r = check_values(call);
  if (r == 0)
    r = check_request(call);
  if (r == 0)
    r = check_numbers(call);
  if (r == 0)
    r = check_keys(call);
  return r != 0 ? r : make_edits(call);
}

static int judge(void *instance, credence_call *call)
{
  credence_bytes name;
  credence_bytes value;
  uint32_t type = 0;
  (void)instance;
  if (credence_status(call) != 200)
    return 60;
  if (credence_response_header_at(call, 0, &name, &value) < 0 || !is(name, "X-R") || !is(value, "r") ||
      credence_response_header_at(call, 1, &name, &value) != CREDENCE_E_NOT_FOUND)
    return 61;
  if (credence_response_content(call, &value) < 0 || value.size == 0)
    return 62;
  if (credence_response_json(call, "/n", &type, &value) < 0 || type != CREDENCE_JSON_NUMBER ||
      !is(value, "1"))
    return 63;
  if (credence_response_json(call, "/a/1", &type, &value) < 0 || type != CREDENCE_JSON_BOOLEAN ||
      !is(value, "true"))
    return 64;
  if (credence_response_json(call, "/a", &type, &value) < 0 || type != CREDENCE_JSON_ARRAY ||
      value.data != NULL)
    return 65;
  if (credence_response_json(call, "/none", &type, &value) != CREDENCE_E_NOT_FOUND ||
      credence_response_json(call, NULL, &type, &value) != CREDENCE_E_INVALID)
    return 66;
  if (credence_response_json(call, "/m", &type, &value) < 0 || type != CREDENCE_JSON_STRING)
    return 67;
  return credence_fail(call, CREDENCE_E_REJECTED, value.data);
}

static const credence_provider provider = {
    .size = sizeof(credence_provider),
    .threads = CREDENCE_THREADS_PARALLEL,
    .id = "hostile-citizen",
    .open = open_instance,
    .sign = sign,
    .judge = judge,
};

CREDENCE_EXPORT const credence_provider *credence_provider_v1(const credence_host *host, uint32_t index)
{
  (void)host;
  return index == 0 ? &provider : NULL;
}
