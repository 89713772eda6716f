/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * bearer.c - a token in the Authorization header (RFC 6750, section 2.1)
 *
 * The smallest provider, and the one to begin from.  It never sees the token:
 * it says where the host shall put it.
 */
#include "credence-plugin.h"

static int sign(void *instance, credence_call *call)
{
  const credence_bytes prefix = credence_text("Bearer ");
  (void)instance;
  return credence_edit_secret(call, CREDENCE_SET_HEADER, "Authorization", &prefix, NULL, "token",
                              CREDENCE_PLAIN);
}

static const credence_provider provider = {
    .size = sizeof(credence_provider),
    .needs_minor = 0,
    .threads = CREDENCE_THREADS_PARALLEL,
    .id = "bearer",
    .sign = sign,
};

CREDENCE_EXPORT const credence_provider *credence_provider_v1(const credence_host *host, uint32_t index)
{
  (void)host;
  return index == 0 ? &provider : NULL;
}
