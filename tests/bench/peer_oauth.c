/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * peer_oauth.c - liboauth: HMAC-SHA1 in base64 of the text that cloudstack signs
 *
 * Less than Credence does there, which makes that text from the request and puts the
 * signature into it.
 */
#include <stdlib.h> /* first: oauth.h wants size_t */

#include <oauth.h>

#include "peer.h"

static const char *signed_text;

static void start(const char *text)
{
  signed_text = text;
}

static void sign(void *unused)
{
  (void)unused;
  char *signature = oauth_sign_hmac_sha1(signed_text, "0123456789abcdefghijklmnopqrstuvwxyz");
  if (signature == NULL)
    abort();
  free(signature);
}

const struct peer *bench_peer(void)
{
  static const struct peer peer = {"liboauth " VERSION, "cloudstack", start, sign, NULL, NULL};
  return &peer;
}
