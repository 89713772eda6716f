/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * place.h - where secrets are: a keyring, and which of its stores
 *
 * Whoever copies a secret and then deletes the original has to know that these are
 * two.  A path may have several names, and a keyring may not know of stores at all.
 */
#ifndef CORE_PLACE_H
#define CORE_PLACE_H

#include "context.h"

struct place {
  char *keyring;
  char *store; /* NULL: the usual one, or not known */
};

int place_set(struct place *place, const char *keyring, const char *store, credence_error **error);
void place_clear(struct place *place);

/* May secrets be put there?  INVALID or REFUSED, before anything is started. */
int place_check_writable(const char *keyring, const char *store, credence_error **error);

/* *ret_same: is what is put into one found in the other?  Asks the keyrings, where their
 * names do not tell. */
int place_compare(credence_context *context, const struct place *a, const struct place *b, int *ret_same,
                  credence_error **error);

#endif
