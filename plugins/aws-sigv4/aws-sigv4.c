/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * aws-sigv4.c - requests to AWS, signed with Signature Version 4
 *
 * settings.c reads the profile's options, place.c region and service from the host,
 * canonical*.c write the canonical request, signature.c signs it, sts.c gets temporary
 * keys, answer.c reads what AWS says to it.  The man page credence-aws-sigv4(7) tells
 * what is signed and what is not.
 */
#include "answer.h"
#include "place.h"
#include "signature.h"
#include "sts.h"

static int no_place(credence_call *call, const char *text)
{
  return credence_fail(call, CREDENCE_E_NOT_FOUND, text);
}

/* What the options leave out, read from the host. */
static int sign_by_host(credence_call *call, const struct settings *settings, const struct keys *keys)
{
  struct place place;
  credence_bytes authority;
  int r = credence_request_part(call, CREDENCE_AUTHORITY, &authority);
  if (r < 0)
    return r;
  place_of_host(authority, &place);
  const char *region = settings->region[0] != '\0' ? settings->region : place.region;
  const char *service = settings->service[0] != '\0' ? settings->service : place.service;
  if (region[0] == '\0')
    return no_place(call, "the host's name does not tell the region: give the profile region=..., such as "
                          "region=eu-west-1");
  if (service[0] == '\0')
    return no_place(call, "the host's name does not tell the service: give the profile service=..., such as "
                          "service=s3");
  return signature_put(call, settings, keys, region, service);
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

static int sign(void *instance, credence_call *call)
{
  const struct settings *settings = instance;
  struct keys keys;
  int r = find_keys(call, settings, &keys);
  if (r < 0)
    return r;
  if (settings->region[0] == '\0' || settings->service[0] == '\0')
    return sign_by_host(call, settings, &keys);
  return signature_put(call, settings, &keys, settings->region, settings->service);
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
