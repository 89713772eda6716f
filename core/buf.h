/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * buf.h - a growing run of bytes that knows its limit
 *
 * A buffer is given its maximum at birth.  The first append that fails, for
 * want of memory or room, leaves a mark and frees the content; later appends do
 * nothing.  So a function appends all it has to and looks at buf_ok() once.
 */
#ifndef CORE_BUF_H
#define CORE_BUF_H

#include <stddef.h>

struct buf {
  char *data; /* always followed by a NUL byte, once something was appended */
  size_t size;
  size_t capacity;
  size_t max;
  int failed; /* 0, CREDENCE_E_NOMEM or CREDENCE_E_TOO_LARGE */
};

void buf_init(struct buf *buf, size_t max);
/* Wipes, frees, and leaves an empty buffer with the same maximum. */
void buf_reset(struct buf *buf);
void buf_append(struct buf *buf, const void *data, size_t size);
void buf_text(struct buf *buf, const char *text);
void buf_char(struct buf *buf, char c);
void buf_format(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* 0, or why an append failed. */
int buf_ok(const struct buf *buf);
/* Hand the bytes over to the caller, who frees them; NULL after a failure. */
char *buf_take(struct buf *buf, size_t *ret_size);

#endif
