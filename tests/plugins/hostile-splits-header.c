/* SPDX-License-Identifier: BSD-3-Clause */
/* A plugin that puts two headers where one belongs. */
#include "credence-plugin.h"

static int sign(void *instance, credence_call *call)
{
  (void)instance;
  const credence_bytes value = credence_text("a\r\nX-Admin: yes");
  return credence_edit(call, CREDENCE_SET_HEADER, "X-A", &value);
}

static const credence_provider provider = {
    .size = sizeof(credence_provider),
    .threads = CREDENCE_THREADS_PARALLEL,
    .id = "hostile-splits-header",
    .sign = sign,
};

CREDENCE_EXPORT const credence_provider *credence_provider_v1(const credence_host *host, uint32_t index)
{
  (void)host;
  return index == 0 ? &provider : NULL;
}
