/* SPDX-License-Identifier: BSD-3-Clause */
/* A provider with another name than the manifest says. */
#include "credence-plugin.h"

static int sign(void *instance, credence_call *call)
{
  (void)instance;
  (void)call;
  return CREDENCE_OK;
}

static const credence_provider provider = {
    .size = sizeof(credence_provider),
    .threads = CREDENCE_THREADS_PARALLEL,
    .id = "somebody-else",
    .sign = sign,
};

CREDENCE_EXPORT const credence_provider *credence_provider_v1(const credence_host *host, uint32_t index)
{
  (void)host;
  return index == 0 ? &provider : NULL;
}
