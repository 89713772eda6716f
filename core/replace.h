/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * replace.h - write a file wholly or not at all
 */
#ifndef CORE_REPLACE_H
#define CORE_REPLACE_H

#include <stddef.h>

#include "credence.h"

/* Make path, which lies in folder, have this content: what was there is replaced
 * in one step, once the new file is on the disk.  Mode 0600. */
int file_replace(const char *folder, const char *path, const void *data, size_t size, credence_error **error);

#endif
