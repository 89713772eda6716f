/* SPDX-License-Identifier: BSD-3-Clause */
/* Signing that answers an error which nobody knows. */
#include "credence-plugin.h"

static int sign(void *instance, credence_call *call)
{
  (void)instance;
  (void)call;
  return -12345;
}

static const credence_provider provider = {
    .size = sizeof(credence_provider),
    .threads = CREDENCE_THREADS_PARALLEL,
    .id = "hostile-unknown-code",
    .sign = sign,
};

CREDENCE_EXPORT const credence_provider *credence_provider_v1(const credence_host *host, uint32_t index)
{
  (void)host;
  return index == 0 ? &provider : NULL;
}
