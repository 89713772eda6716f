/* SPDX-License-Identifier: BSD-3-Clause */
/* secret-value.c - a secret, and its keyed digest states; see secret-value.h */
#include "config.h"

#include <string.h>

#include "derived.h"
#include "encode.h"
#include "secret-value.h"
#include "secret.h"

#define TELLING 12u /* so much of a secret is too much: text may have been cut */

void secret_value_clear(struct secret_value *value)
{
  secret_free(value->data);
  value->data = NULL;
  value->size = 0;
  derived_free_list(value->derived);
  value->derived = NULL;
  for (size_t a = 0; a < ALGORITHMS; a++) {
    hmac_key_free(atomic_load(&value->keys[a]));
    atomic_store(&value->keys[a], NULL);
  }
}

int secret_value_set(struct secret_value *value, const void *data, size_t size)
{
  static atomic_ulong last_number;
  char *copy = secret_copy(data, size);
  if (copy == NULL)
    return CREDENCE_E_NOMEM;
  secret_value_clear(value);
  value->data = copy;
  value->size = size;
  value->number = atomic_fetch_add_explicit(&last_number, 1, memory_order_relaxed) + 1;
  return 0;
}

static int has(const char *text, const char *piece, size_t size)
{
  return memmem(text, strlen(text), piece, size) != NULL;
}

/* In base64 the piece begins at one of three places within a group; its first and its
 * last digit may hold bits of what stands beside it. */
static int has_base64(const char *text, const char *piece, size_t size)
{
  char plain[2 + TELLING] = "";
  char digits[(2 + TELLING + 2) / 3 * 4];
  int found = 0;
  for (size_t shift = 0; shift < 3; shift++) {
    size_t first = (8 * shift + 5) / 6;
    size_t last = 8 * (shift + size) / 6;
    memcpy(plain + shift, piece, size);
    base64_encode(digits, plain, shift + size);
    found |= has(text, digits + first, last - first);
  }
  explicit_bzero(plain, sizeof(plain));
  explicit_bzero(digits, sizeof(digits));
  return found;
}

static int has_percent(const char *text, const char *piece, size_t size)
{
  char encoded[3 * TELLING];
  percent_encode(encoded, piece, size);
  int found = has(text, encoded, percent_size(piece, size));
  explicit_bzero(encoded, sizeof(encoded));
  return found;
}

int secret_value_is_in(const struct secret_value *value, const char *text)
{
  size_t size = value->size < TELLING ? value->size : TELLING;
  if (value->data == NULL || size < 4)
    return 0;
  return has(text, value->data, size) || has_base64(text, value->data, size) ||
         has_percent(text, value->data, size);
}

/* Two threads that make the same key at once agree on one by exchange. */
int secret_value_key(struct secret_value *value, uint32_t algorithm, struct hmac_key **ret_key)
{
  struct hmac_key *made = NULL;
  if (algorithm >= ALGORITHMS)
    return CREDENCE_E_UNSUPPORTED;
  struct hmac_key *key = atomic_load_explicit(&value->keys[algorithm], memory_order_acquire);
  if (key == NULL) {
    int r = hmac_key_new(algorithm, value->data, value->size, &made);
    if (r < 0)
      return r;
    if (atomic_compare_exchange_strong(&value->keys[algorithm], &key, made))
      key = made;
    else
      hmac_key_free(made);
  }
  *ret_key = key;
  return 0;
}
