/* SPDX-License-Identifier: BSD-3-Clause */
/* A plugin that names a secret which its manifest does not have. */
#include "credence-plugin.h"

static int sign(void *instance, credence_call *call)
{
  (void)instance;
  unsigned char mac[CREDENCE_SHA256_SIZE];
  return credence_hmac(call, CREDENCE_SHA256, "nonesuch", NULL, 0, mac, sizeof(mac));
}

static const credence_provider provider = {
    .size = sizeof(credence_provider),
    .threads = CREDENCE_THREADS_PARALLEL,
    .id = "hostile-missing-secret",
    .sign = sign,
};

CREDENCE_EXPORT const credence_provider *credence_provider_v1(const credence_host *host, uint32_t index)
{
  (void)host;
  return index == 0 ? &provider : NULL;
}
