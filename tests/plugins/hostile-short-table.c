/* SPDX-License-Identifier: BSD-3-Clause */
/* A table that ends before sign. */
#include "credence-plugin.h"

static const credence_provider provider = {
    .size = offsetof(credence_provider, sign),
    .threads = CREDENCE_THREADS_PARALLEL,
    .id = "hostile-short-table",
};

CREDENCE_EXPORT const credence_provider *credence_provider_v1(const credence_host *host, uint32_t index)
{
  (void)host;
  return index == 0 ? &provider : NULL;
}
