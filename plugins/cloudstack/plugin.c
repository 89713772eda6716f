/* SPDX-License-Identifier: BSD-3-Clause */
/* plugin.c - CloudStack and CPBM: what they share, and the entry of the plugin */
#include "plugin.h"

#include <string.h>

static int append_signature(const struct params *params, credence_bytes prefix, credence_call *call)
{
  unsigned char mac[CREDENCE_SHA1_SIZE];
  char signature[CREDENCE_BASE64_ROOM(sizeof(mac))];
  size_t size = 0;
  char *text = params_text(params, prefix, call, &size);
  if (text == NULL)
    return CREDENCE_E_NOMEM;
  const credence_bytes to_sign = {text, size};
  credence_trace(call, "string to sign", &to_sign);
  int r = credence_hmac(call, CREDENCE_SHA1, "secret_key", &to_sign, 1, mac, sizeof(mac));
  if (r < 0)
    return r;
  credence_base64(signature, mac, sizeof(mac));
  const credence_bytes value = {signature, sizeof(signature) - 1};
  return credence_edit(call, CREDENCE_APPEND_QUERY, "signature", &value);
}

int sign_params(credence_call *call, const char *space, enum params_order order, credence_bytes prefix)
{
  struct params params;
  params_begin(&params, space);
  int r = params_collect(&params, call);
  if (r == 0)
    r = params_sort(&params, order, call);
  return r < 0 ? r : append_signature(&params, prefix, call);
}

int append_field(credence_call *call, uint32_t change, const char *name, const char *field)
{
  credence_bytes value;
  int r = credence_value(call, field, &value);
  return r < 0 ? r : credence_edit(call, change, name, &value);
}

CREDENCE_EXPORT const credence_provider *credence_provider_v1(const credence_host *host, uint32_t index)
{
  static const credence_provider *const providers[] = {&cloudstack_provider, &cpbm_provider};
  (void)host;
  return index < sizeof(providers) / sizeof(providers[0]) ? providers[index] : NULL;
}
