/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * json-find.h - read one value of a JSON text
 *
 * The answer to a login holds a token.  A JSON library makes a tree of it in
 * ordinary memory, which keeps the token when it is freed; here a value is a
 * part of the text itself, and is decoded to memory of the caller, who wipes
 * it.  Nothing is allocated, and a text may have any size.
 *
 * Check a text with json_valid() before anything else.  Of a text that is not
 * valid json_find() may answer anything, but it reads nothing behind its end.
 */
#ifndef CORE_JSON_FIND_H
#define CORE_JSON_FIND_H

#include <stddef.h>
#include <stdint.h>

struct json_value {
  unsigned type;  /* CREDENCE_JSON_* of credence-plugin.h */
  const char *at; /* the raw text of the value; for a string, between its quotes */
  size_t size;
};

/* Is text, size bytes, one JSON value (RFC 8259) with at most 64 arrays and
 * objects within each other?  Strict: no comments, no trailing commas, no NaN,
 * valid UTF-8, no surrogate escape without its other half, nothing but white
 * space around it. */
int json_valid(const char *text, size_t size);

/* The value that a JSON Pointer (RFC 6901) names in a valid text: 0,
 * CREDENCE_E_NOT_FOUND, or CREDENCE_E_INVALID for a malformed pointer.  Of
 * members with equal names the last counts, as in most readers.  A member name
 * with a NUL character (\u0000) cannot be named.  The part of the text that the
 * pointer leads through is read once for each of its tokens. */
int json_find(const char *text, size_t size, const char *pointer, struct json_value *ret_value);

/* Decode the raw text of a string into out, which has room for size bytes and
 * does not overlap; answers the length.  Adds no NUL byte, but the string may
 * have some in it. */
size_t json_decode(char *out, const char *raw, size_t size);

/* The integer that a number stands for, or a string that is a number in the form
 * of JSON, without escapes.  A fraction is cut off: 3600.9 is 3600, and -0.5
 * is 0.  CREDENCE_E_MALFORMED when it is no number or does not fit 53 bits and a
 * sign. */
int json_integer(const struct json_value *value, int64_t *ret_integer);

#endif
