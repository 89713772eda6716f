/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * secret-value.h - a secret, and its keyed digest states once they are used
 */
#ifndef CORE_SECRET_VALUE_H
#define CORE_SECRET_VALUE_H

#include <stdatomic.h>

#include "hmac.h"

struct derived;

struct secret_value {
  char *data; /* secret memory, NUL behind it; NULL: none */
  size_t size;
  unsigned long number;    /* of these bytes: no other secret of the process ever has it */
  struct derived *derived; /* keys that were made from it; see derived.h */
  _Atomic(struct hmac_key *) keys[ALGORITHMS]; /* made at first use, then kept */
};

/* Take a copy of the bytes in place of what is there, which nobody may be using. */
int secret_value_set(struct secret_value *value, const void *data, size_t size);
void secret_value_clear(struct secret_value *value);

/* Does text have it in it, or its beginning, plain, percent-encoded or in base64?  Not
 * looked for when it is shorter than four bytes, which any text may have. */
int secret_value_is_in(const struct secret_value *value, const char *text);

/* The key for that algorithm, made when it is not there yet.  Thread-safe; takes
 * no lock. */
int secret_value_key(struct secret_value *value, uint32_t algorithm, struct hmac_key **ret_key);

#endif
