/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * api-key.c - a key in a header or a query parameter of any name
 *
 * For the many APIs that want a key and no signature.  The host puts the key in
 * its place; it is not seen here.  Prefer the header: servers and proxies write
 * query strings to their logs.
 */
#include "credence-plugin.h"

static int sign(void *instance, credence_call *call)
{
  credence_bytes prefix = {NULL, 0};
  credence_bytes name;
  uint32_t change = CREDENCE_APPEND_QUERY;
  (void)instance;
  int r = credence_value(call, "query", &name);
  if (r == CREDENCE_E_NOT_FOUND) {
    change = CREDENCE_SET_HEADER;
    r = credence_value(call, "header", &name);
  }
  if (r < 0)
    return r;
  r = credence_value(call, "prefix", &prefix);
  if (r < 0 && r != CREDENCE_E_NOT_FOUND)
    return r;
  /* Settings have no space at their end, so a word is a scheme: "Token KEY". */
  const credence_bytes space = credence_text(" ");
  return credence_edit_secret(call, change, name.data, r == 0 ? &prefix : NULL, r == 0 ? &space : NULL, "key",
                              CREDENCE_PLAIN);
}

static const credence_provider provider = {
    .size = sizeof(credence_provider),
    .needs_minor = 0,
    .threads = CREDENCE_THREADS_PARALLEL,
    .id = "api-key",
    .sign = sign,
};

CREDENCE_EXPORT const credence_provider *credence_provider_v1(const credence_host *host, uint32_t index)
{
  (void)host;
  return index == 0 ? &provider : NULL;
}
