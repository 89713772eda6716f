/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * basic.c - user name and password in the Authorization header (RFC 7617)
 *
 * The host joins "USER:" and the password and encodes them: the password is not
 * seen here.
 */
#include "credence-plugin.h"

#include <string.h>

#define USERNAME_MAX 255u

static int sign(void *instance, credence_call *call)
{
  const credence_bytes prefix = credence_text("Basic ");
  credence_bytes username;
  char text[USERNAME_MAX + 1];
  (void)instance;
  int r = credence_value(call, "username", &username);
  if (r < 0)
    return r;
  /* The server takes what stands before the first colon for the name. */
  if (username.size > USERNAME_MAX || memchr(username.data, ':', username.size) != NULL)
    return credence_fail(call, CREDENCE_E_INVALID, "the user name has a colon or is longer than 255 bytes");
  memcpy(text, username.data, username.size);
  text[username.size] = ':';
  const credence_bytes lead = {text, username.size + 1};
  return credence_edit_secret(call, CREDENCE_SET_HEADER, "Authorization", &prefix, &lead, "password",
                              CREDENCE_BASE64);
}

static const credence_provider provider = {
    .size = sizeof(credence_provider),
    .needs_minor = 0,
    .threads = CREDENCE_THREADS_PARALLEL,
    .id = "basic",
    .sign = sign,
};

CREDENCE_EXPORT const credence_provider *credence_provider_v1(const credence_host *host, uint32_t index)
{
  (void)host;
  return index == 0 ? &provider : NULL;
}
