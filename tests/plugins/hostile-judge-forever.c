/* SPDX-License-Identifier: BSD-3-Clause */
/* Wants another signature, whatever the server answers. */
#include "credence-plugin.h"

static int sign(void *instance, credence_call *call)
{
  (void)instance;
  (void)call;
  return CREDENCE_OK;
}

static int judge(void *instance, credence_call *call)
{
  (void)instance;
  (void)call;
  return CREDENCE_SIGN_AGAIN;
}

static const credence_provider provider = {
    .size = sizeof(credence_provider),
    .needs_minor = 1,
    .threads = CREDENCE_THREADS_PARALLEL,
    .id = "hostile-judge-forever",
    .sign = sign,
    .judge = judge,
};

CREDENCE_EXPORT const credence_provider *credence_provider_v1(const credence_host *host, uint32_t index)
{
  (void)host;
  return index == 0 ? &provider : NULL;
}
