/* SPDX-License-Identifier: BSD-3-Clause */
/* full-io.c - reads and writes that do not stop half way; see full-io.h */
#include "config.h"

#include <errno.h>
#include <unistd.h>

#include "full-io.h"

int read_full(int fd, void *data, size_t size)
{
  unsigned char *at = data;

  while (size > 0) {
    ssize_t n = read(fd, at, size);

    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return -1;
    at += n;
    size -= (size_t)n;
  }
  return 0;
}

int write_full(int fd, const void *data, size_t size)
{
  const unsigned char *at = data;

  while (size > 0) {
    ssize_t n = write(fd, at, size);

    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return -1;
    at += n;
    size -= (size_t)n;
  }
  return 0;
}
