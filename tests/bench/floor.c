/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * floor.c - what OpenSSL alone takes for the same bytes
 *
 * One EVP_MAC context is used again and again with the key that it has, and one
 * digest context for all digests.  It is what a program does that signs with OpenSSL 3
 * and knows how; copies of digest states, as core/hmac.c makes them, are a little quicker.
 */
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

struct floor {
  EVP_MAC_CTX *mac;
  EVP_MD_CTX *digest;
  EVP_MD *sha256;
  struct text to_sign;
  struct text digested[2]; /* the canonical request, and the body */
};

struct floor *floor_new(const struct subject *subject)
{
  if (subject->kind->mac == NULL)
    return NULL;
  char name[16];
  strncpy(name, subject->kind->mac, sizeof(name) - 1);
  name[sizeof(name) - 1] = '\0';
  OSSL_PARAM digest[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0),
                         OSSL_PARAM_construct_end()};
  struct floor *floor = calloc(1, sizeof(*floor));
  if (floor == NULL)
    die("out of memory", NULL);
  EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
  floor->mac = EVP_MAC_CTX_new(hmac);
  EVP_MAC_free(hmac);
  floor->digest = EVP_MD_CTX_new();
  floor->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
  if (!EVP_MAC_init(floor->mac, (const unsigned char *)"any key of this length", 22, digest) ||
      !EVP_DigestInit_ex2(floor->digest, floor->sha256, NULL))
    die("OpenSSL has no HMAC", NULL);
  floor->to_sign = subject->to_sign;
  if (subject->canonical.data != NULL) {
    floor->digested[0] = subject->canonical;
    floor->digested[1] = (struct text){(char *)(uintptr_t)subject->kind->body, subject->kind->body_size};
  }
  return floor;
}

void floor_free(struct floor *floor)
{
  if (floor == NULL)
    return;
  EVP_MAC_CTX_free(floor->mac);
  EVP_MD_CTX_free(floor->digest);
  EVP_MD_free(floor->sha256);
  free(floor);
}

void floor_mac(void *subject)
{
  const struct floor *floor = subject;
  unsigned char out[EVP_MAX_MD_SIZE];
  size_t size = 0;
  if (!EVP_MAC_init(floor->mac, NULL, 0, NULL) ||
      !EVP_MAC_update(floor->mac, (const unsigned char *)floor->to_sign.data, floor->to_sign.size) ||
      !EVP_MAC_final(floor->mac, out, &size, sizeof(out)))
    die("HMAC failed", NULL);
}

void floor_mac_and_digests(void *subject)
{
  const struct floor *floor = subject;
  unsigned char out[EVP_MAX_MD_SIZE];
  for (size_t i = 0; i < 2; i++)
    if (floor->digested[i].size > 0 &&
        (!EVP_DigestInit_ex2(floor->digest, floor->sha256, NULL) ||
         !EVP_DigestUpdate(floor->digest, floor->digested[i].data, floor->digested[i].size) ||
         !EVP_DigestFinal_ex(floor->digest, out, NULL)))
      die("the digest failed", NULL);
  floor_mac(subject);
}
