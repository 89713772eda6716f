/* SPDX-License-Identifier: BSD-3-Clause */
/* A table with slots that are not invented yet; it works. */
#include "credence-plugin.h"

static int sign(void *instance, credence_call *call)
{
  (void)instance;
  const credence_bytes value = credence_text("longer");
  return credence_edit(call, CREDENCE_SET_HEADER, "X-Longer", &value);
}

static const struct {
  credence_provider now;
  const char *later[8];
} provider = {
    .now = {.size = sizeof(provider),
            .threads = CREDENCE_THREADS_PARALLEL,
            .id = "hostile-longer-table",
            .sign = sign},
    .later = {"not", "a", "function"},
};

CREDENCE_EXPORT const credence_provider *credence_provider_v1(const credence_host *host, uint32_t index)
{
  (void)host;
  return index == 0 ? &provider.now : NULL;
}
