/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * files.h - read what there is, and write a file wholly or not at all
 */
#ifndef CORE_FILES_H
#define CORE_FILES_H

#include <stddef.h>
#include <sys/types.h>

#include "credence.h"

/* Read until size bytes are there or the file ends: how many that are, or -1 and
 * errno. */
ssize_t file_read(int fd, void *out, size_t size);

/* Make path, which lies in folder, have this content: what was there is replaced
 * in one step, once the new file is on the disk.  Mode 0600. */
int file_replace(const char *folder, const char *path, const void *data, size_t size, credence_error **error);
/* The same for a file that must not be there yet: CONFLICT otherwise. */
int file_create(const char *folder, const char *path, const void *data, size_t size, credence_error **error);

#endif
