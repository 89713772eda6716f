/* SPDX-License-Identifier: BSD-3-Clause */
/* A plugin that forgets names.  Every service must answer with an error. */
#include "credence-plugin.h"

static int sign(void *instance, credence_call *call)
{
  (void)instance;
  unsigned char out[CREDENCE_SHA256_SIZE];
  const credence_bytes value = credence_text("x");
  credence_bytes text;
  credence_trace(call, NULL, &value);
  if (credence_value(call, NULL, &text) == 0 ||
      credence_hmac(call, CREDENCE_SHA256, NULL, NULL, 0, out, 32) == 0)
    return credence_fail(call, CREDENCE_E_FAILED, "a secret or value without a name");
  for (uint32_t change = CREDENCE_SET_HEADER; change <= CREDENCE_APPEND_FORM; change++)
    if (credence_edit(call, change, NULL, &value) == 0 ||
        credence_edit_secret(call, change, NULL, NULL, NULL, "secret", CREDENCE_PLAIN) == 0 ||
        credence_edit_secret(call, change, "x", NULL, NULL, NULL, CREDENCE_PLAIN) == 0 ||
        credence_edit(call, change, "x", NULL) == 0)
      return credence_fail(call, CREDENCE_E_FAILED, "an edit without a name or value");
  return credence_fail(call, CREDENCE_E_UNSUPPORTED, NULL);
}

static const credence_provider provider = {
    .size = sizeof(credence_provider),
    .threads = CREDENCE_THREADS_PARALLEL,
    .id = "hostile-null-names",
    .sign = sign,
};

CREDENCE_EXPORT const credence_provider *credence_provider_v1(const credence_host *host, uint32_t index)
{
  (void)host;
  return index == 0 ? &provider : NULL;
}
