/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * derived.h - keys that are made from a secret, as AWS's signing key is
 *
 * Such a key is the end of a chain of HMACs, costs several times a signature,
 * and stays the same for a day.  So it is kept in two places.  Its secret has a
 * short list of those that were made from it, newest first, which goes away with
 * the secret.  A request holds on to the ones that it used last, so that signing
 * again takes no lock.  A key is wiped when nobody holds it any more.
 */
#ifndef CORE_DERIVED_H
#define CORE_DERIVED_H

#include <pthread.h>

#include "secret-value.h"

/* The keys of a secret that are kept: one for each day, region and service, say. */
#define DERIVED_KEPT 8u
/* The parts of a chain. */
#define DERIVED_PARTS 8u

/* What a key is made of. */
struct derivation {
  uint32_t algorithm;
  credence_bytes lead; /* stands in front of the secret */
  const credence_bytes *data;
  size_t count;
};

struct derived;

/* The key that is made from the secret.  *held is a key that the caller holds, or NULL:
 * it is kept when it is the right one, and otherwise let go and replaced.  lock
 * guards the lists of secrets.  scratch is the caller's own. */
int derived_get(struct secret_value *from, const struct derivation *how, pthread_mutex_t *lock,
                EVP_MD_CTX *scratch, struct derived **held);
struct secret_value *derived_value(struct derived *derived);

void derived_unref(struct derived *derived); /* NULL is fine */
/* Let the whole list go. */
void derived_free_list(struct derived *first);

#endif
