/* SPDX-License-Identifier: BSD-3-Clause */
/* full-io.h - reads and writes that do not stop half way, for the helpers */
#ifndef KEYRING_FULL_IO_H
#define KEYRING_FULL_IO_H

#include <stddef.h>

/* 0, or -1 when fewer than size bytes could be read. */
int read_full(int fd, void *data, size_t size);
/* 0, or -1 with errno. */
int write_full(int fd, const void *data, size_t size);

#endif
