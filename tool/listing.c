/* SPDX-License-Identifier: BSD-3-Clause */
/* listing.c - what `providers` and `list` share; see listing.h */
#include "config.h"

#include <stdio.h>

#include "listing.h"
#include "output.h"

void listing_next(struct listing *listing)
{
  fputs(listing->count++ ? ",\n" : "", stdout);
}

int listing_run(struct listing *listing, credence_context *context, char **names, listing_add *add)
{
  int result = EXIT_DONE;

  if (listing->json)
    putchar('[');
  for (size_t i = 0; names[i]; i++) {
    int code = add(listing, context, names[i]);
    if (code != EXIT_DONE)
      result = code;
  }
  if (listing->json)
    fputs("]\n", stdout);
  else
    table_print(&listing->table);
  table_clear(&listing->table);
  credence_strings_free(&names);
  return result;
}
