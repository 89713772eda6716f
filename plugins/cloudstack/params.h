/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * params.h - the parameters of a request, as a CloudStack-like server sees them
 *
 * The server takes the request apart, decodes names and values, encodes the
 * values anew with Java's URLEncoder, puts the names in order and lower-cases
 * the whole.  So what is signed does not depend on how the query is written, and
 * what the server could read in two ways is refused.
 */
#ifndef CLOUDSTACK_PARAMS_H
#define CLOUDSTACK_PARAMS_H

#include "credence-plugin.h"

#define PARAMS_MAX 256

struct param {
  char *name;  /* decoded */
  char *value; /* encoded as Java does, "" for none */
};

struct params {
  struct param items[PARAMS_MAX];
  size_t count;
  const char *space; /* how a space is encoded: "%20" or "+" */
};

/* Of ASCII letters alone, whatever the locale. */
int ascii_lower(int c);

void params_begin(struct params *params, const char *space);

/* Take those of the query, and of the body when that is a form. */
int params_collect(struct params *params, credence_call *call);

/* Order by name: byte by byte, or without regard to case, or byte by byte with
 * "_" in front of all. */
enum params_order { PARAMS_BYTES, PARAMS_LOWER_CASE, PARAMS_UNDERSCORE_FIRST };
/* REFUSED when two have the same place: the server reads only one of them. */
int params_sort(struct params *params, enum params_order order, credence_call *call);

/* prefix, then name=value joined by "&" in lower case, the prefix as it is.
 * The host's memory, as all of this; NULL when that runs out. */
char *params_text(const struct params *params, credence_bytes prefix, credence_call *call, size_t *ret_size);

#endif
