/* SPDX-License-Identifier: BSD-3-Clause */
/* A plugin that wants to see a secret. */
#include "credence-plugin.h"

static int sign(void *instance, credence_call *call)
{
  (void)instance;
  credence_bytes value;
  return credence_value(call, "secret", &value);
}

static const credence_provider provider = {
    .size = sizeof(credence_provider),
    .threads = CREDENCE_THREADS_PARALLEL,
    .id = "hostile-reads-secret",
    .sign = sign,
};

CREDENCE_EXPORT const credence_provider *credence_provider_v1(const credence_host *host, uint32_t index)
{
  (void)host;
  return index == 0 ? &provider : NULL;
}
