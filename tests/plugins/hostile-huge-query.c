/* SPDX-License-Identifier: BSD-3-Clause */
/* A plugin that appends a query of a mebibyte. */
#include "credence-plugin.h"

#include <stdlib.h>
#include <string.h>

static int sign(void *instance, credence_call *call)
{
  (void)instance;
  const size_t size = 1024 * 1024;
  char *text = malloc(size);
  credence_bytes value;
  if (text == NULL)
    return CREDENCE_E_NOMEM;
  memset(text, 'x', size);
  value.data = text;
  value.size = size;
  int r = credence_edit(call, CREDENCE_APPEND_QUERY, "q", &value);
  free(text);
  return r;
}

static const credence_provider provider = {
    .size = sizeof(credence_provider),
    .threads = CREDENCE_THREADS_PARALLEL,
    .id = "hostile-huge-query",
    .sign = sign,
};

CREDENCE_EXPORT const credence_provider *credence_provider_v1(const credence_host *host, uint32_t index)
{
  (void)host;
  return index == 0 ? &provider : NULL;
}
