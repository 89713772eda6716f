/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * timestamp.c - a provider outside Credence's tree, to copy and change
 *
 * An invented API: three headers carry the key's name, the time in seconds, and
 * the HMAC-SHA256, in hexadecimal, of
 *
 *     METHOD "\n" PATH "\n" QUERY "\n" TIME "\n" BODY
 *
 * Build it with the installed header alone, and drop the two files in:
 *
 *     cc -shared -fPIC $(pkg-config --cflags credence) timestamp.c -o timestamp.so
 *     install -D -m 755 timestamp.so ~/.local/share/credence/plugins/timestamp.so
 *     install -D -m 644 timestamp.provider ~/.local/share/credence/providers/timestamp.provider
 */
#include <credence-plugin.h>

#include <stdio.h>

static int set_header(credence_call *call, const char *name, credence_bytes value)
{
  return credence_edit(call, CREDENCE_SET_HEADER, name, &value);
}

/* The five parts and the line ends between them. */
static int read_parts(credence_call *call, credence_bytes time, credence_bytes parts[9])
{
  const credence_bytes newline = credence_text("\n");
  int r = credence_request_part(call, CREDENCE_METHOD, &parts[0]);
  if (r == 0)
    r = credence_request_part(call, CREDENCE_PATH, &parts[2]);
  if (r == 0)
    r = credence_request_part(call, CREDENCE_QUERY, &parts[4]);
  if (r == 0)
    r = credence_request_part(call, CREDENCE_BODY, &parts[8]);
  parts[6] = time;
  parts[1] = parts[3] = parts[5] = parts[7] = newline;
  return r;
}

static int sign(void *instance, credence_call *call)
{
  credence_bytes parts[9];
  credence_bytes key_name;
  unsigned char mac[CREDENCE_SHA256_SIZE];
  char hex[CREDENCE_HEX_ROOM(CREDENCE_SHA256_SIZE)];
  char time[24];
  int r;
  (void)instance;
  snprintf(time, sizeof(time), "%lld", (long long)(credence_now(call) / 1000000));
  r = read_parts(call, credence_text(time), parts);
  if (r == 0)
    r = credence_hmac(call, CREDENCE_SHA256, "secret", parts, 9, mac, sizeof(mac));
  if (r == 0)
    r = credence_value(call, "key", &key_name);
  if (r < 0)
    return r;
  credence_hex(hex, mac, sizeof(mac));
  r = set_header(call, "X-Key", key_name);
  if (r == 0)
    r = set_header(call, "X-Time", credence_text(time));
  return r < 0 ? r : set_header(call, "X-Signature", credence_text(hex));
}

static const credence_provider provider = {
    .size = sizeof(credence_provider),
    .needs_minor = 0,
    .threads = CREDENCE_THREADS_PARALLEL,
    .id = "timestamp",
    .sign = sign,
};

CREDENCE_EXPORT const credence_provider *credence_provider_v1(const credence_host *host, uint32_t index)
{
  (void)host;
  return index == 0 ? &provider : NULL;
}
