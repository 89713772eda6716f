/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * canonical.h - the canonical request: what is signed, in one agreed form
 *
 * All texts are in memory of the callback.
 */
#ifndef AWS_CANONICAL_H
#define AWS_CANONICAL_H

#include <string.h>

#include "credence-plugin.h"

/* A header that is signed. */
struct signed_header {
  const char *name; /* in lower case */
  size_t name_size;
  credence_bytes value;
};

struct signed_headers {
  struct signed_header *items; /* sorted */
  size_t count;
  credence_bytes names; /* "host;x-amz-date" */
};

struct path_rules {
  int normalize;
  int double_encode;
};

static inline int is_same_name(const struct signed_header *a, const struct signed_header *b)
{
  return a->name_size == b->name_size && memcmp(a->name, b->name, a->name_size) == 0;
}

/* The headers that are signed of the request as it is now, host with them, and
 * content-length unless that is missing. */
int signed_headers_collect(credence_call *call, credence_bytes content_length,
                           struct signed_headers *ret_headers);

/* payload is what stands for the body in the last line. */
int canonical_request(credence_call *call, const struct signed_headers *headers, struct path_rules rules,
                      credence_bytes payload, credence_bytes *ret_text);

/* Write bytes or a text, and return where the next go. */
static inline char *put(char *out, const void *data, size_t size)
{
  if (size > 0)
    memcpy(out, data, size);
  return out + size;
}

static inline char *put_text(char *out, const char *text)
{
  return put(out, text, strlen(text));
}

#endif
