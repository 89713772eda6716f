/* SPDX-License-Identifier: BSD-3-Clause */
/* files.c - read what there is, and write a file wholly or not at all; see files.h */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "error.h"
#include "paths.h"
#include "files.h"

ssize_t file_read(int fd, void *out, size_t size)
{
  size_t used = 0;
  while (used < size) {
    ssize_t n = read(fd, (char *)out + used, size - used);
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return -1;
    if (n == 0)
      break;
    used += (size_t)n;
  }
  return (ssize_t)used;
}

static int write_all(int fd, const char *data, size_t size)
{
  while (size > 0) {
    ssize_t n = write(fd, data, size);
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return -1;
    data += n;
    size -= (size_t)n;
  }
  return 0;
}

static void sync_folder(const char *folder)
{
  int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0)
    return;
  (void)fsync(fd); /* some file systems cannot; the rename stands all the same */
  close(fd);
}

int file_replace(const char *folder, const char *path, const void *data, size_t size, credence_error **error)
{
  char *temporary = path_join(folder, ".new-XXXXXX", "");
  if (temporary == NULL)
    return error_nomem(error);
  int fd = mkostemp(temporary, O_CLOEXEC);
  int failed = fd < 0 || write_all(fd, data, size) < 0 || fsync(fd) < 0;
  if (fd >= 0 && close(fd) < 0)
    failed = 1;
  if (!failed && rename(temporary, path) < 0)
    failed = 1;
  int code = errno;
  if (failed && fd >= 0)
    (void)unlink(temporary);
  free(temporary);
  if (failed)
    return error_set(error, CREDENCE_E_FAILED, "is the disk full, or the folder not yours?",
                     "%s: cannot be written: %s", path, strerror(code));
  sync_folder(folder);
  return 0;
}
