/* SPDX-License-Identifier: BSD-3-Clause */
/* files.c - read what there is, and write a file wholly or not at all; see files.h */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "error.h"
#include "paths.h"
#include "files.h"

#define NO_REPLACE 1u /* RENAME_NOREPLACE, which not every C library has */

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

/* Put the complete file temporary in the place of path. */
typedef int (*put_function)(const char *temporary, const char *path);

static int replace(const char *temporary, const char *path)
{
  return rename(temporary, path);
}

/* Network file systems cannot do the former, those of cameras and sticks not the latter. */
static int create(const char *temporary, const char *path)
{
  if (syscall(SYS_renameat2, AT_FDCWD, temporary, AT_FDCWD, path, NO_REPLACE) == 0)
    return 0;
  if (errno == EEXIST || link(temporary, path) < 0)
    return -1;
  (void)unlink(temporary);
  return 0;
}

/* 0 or errno. */
static int write_file(const char *folder, const char *path, const void *data, size_t size, put_function put)
{
  char *temporary = path_join(folder, ".new-XXXXXX", "");
  if (temporary == NULL)
    return ENOMEM;
  int fd = mkostemp(temporary, O_CLOEXEC);
  int failed = fd < 0 || write_all(fd, data, size) < 0 || fsync(fd) < 0;
  int code = errno;
  if (fd >= 0 && close(fd) < 0 && !failed) {
    failed = 1;
    code = errno;
  }
  if (!failed && put(temporary, path) < 0) {
    failed = 1;
    code = errno;
  }
  if (failed && fd >= 0)
    (void)unlink(temporary);
  free(temporary);
  if (!failed)
    sync_folder(folder);
  return failed ? code : 0;
}

static int cannot_write(const char *path, int code, credence_error **error)
{
  return error_set(error, CREDENCE_E_FAILED, "is the disk full, or the folder not yours?",
                   "%s: cannot be written: %s", path, strerror(code));
}

int file_replace(const char *folder, const char *path, const void *data, size_t size, credence_error **error)
{
  int code = write_file(folder, path, data, size, replace);
  return code == 0 ? 0 : cannot_write(path, code, error);
}

int file_create(const char *folder, const char *path, const void *data, size_t size, credence_error **error)
{
  int code = write_file(folder, path, data, size, create);
  if (code == EEXIST)
    return error_set(error, CREDENCE_E_CONFLICT, "give another name, or move it away", "%s: is there already",
                     path);
  return code == 0 ? 0 : cannot_write(path, code, error);
}
