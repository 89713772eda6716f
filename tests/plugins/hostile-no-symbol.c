/* SPDX-License-Identifier: BSD-3-Clause */
/* A shared object that is no plugin. */
#include "credence-plugin.h"

CREDENCE_EXPORT int something_else(void);

int something_else(void)
{
  return 0;
}
