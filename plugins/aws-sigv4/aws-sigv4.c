/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * aws-sigv4.c - requests to AWS, signed with Signature Version 4
 *
 * settings.c reads the profile's options, place.c region and service from the host,
 * canonical*.c write the canonical request, signature.c signs it, sts.c gets temporary
 * keys, answer.c reads what AWS says to it.  The man page credence-aws-sigv4(7) tells
 * what is signed and what is not.
 */
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "signature.h"
#include "sts.h"

/* The options come first; the host tells what they leave out. */
static int find_place(credence_call *call, const struct settings *settings, struct place *ret_place)
{
  credence_bytes authority;
  memset(ret_place, 0, sizeof(*ret_place));
  if (settings->region[0] == '\0' || settings->service[0] == '\0') {
    int r = credence_request_part(call, CREDENCE_AUTHORITY, &authority);
    if (r < 0)
      return r;
    place_of_host(authority, ret_place);
  }
  if (settings->region[0] != '\0')
    memcpy(ret_place->region, settings->region, NAME_SIZE);
  if (settings->service[0] != '\0')
    memcpy(ret_place->service, settings->service, NAME_SIZE);
  if (ret_place->region[0] == '\0')
    return credence_fail(call, CREDENCE_E_NOT_FOUND,
                         "the host's name does not tell the region: give the profile region=..., such as "
                         "region=eu-west-1");
  if (ret_place->service[0] == '\0')
    return credence_fail(call, CREDENCE_E_NOT_FOUND,
                         "the host's name does not tell the service: give the profile service=..., such as "
                         "service=s3");
  return 0;
}

static int find_keys(credence_call *call, const struct settings *settings, struct keys *ret_keys)
{
  if (!settings->uses_sts) {
    *ret_keys = (struct keys){credence_text(settings->access_key_id), "secret_access_key",
                              settings->has_session_token ? "session_token" : NULL};
    return 0;
  }
  ret_keys->secret = "temporary_secret_access_key";
  ret_keys->token = "temporary_session_token";
  return credence_value(call, "temporary_access_key_id", &ret_keys->access_key_id);
}

static int sign(void *settings, credence_call *call)
{
  struct place place;
  struct keys keys;
  int r = find_place(call, settings, &place);
  if (r == 0)
    r = find_keys(call, settings, &keys);
  return r < 0 ? r : signature_put(call, settings, &keys, &place);
}

static const credence_provider provider = {
    .size = sizeof(credence_provider),
    .needs_minor = 2,
    .threads = CREDENCE_THREADS_PARALLEL,
    .id = "aws-sigv4",
    .open = settings_open,
    .close = settings_close,
    .sign = sign,
    .login = sts_login,
    .logged_in = sts_logged_in,
    .judge = judge,
};

CREDENCE_EXPORT const credence_provider *credence_provider_v1(const credence_host *host, uint32_t index)
{
  (void)host;
  return index == 0 ? &provider : NULL;
}
