/* SPDX-License-Identifier: BSD-3-Clause */
/* Changes where the program's own request goes. */
#include "credence-plugin.h"

static int sign(void *instance, credence_call *call)
{
  const credence_bytes elsewhere = credence_text("/elsewhere");
  (void)instance;
  return credence_edit(call, CREDENCE_SET_TARGET, NULL, &elsewhere);
}

static const credence_provider provider = {
    .size = sizeof(credence_provider),
    .needs_minor = 1,
    .threads = CREDENCE_THREADS_PARALLEL,
    .id = "hostile-target-in-sign",
    .sign = sign,
};

CREDENCE_EXPORT const credence_provider *credence_provider_v1(const credence_host *host, uint32_t index)
{
  (void)host;
  return index == 0 ? &provider : NULL;
}
