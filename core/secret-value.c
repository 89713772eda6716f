/* SPDX-License-Identifier: BSD-3-Clause */
/* secret-value.c - a secret, and its keyed digest states; see secret-value.h */
#include "config.h"

#include <string.h>

#include "secret-value.h"
#include "secret.h"

#define TELLING 12u /* so much of a secret is too much: text may have been cut */

void secret_value_clear(struct secret_value *value)
{
  secret_free(value->data);
  value->data = NULL;
  value->size = 0;
  for (size_t a = 0; a < ALGORITHMS; a++) {
    hmac_key_free(atomic_load(&value->keys[a]));
    atomic_store(&value->keys[a], NULL);
  }
}

int secret_value_set(struct secret_value *value, const void *data, size_t size)
{
  char *copy = secret_copy(data, size);
  if (copy == NULL)
    return CREDENCE_E_NOMEM;
  secret_value_clear(value);
  value->data = copy;
  value->size = size;
  return 0;
}

int secret_value_is_in(const struct secret_value *value, const char *text)
{
  size_t size = value->size < TELLING ? value->size : TELLING;
  return value->data != NULL && size >= 4 && memmem(text, strlen(text), value->data, size) != NULL;
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
