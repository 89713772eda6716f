/* SPDX-License-Identifier: BSD-3-Clause */
/* hmac.c - HMAC with the keyed state kept ready; see hmac.h */
#include "config.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "credence.h"
#include "hmac.h"
#include "secret.h"

#define BLOCK_MAX 128u /* SHA-512's */

struct hmac_key {
  EVP_MD_CTX *inner;
  EVP_MD_CTX *outer;
  size_t size; /* of the digest */
};

static EVP_MD_CTX *begin_fetched(const char *name)
{
  EVP_MD *md = EVP_MD_fetch(NULL, name, NULL);
  EVP_MD_CTX *new = md == NULL ? NULL : EVP_MD_CTX_new();
  if (new != NULL && !EVP_DigestInit_ex2(new, md, NULL)) {
    EVP_MD_CTX_free(new);
    new = NULL;
  }
  EVP_MD_free(md); /* the context holds on to it */
  return new;
}

/* A digest that has begun and got no bytes yet, to be copied: cheaper than to begin one.
 * They live as long as the process: a fetch costs more than a whole signature.  Two
 * threads that fetch at once agree on one by exchange. */
static const EVP_MD_CTX *digest_begun(uint32_t algorithm)
{
  static _Atomic(EVP_MD_CTX *) cache[ALGORITHMS];
  static const char *const names[] = {NULL, "SHA1", "SHA256", "SHA512", "MD5"};
  if (algorithm < CREDENCE_SHA1 || algorithm > CREDENCE_MD5)
    return NULL;
  EVP_MD_CTX *found = atomic_load_explicit(&cache[algorithm], memory_order_acquire);
  if (found != NULL)
    return found;
  EVP_MD_CTX *new = begin_fetched(names[algorithm]);
  if (new == NULL || atomic_compare_exchange_strong(&cache[algorithm], &found, new))
    return new;
  EVP_MD_CTX_free(new);
  return found;
}

const EVP_MD *digest_find(uint32_t algorithm)
{
  const EVP_MD_CTX *begun = digest_begun(algorithm);
  return begun == NULL ? NULL : EVP_MD_CTX_get0_md(begun);
}

static int update_parts(EVP_MD_CTX *context, const credence_bytes *parts, size_t count)
{
  for (size_t i = 0; i < count; i++)
    if (!EVP_DigestUpdate(context, parts[i].data, parts[i].size))
      return CREDENCE_E_FAILED;
  return 0;
}

int digest_begin(EVP_MD_CTX *scratch, uint32_t algorithm, size_t out_size)
{
  const EVP_MD_CTX *begun = digest_begun(algorithm);
  if (begun == NULL)
    return CREDENCE_E_UNSUPPORTED;
  if ((size_t)EVP_MD_CTX_get_size(begun) != out_size)
    return CREDENCE_E_INVALID;
  return EVP_MD_CTX_copy_ex(scratch, begun) ? 0 : CREDENCE_E_FAILED;
}

int digest_parts(EVP_MD_CTX *scratch, uint32_t algorithm, const credence_bytes *parts, size_t count,
                 void *out, size_t out_size)
{
  int r = digest_begin(scratch, algorithm, out_size);
  if (r < 0)
    return r;
  if (update_parts(scratch, parts, count) < 0 || !EVP_DigestFinal_ex(scratch, out, NULL))
    return CREDENCE_E_FAILED;
  return 0;
}

static EVP_MD_CTX *padded_state(const EVP_MD *md, const unsigned char *block, size_t size, unsigned char pad,
                                unsigned char *work)
{
  for (size_t i = 0; i < size; i++)
    work[i] = block[i] ^ pad;
  EVP_MD_CTX *context = EVP_MD_CTX_new();
  if (context == NULL || !EVP_DigestInit_ex2(context, md, NULL) || !EVP_DigestUpdate(context, work, size)) {
    EVP_MD_CTX_free(context);
    return NULL;
  }
  return context;
}

/* The key as one block: longer keys are digested first. */
static int key_block(const EVP_MD *md, const void *key, size_t size, unsigned char *block, size_t block_size)
{
  if (size > block_size)
    return EVP_Digest(key, size, block, NULL, md, NULL) ? 0 : CREDENCE_E_FAILED;
  if (size > 0)
    memcpy(block, key, size);
  return 0;
}

static int make_states(struct hmac_key *new, const EVP_MD *md, const void *key, size_t size)
{
  size_t block_size = (size_t)EVP_MD_get_block_size(md);
  unsigned char *memory = secret_alloc(2 * BLOCK_MAX);
  int r = CREDENCE_E_NOMEM;
  if (memory == NULL || block_size > BLOCK_MAX)
    goto out;
  r = key_block(md, key, size, memory, block_size);
  if (r < 0)
    goto out;
  new->inner = padded_state(md, memory, block_size, 0x36, memory + BLOCK_MAX);
  new->outer = padded_state(md, memory, block_size, 0x5c, memory + BLOCK_MAX);
  if (new->inner == NULL || new->outer == NULL)
    r = CREDENCE_E_NOMEM;
out:
  secret_free(memory);
  return r;
}

int hmac_key_new(uint32_t algorithm, const void *key, size_t size, struct hmac_key **ret_key)
{
  const EVP_MD *md = digest_find(algorithm);
  if (md == NULL)
    return CREDENCE_E_UNSUPPORTED;
  struct hmac_key *new = calloc(1, sizeof(*new));
  if (new == NULL)
    return CREDENCE_E_NOMEM;
  new->size = (size_t)EVP_MD_get_size(md);
  int r = make_states(new, md, key, size);
  if (r < 0) {
    hmac_key_free(new);
    return r;
  }
  *ret_key = new;
  return 0;
}

void hmac_key_free(struct hmac_key *key)
{
  if (key == NULL)
    return;
  EVP_MD_CTX_free(key->inner); /* OpenSSL wipes the states */
  EVP_MD_CTX_free(key->outer);
  free(key);
}

int hmac_parts(const struct hmac_key *key, EVP_MD_CTX *scratch, const credence_bytes *parts, size_t count,
               void *mac, size_t mac_size)
{
  unsigned char inner[EVP_MAX_MD_SIZE];
  if (mac_size != key->size)
    return CREDENCE_E_INVALID;
  if (!EVP_MD_CTX_copy_ex(scratch, key->inner) || update_parts(scratch, parts, count) < 0 ||
      !EVP_DigestFinal_ex(scratch, inner, NULL))
    return CREDENCE_E_FAILED;
  if (!EVP_MD_CTX_copy_ex(scratch, key->outer) || !EVP_DigestUpdate(scratch, inner, key->size) ||
      !EVP_DigestFinal_ex(scratch, mac, NULL))
    return CREDENCE_E_FAILED;
  return 0;
}
