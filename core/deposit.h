/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * deposit.h - put the record of a profile into a keyring that the profile does not name yet
 *
 * The order is: deposit_put(), deposit_check(), and when both went well the profile's file
 * is written; otherwise deposit_take_back().  Until the file names the keyring nobody reads
 * there, so that a crash in between leaves a copy that does not count.  Nothing that
 * somebody else may have put there is overwritten.
 */
#ifndef CORE_DEPOSIT_H
#define CORE_DEPOSIT_H

#include "place.h"

struct deposit {
  credence_context *context;
  const char *name;    /* of the profile */
  const char *record;  /* NULL: the profile has none */
  const char *session; /* NULL: a session that is there goes */
  struct place place;
  int replace;      /* overwrite what is there and differs */
  char *before;     /* what was there, in secret memory; NULL: nothing */
  int is_put;       /* or may be: a helper that died does not say */
  char *store;      /* where the keyring has put it; NULL: it does not say */
  int session_kept; /* could the keyring take it? */
};

/* Put it there.  CONFLICT when something else is there. */
int deposit_put(struct deposit *deposit, credence_error **error);
/* Is it there?  Asks a new helper, which remembers nothing. */
int deposit_check(const struct deposit *deposit, credence_error **error);
/* Make the keyring what it was, as far as it can be done. */
void deposit_take_back(const struct deposit *deposit);
/* The store that the profile's file shall say. */
const char *deposit_store(const struct deposit *deposit);
/* The profile's file is written: make this the record, as far as it can be done. */
void deposit_settle(const struct deposit *deposit, const char *record);
void deposit_clear(struct deposit *deposit);

#endif
