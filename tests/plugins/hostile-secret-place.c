/* SPDX-License-Identifier: BSD-3-Clause */
/* Would have the password where an error shows it: as the login's method. */
#include "credence-plugin.h"

static int sign(void *instance, credence_call *call)
{
  (void)instance;
  return credence_edit_secret(call, CREDENCE_SET_HEADER, "X-Token", NULL, NULL, "token", CREDENCE_PLAIN);
}

static int login(void *instance, credence_call *call)
{
  (void)instance;
  return credence_edit_secret(call, CREDENCE_SET_METHOD, NULL, NULL, NULL, "password", CREDENCE_PLAIN);
}

static int logged_in(void *instance, credence_call *call)
{
  (void)instance;
  (void)call;
  return CREDENCE_OK;
}

static const credence_provider provider = {
    .size = sizeof(credence_provider),
    .needs_minor = 1,
    .threads = CREDENCE_THREADS_PARALLEL,
    .id = "hostile-secret-place",
    .sign = sign,
    .login = login,
    .logged_in = logged_in,
};

CREDENCE_EXPORT const credence_provider *credence_provider_v1(const credence_host *host, uint32_t index)
{
  (void)host;
  return index == 0 ? &provider : NULL;
}
