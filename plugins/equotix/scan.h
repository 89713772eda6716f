/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * scan.h - find the pieces of a JSON text
 *
 * The scanner accepts exactly what PHP's json_decode accepts, which is
 * RFC 8259 with at most 511 levels.  It copies nothing: a piece is a part of
 * the text, escapes and all, because duplicates, order and the way a number is
 * written all matter to the caller.  It does not recurse.
 */
#ifndef EQUOTIX_SCAN_H
#define EQUOTIX_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Levels of objects and arrays that PHP reads, the outermost one included: its
 * limit is 512, and the innermost values count as a level. */
#define SCAN_DEPTH 511

struct scan {
  const char *start, *at, *end;
  const char *problem; /* what is wrong at "at"; NULL while all is well */
};

struct scan_piece {
  const char *text;
  size_t size;
  bool escaped; /* a string with a backslash in it */
};

void scan_begin(struct scan *scan, const char *text, size_t size);

/* Set the problem, unless there is one already.  Returns false. */
bool scan_fail(struct scan *scan, const char *problem);

void scan_space(struct scan *scan);
/* Pass over space and this character; false, and no problem, when another one
 * or the end comes next. */
bool scan_take(struct scan *scan, char character);
/* Pass over space, a member's name and its colon.  The piece lies between the
 * quotation marks. */
bool scan_name(struct scan *scan, struct scan_piece *name);
/* Pass over space and a value that stands inside the outermost object. */
bool scan_value(struct scan *scan, struct scan_piece *value);

/* The character at the start of the inside of a string: plain, escaped or in
 * UTF-8.  Returns its size in the text; 0, and the problem, when it is none
 * that may stand there. */
size_t scan_character(const char *at, const char *end, uint32_t *character, const char **problem);

#endif
