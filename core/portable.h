/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * portable.h - what a profile's keyring holds of it, to be put elsewhere
 *
 * The record is byte for byte what the keyring has, whatever it holds beside the secrets.
 * Only one that is for any endpoint becomes one for the profile's: elsewhere nobody
 * watches over it.
 */
#ifndef CORE_PORTABLE_H
#define CORE_PORTABLE_H

#include "keyring.h"
#include "profile.h"

struct portable {
  char *record;   /* secret memory; NULL: a profile without secrets that has none */
  char *revision; /* of the record; "" for none */
  char *session;  /* secret memory; NULL: none */
};

/* From keyring, which is the profile's.  NOT_FOUND when it lacks the secrets. */
int portable_read(struct portable *portable, const credence_profile *profile, struct keyring *keyring,
                  credence_error **error);
/* The same with a keyring that is opened for it. */
int portable_fetch(struct portable *portable, const credence_profile *profile, credence_error **error);
void portable_clear(struct portable *portable);

#endif
