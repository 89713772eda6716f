/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two providers that bear no company: one wants to be alone in the plugin, one
 * in its instance.  Each notices when that does not hold, and counts without
 * atomics, so that a lost count shows as well.
 */
#include "credence-plugin.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct guard {
  int inside; /* only ever changed atomically */
  unsigned long count;
};

static struct guard of_plugin;

static int count_alone(struct guard *guard, credence_call *call)
{
  char text[32];
  if (__atomic_add_fetch(&guard->inside, 1, __ATOMIC_SEQ_CST) != 1)
    return credence_fail(call, CREDENCE_E_FAILED, "two at once");
  unsigned long count = guard->count;
  usleep(50); /* give another thread the time to be wrong */
  guard->count = count + 1;
  snprintf(text, sizeof(text), "%lu", guard->count);
  const credence_bytes value = credence_text(text);
  int r = credence_edit(call, CREDENCE_SET_HEADER, "X-Count", &value);
  __atomic_sub_fetch(&guard->inside, 1, __ATOMIC_SEQ_CST);
  return r;
}

static int sign_serial(void *instance, credence_call *call)
{
  (void)instance;
  return count_alone(&of_plugin, call);
}

static int open_instance(const credence_host *host, credence_call *call, void **instance)
{
  (void)host;
  (void)call;
  *instance = calloc(1, sizeof(struct guard));
  return *instance == NULL ? CREDENCE_E_NOMEM : CREDENCE_OK;
}

static int sign_instance(void *instance, credence_call *call)
{
  return count_alone(instance, call);
}

static const credence_provider providers[] = {
    {.size = sizeof(credence_provider),
     .threads = CREDENCE_THREADS_SERIAL,
     .id = "serial",
     .sign = sign_serial},
    {.size = sizeof(credence_provider),
     .threads = CREDENCE_THREADS_INSTANCE,
     .id = "instance",
     .open = open_instance,
     .close = free,
     .sign = sign_instance},
};

CREDENCE_EXPORT const credence_provider *credence_provider_v1(const credence_host *host, uint32_t index)
{
  (void)host;
  return index < 2 ? &providers[index] : NULL;
}
