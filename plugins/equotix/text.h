/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * text.h - a text that grows
 *
 * It starts in memory that the caller lends, so that small texts cost no
 * allocation.  When memory runs out it remembers that, takes no more, and the
 * writer looks once at the end rather than after every call.
 */
#ifndef EQUOTIX_TEXT_H
#define EQUOTIX_TEXT_H

#include <stdbool.h>
#include <stddef.h>

struct text {
  char *data; /* not terminated with NUL */
  size_t size;
  size_t room;
  char *heap;  /* NULL while the lent memory is enough */
  bool failed; /* out of memory; data and size are what fitted */
};

/* lent must live as long as the text. */
void text_begin(struct text *text, char *lent, size_t room);
void text_free(struct text *text);

void text_add(struct text *text, const void *data, size_t size);
void text_add_string(struct text *text, const char *string);
/* count times the same character. */
void text_add_repeated(struct text *text, char character, size_t count);
void text_add_integer(struct text *text, long long value);

#endif
