/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * hmac.h - HMAC (RFC 2104) with the keyed state kept ready
 *
 * A key is turned once into two digest states, the inner and the outer, which
 * are never changed afterwards: any number of threads compute from them without
 * a lock, each with a scratch context of its own.
 *
 * Why not EVP_MAC: its context keeps a copy of the key in ordinary memory,
 * where it ends up in core dumps, and cannot be shared between threads.  The
 * states here do not reveal the key.
 */
#ifndef CORE_HMAC_H
#define CORE_HMAC_H

#include <openssl/evp.h>

#include "credence-plugin.h"

#define ALGORITHMS 5u /* CREDENCE_SHA1 ... CREDENCE_MD5, and 0 */

struct hmac_key;

/* The digest for CREDENCE_SHA256 and so on, fetched once in a process; NULL
 * for a number that is not known or that the system does not offer. */
const EVP_MD *digest_find(uint32_t algorithm);

/* Begin a digest in scratch.  out_size must be the digest's size. */
int digest_begin(EVP_MD_CTX *scratch, uint32_t algorithm, size_t out_size);
/* Digest of the parts.  out_size must be the digest's size. */
int digest_parts(EVP_MD_CTX *scratch, uint32_t algorithm, const credence_bytes *parts, size_t count,
                 void *out, size_t out_size);

int hmac_key_new(uint32_t algorithm, const void *key, size_t size, struct hmac_key **ret_key);
void hmac_key_free(struct hmac_key *key);
/* mac_size must be the digest's size. */
int hmac_parts(const struct hmac_key *key, EVP_MD_CTX *scratch, const credence_bytes *parts, size_t count,
               void *mac, size_t mac_size);

#endif
