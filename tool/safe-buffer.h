/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * safe-buffer.h - memory for a secret on its way to the library
 *
 * The pages are locked and left out of core dumps where the system allows, and
 * wiped before they go back.
 */
#ifndef TOOL_SAFE_BUFFER_H
#define TOOL_SAFE_BUFFER_H

#include <stddef.h>

/* The longest secret taken from a file. */
#define SECRET_MAX (32u * 1024u)

struct safe_buffer {
  char *data;
  size_t size;
  size_t capacity;
};

/* 0, or a CREDENCE_E_* code. */
int safe_buffer_new(struct safe_buffer *ret_buffer, size_t capacity);
void safe_buffer_free(struct safe_buffer *buffer);

/* Read all of descriptor, without one newline at the end.  TOO_LARGE beyond
 * SECRET_MAX, INVALID when nothing is left, FAILED with errno set. */
int safe_buffer_read(struct safe_buffer *buffer, int descriptor);

#endif
