/* SPDX-License-Identifier: BSD-3-Clause */
/* An entry that never says that there are no more providers. */
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
    .id = "hostile-endless",
    .sign = sign,
};

CREDENCE_EXPORT const credence_provider *credence_provider_v1(const credence_host *host, uint32_t index)
{
  (void)host;
  (void)index;
  return &provider;
}
