/* SPDX-License-Identifier: BSD-3-Clause */
/* listing.h - what `providers` and `list` share: one entry per name, as a table
 * or as a JSON array */
#ifndef TOOL_LISTING_H
#define TOOL_LISTING_H

#include <stdbool.h>
#include <stddef.h>

#include "credence.h"
#include "table.h"

struct listing {
  bool json;
  size_t count; /* entries put so far */
  struct table table;
};

/* Put the entry of name.  Returns an exit code; one that fails does not keep the
 * others from being put. */
typedef int listing_add(struct listing *listing, credence_context *context, const char *name);

/* Begin an entry of the JSON array. */
void listing_next(struct listing *listing);
/* Frees names.  Returns EXIT_DONE or the last failure. */
int listing_run(struct listing *listing, credence_context *context, char **names, listing_add *add);

#endif
