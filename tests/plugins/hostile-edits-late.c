/* SPDX-License-Identifier: BSD-3-Clause */
/* A plugin that changes the request when the answer is there. */
#include "credence-plugin.h"

static int judge(void *instance, credence_call *call)
{
  const credence_bytes value = credence_text("late");
  (void)instance;
  return credence_edit(call, CREDENCE_SET_HEADER, "X-A", &value);
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
    .id = "hostile-edits-late",
    .sign = sign,
    .judge = judge,
};

CREDENCE_EXPORT const credence_provider *credence_provider_v1(const credence_host *host, uint32_t index)
{
  (void)host;
  return index == 0 ? &provider : NULL;
}
