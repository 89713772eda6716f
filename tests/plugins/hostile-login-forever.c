/* SPDX-License-Identifier: BSD-3-Clause */
/* Has one question more after every answer, and never sends anything. */
#include "credence-plugin.h"

static int sign(void *instance, credence_call *call)
{
  (void)instance;
  return credence_edit_secret(call, CREDENCE_SET_HEADER, "X-Token", NULL, NULL, "token", CREDENCE_PLAIN);
}

static int login(void *instance, credence_call *call)
{
  char name[2] = "a";
  int r = CREDENCE_OK;
  (void)instance;
  for (; r == CREDENCE_OK && name[0] <= 'z'; name[0]++)
    r = credence_ask(call, CREDENCE_ASK_TEXT, name, "And now?");
  return r;
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
    .id = "hostile-login-forever",
    .sign = sign,
    .login = login,
    .logged_in = logged_in,
};

CREDENCE_EXPORT const credence_provider *credence_provider_v1(const credence_host *host, uint32_t index)
{
  (void)host;
  return index == 0 ? &provider : NULL;
}
