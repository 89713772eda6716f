/* SPDX-License-Identifier: BSD-3-Clause */
/* A provider that does not like its profile, and says so to the terminal. */
#include "credence-plugin.h"

static int open_instance(const credence_host *host, credence_call *call, void **instance)
{
  (void)host;
  (void)instance;
  return credence_fail(call, CREDENCE_E_INVALID, "this house is \033[31mclosed\n");
}

static int sign(void *instance, credence_call *call)
{
  (void)instance;
  (void)call;
  return CREDENCE_OK;
}

static const credence_provider provider = {
    .size = sizeof(credence_provider),
    .threads = CREDENCE_THREADS_PARALLEL,
    .id = "hostile-open-fails",
    .sign = sign,
    .open = open_instance,
};

CREDENCE_EXPORT const credence_provider *credence_provider_v1(const credence_host *host, uint32_t index)
{
  (void)host;
  return index == 0 ? &provider : NULL;
}
