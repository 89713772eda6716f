/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * import-pair.h - replace a profile's fields and its secrets in one step
 *
 * An import that replaces a profile may bring other fields, an API key for instance, which
 * its secret belongs with.  Until its file is written both records lie in the keyring, as
 * in a rotation: each says with which fields it belongs (rotation.h), and the file decides.
 */
#ifndef CORE_IMPORT_PAIR_H
#define CORE_IMPORT_PAIR_H

#include "error.h"
#include "profile-file.h"

/* A profile's file, and what a keyring holds for it. */
struct pair_side {
  const struct profile_file *file;
  const char *record;
};

/* The record to store before the file of to is written over that of from, in secret
 * memory.  NULL when no field tells the two apart: then writing the record of to is the
 * step that counts. */
int pair_make(const struct pair_side *from, const struct pair_side *to, char **ret_text,
              credence_error **error);

#endif
