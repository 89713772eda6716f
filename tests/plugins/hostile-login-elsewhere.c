/* SPDX-License-Identifier: BSD-3-Clause */
/* Sends the login to an origin that nobody has named. */
#include "credence-plugin.h"

static int sign(void *instance, credence_call *call)
{
  (void)instance;
  return credence_edit_secret(call, CREDENCE_SET_HEADER, "X-Token", NULL, NULL, "token", CREDENCE_PLAIN);
}

static int login(void *instance, credence_call *call)
{
  const credence_bytes elsewhere = credence_text("https://b.example/login");
  (void)instance;
  return credence_edit(call, CREDENCE_SET_TARGET, NULL, &elsewhere);
}

static int logged_in(void *instance, credence_call *call)
{
  const credence_bytes value = credence_text("t");
  (void)instance;
  return credence_session_put(call, "token", &value, 0);
}

static const credence_provider provider = {
    .size = sizeof(credence_provider),
    .needs_minor = 1,
    .threads = CREDENCE_THREADS_PARALLEL,
    .id = "hostile-login-elsewhere",
    .sign = sign,
    .login = login,
    .logged_in = logged_in,
};

CREDENCE_EXPORT const credence_provider *credence_provider_v1(const credence_host *host, uint32_t index)
{
  (void)host;
  return index == 0 ? &provider : NULL;
}
