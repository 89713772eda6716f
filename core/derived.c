/* SPDX-License-Identifier: BSD-3-Clause */
/* derived.c - keys that are made from a secret; see derived.h */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "credence.h"
#include "derived.h"
#include "secret.h"

struct derived {
  atomic_uint references;
  struct derived *next; /* in its secret's list */
  struct secret_value value;
  unsigned long from; /* the number of the secret */
  uint32_t algorithm;
  size_t count; /* of terms: lead and data */
  size_t sizes[DERIVED_PARTS + 1];
  char terms[]; /* one behind the other */
};

struct secret_value *derived_value(struct derived *derived)
{
  return &derived->value;
}

void derived_unref(struct derived *derived)
{
  if (derived == NULL || atomic_fetch_sub_explicit(&derived->references, 1, memory_order_acq_rel) > 1)
    return;
  secret_value_clear(&derived->value);
  free(derived);
}

void derived_free_list(struct derived *first)
{
  while (first != NULL) {
    struct derived *next = first->next;
    derived_unref(first);
    first = next;
  }
}

/* --- is it the one? ------------------------------------------------------------ */

static const credence_bytes *term(const struct derivation *how, size_t index)
{
  return index == 0 ? &how->lead : &how->data[index - 1];
}

static size_t terms_size(const struct derivation *how)
{
  size_t size = 0;
  for (size_t i = 0; i <= how->count; i++)
    size += term(how, i)->size;
  return size;
}

static void terms_write(struct derived *derived, const struct derivation *how)
{
  char *out = derived->terms;
  derived->count = how->count + 1;
  for (size_t i = 0; i <= how->count; i++) {
    const credence_bytes *t = term(how, i);
    derived->sizes[i] = t->size;
    if (t->size > 0)
      memcpy(out, t->data, t->size);
    out += t->size;
  }
}

static int matches(const struct derived *derived, const struct secret_value *from,
                   const struct derivation *how)
{
  const char *at = derived->terms;
  if (derived->from != from->number || derived->algorithm != how->algorithm ||
      derived->count != how->count + 1)
    return 0;
  for (size_t i = 0; i <= how->count; i++)
    if (derived->sizes[i] != term(how, i)->size)
      return 0;
  for (size_t i = 0; i <= how->count; at += derived->sizes[i++])
    if (derived->sizes[i] > 0 && memcmp(at, term(how, i)->data, derived->sizes[i]) != 0)
      return 0;
  return 1;
}

/* --- make it -------------------------------------------------------------------- */

/* The HMAC of part under the key of that size, in place of the key. */
static int step(unsigned char *key, size_t size, uint32_t algorithm, const credence_bytes *part,
                EVP_MD_CTX *scratch, size_t *ret_size)
{
  struct hmac_key *ready = NULL;
  size_t mac_size = (size_t)EVP_MD_get_size(digest_find(algorithm));
  int r = hmac_key_new(algorithm, key, size, &ready);
  if (r == 0)
    r = hmac_parts(ready, scratch, part, 1, key, mac_size);
  hmac_key_free(ready);
  if (r == 0)
    *ret_size = mac_size;
  return r;
}

/* lead and the secret are the first key, and each HMAC is the next. */
static int run_chain(const struct secret_value *from, const struct derivation *how, EVP_MD_CTX *scratch,
                     struct secret_value *value)
{
  int r = 0;
  size_t size = how->lead.size + from->size;
  unsigned char *key = secret_alloc(size > EVP_MAX_MD_SIZE ? size : EVP_MAX_MD_SIZE);
  if (key == NULL)
    return CREDENCE_E_NOMEM;
  if (how->lead.size > 0)
    memcpy(key, how->lead.data, how->lead.size);
  memcpy(key + how->lead.size, from->data, from->size);
  for (size_t i = 0; r == 0 && i < how->count; i++)
    r = step(key, size, how->algorithm, &how->data[i], scratch, &size);
  if (r == 0)
    r = secret_value_set(value, key, size);
  (void)EVP_MD_CTX_reset(scratch); /* its state is the key */
  secret_free(key);
  return r;
}

static int derived_new(const struct secret_value *from, const struct derivation *how, EVP_MD_CTX *scratch,
                       struct derived **ret_derived)
{
  struct derived *new = calloc(1, sizeof(*new) + terms_size(how));
  if (new == NULL)
    return CREDENCE_E_NOMEM;
  atomic_init(&new->references, 1);
  new->from = from->number;
  new->algorithm = how->algorithm;
  terms_write(new, how);
  int r = run_chain(from, how, scratch, &new->value);
  if (r < 0) {
    derived_unref(new);
    return r;
  }
  *ret_derived = new;
  return 0;
}

/* --- keep it -------------------------------------------------------------------- */

/* With a reference for the caller; NULL when it is not there. */
static struct derived *look_up(struct secret_value *from, const struct derivation *how, pthread_mutex_t *lock)
{
  struct derived *found = NULL;
  pthread_mutex_lock(lock);
  for (struct derived *d = from->derived; d != NULL && found == NULL; d = d->next)
    if (matches(d, from, how))
      found = d;
  if (found != NULL)
    atomic_fetch_add_explicit(&found->references, 1, memory_order_relaxed);
  pthread_mutex_unlock(lock);
  return found;
}

/* First in the list, which then holds a reference of its own; the oldest goes when
 * there are too many.  Two threads may put the same key there, which does no harm. */
static void keep(struct secret_value *from, struct derived *new, pthread_mutex_t *lock)
{
  struct derived **link = &new->next;
  atomic_fetch_add_explicit(&new->references, 1, memory_order_relaxed);
  pthread_mutex_lock(lock);
  new->next = from->derived;
  from->derived = new;
  for (size_t i = 1; *link != NULL && i < DERIVED_KEPT; i++)
    link = &(*link)->next;
  struct derived *rest = *link;
  *link = NULL;
  pthread_mutex_unlock(lock);
  derived_free_list(rest);
}

int derived_get(struct secret_value *from, const struct derivation *how, pthread_mutex_t *lock,
                EVP_MD_CTX *scratch, struct derived **held)
{
  if (*held != NULL && matches(*held, from, how))
    return 0;
  struct derived *found = look_up(from, how, lock);
  if (found == NULL) {
    int r = derived_new(from, how, scratch, &found);
    if (r < 0)
      return r;
    keep(from, found, lock);
  }
  derived_unref(*held);
  *held = found;
  return 0;
}
