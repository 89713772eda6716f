/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * body-file.h - a file that is too large for memory, as the body of a request
 */
#ifndef TOOL_BODY_FILE_H
#define TOOL_BODY_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct body_file {
  int file; /* -1: there is none */
  char *name;
  uint64_t size;    /* when it was opened; it may not change */
  int read_error;   /* errno of a read that failed, or 0 */
  bool has_changed; /* its size has */
};

void body_file_init(struct body_file *body);
/* Take the open file over, also on failure.  False when memory runs out. */
bool body_file_take(struct body_file *body, int file, const char *name, uint64_t size);
void body_file_clear(struct body_file *body);

/* A credence_read_function; userdata is the body_file. */
int body_file_read(void *userdata, uint64_t offset, void *buffer, size_t size, size_t *ret_size);

/* If it was the file that made a request fail, say so and return true. */
bool body_file_complain(const struct body_file *body);

#endif
