/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A good citizen that puts the digest of the body into the header X-Digest, and the
 * length that will be sent into X-Length.  The option "does" makes it do something
 * to the body first:
 *
 *   nothing  nothing
 *   read     ask for its bytes
 *   replace  put another in its place
 *   form     append a field to it
 */
#include "credence-plugin.h"

#include <string.h>

static int is(credence_bytes bytes, const char *text)
{
  return bytes.data != NULL && bytes.size == strlen(text) && memcmp(bytes.data, text, bytes.size) == 0;
}

static int do_first(credence_call *call)
{
  const credence_bytes other = credence_text("another");
  credence_bytes does;
  credence_bytes body;
  int r = credence_value(call, "does", &does);
  if (r == 0 && is(does, "read"))
    r = credence_request_part(call, CREDENCE_BODY, &body);
  if (r == 0 && is(does, "replace"))
    r = credence_edit(call, CREDENCE_SET_BODY, "text/x-other", &other);
  if (r == 0 && is(does, "form"))
    r = credence_edit(call, CREDENCE_APPEND_FORM, "name", &other);
  return r;
}

static int put_digest(credence_call *call)
{
  unsigned char digest[CREDENCE_SHA256_SIZE];
  char text[CREDENCE_HEX_ROOM(CREDENCE_SHA256_SIZE)];
  int r = credence_body_digest(call, CREDENCE_SHA256, digest, sizeof(digest));
  if (r < 0)
    return r;
  credence_hex(text, digest, sizeof(digest));
  const credence_bytes value = credence_text(text);
  return credence_edit(call, CREDENCE_SET_HEADER, "X-Digest", &value);
}

static int put_length(credence_call *call)
{
  credence_bytes length;
  int r = credence_request_part(call, CREDENCE_CONTENT_LENGTH, &length);
  if (r < 0 || length.data == NULL)
    return r;
  return credence_edit(call, CREDENCE_SET_HEADER, "X-Length", &length);
}

static int sign(void *instance, credence_call *call)
{
  (void)instance;
  int r = do_first(call);
  if (r == 0)
    r = put_digest(call);
  return r < 0 ? r : put_length(call);
}

static const credence_provider provider = {
    .size = sizeof(credence_provider),
    .needs_minor = 2,
    .threads = CREDENCE_THREADS_PARALLEL,
    .id = "digest-citizen",
    .sign = sign,
};

CREDENCE_EXPORT const credence_provider *credence_provider_v1(const credence_host *host, uint32_t index)
{
  (void)host;
  return index == 0 ? &provider : NULL;
}
