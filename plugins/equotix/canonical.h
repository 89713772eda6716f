/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * canonical.h - the JSON text that Equotix One signs
 *
 * The server reads the body with PHP's json_decode, drops the members of the
 * outermost object that are objects or lists, sorts the others with ksort and
 * writes them with json_encode.  This makes the same text, byte for byte, or
 * says why it cannot.
 */
#ifndef EQUOTIX_CANONICAL_H
#define EQUOTIX_CANONICAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "text.h"

#define CANONICAL_BODY_MAX (1024 * 1024)
/* Bodies with up to so many members need no memory from the heap. */
#define CANONICAL_MEMBERS_LENT 32

struct canonical_member {
  const char *name;  /* without escapes */
  const char *value; /* as it stands in the body */
  uint32_t name_size, value_size;
  uint32_t position; /* of members with the same name, the last one counts */
};

struct canonical {
  struct canonical_member lent[CANONICAL_MEMBERS_LENT];
  struct canonical_member *members;
  size_t count, room;
  char *names; /* those that have escapes, once more without */
  size_t names_size;
  size_t close;     /* where in the body the closing brace stands */
  char reason[320]; /* why a call failed: one line */
};

/* The functions return CREDENCE_OK or a CREDENCE_E_* code with a reason. */

void canonical_begin(struct canonical *canonical);
void canonical_free(struct canonical *canonical);

/* Read the body, which must stay as it is until canonical_free.  Once only. */
int canonical_read(struct canonical *canonical, const char *body, size_t size);

bool canonical_has(const struct canonical *canonical, const char *name);
/* Add a member as if it stood at the end of the body.  name and value are kept,
 * not copied; value is JSON. */
int canonical_add(struct canonical *canonical, const char *name, const char *value, size_t value_size);
/* Append the text that is signed.  Sorts the members. */
int canonical_write(struct canonical *canonical, struct text *out);

#endif
