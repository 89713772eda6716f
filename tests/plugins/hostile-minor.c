/* SPDX-License-Identifier: BSD-3-Clause */
/* A plugin that needs a newer host. */
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
    .id = "hostile-minor",
    .sign = sign,
    .needs_minor = CREDENCE_PLUGIN_MINOR + 1,
};

CREDENCE_EXPORT const credence_provider *credence_provider_v1(const credence_host *host, uint32_t index)
{
  (void)host;
  return index == 0 ? &provider : NULL;
}
