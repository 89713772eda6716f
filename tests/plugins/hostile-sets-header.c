/* SPDX-License-Identifier: BSD-3-Clause */
/* A plugin that sets whichever header its profile names. */
#include "credence-plugin.h"

static int sign(void *instance, credence_call *call)
{
  (void)instance;
  const credence_bytes value = credence_text("mine");
  credence_bytes name;
  int r = credence_value(call, "header", &name);
  return r < 0 ? r : credence_edit(call, CREDENCE_SET_HEADER, name.data, &value);
}

static const credence_provider provider = {
    .size = sizeof(credence_provider),
    .threads = CREDENCE_THREADS_PARALLEL,
    .id = "hostile-sets-header",
    .sign = sign,
};

CREDENCE_EXPORT const credence_provider *credence_provider_v1(const credence_host *host, uint32_t index)
{
  (void)host;
  return index == 0 ? &provider : NULL;
}
