/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * file-disk.c - find, read, lock and replace the file of the file keyring
 *
 * Nothing in here knows what is in the file.  It is opened without following
 * a link and judged by its descriptor, so that what was checked is what is
 * read.
 */
#include "file-disk.h"
#include "full-io.h"

#include "../core/credence.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SUFFIX_ROOM 8u /* for ".lock" and ".new" */

static int system_error(struct keyring_answer *answer, const char *what, const char *path)
{
  int error = errno;
  int code = error == EACCES || error == EPERM || error == EROFS ? CREDENCE_E_DENIED : CREDENCE_E_FAILED;

  return keyring_fail(answer, code, "", "cannot %s %s: %s", what, path, strerror(error));
}

/* --- where ------------------------------------------------------------------ */

static int is_absolute(const char *path)
{
  return path && path[0] == '/';
}

/* 0 when there is no home for it. */
static int default_path(char *path, size_t size)
{
  const char *data = getenv("XDG_DATA_HOME");
  const char *home = getenv("HOME");

  if (is_absolute(data)) /* a relative one is to be ignored, says the XDG specification */
    return snprintf(path, size, "%s/credence/credentials.keyring", data);
  if (is_absolute(home))
    return snprintf(path, size, "%s/.local/share/credence/credentials.keyring", home);
  return 0;
}

int disk_locate(struct disk *disk, const struct keyring_request *request, struct keyring_answer *answer)
{
  const char *file = getenv("CREDENCE_KEYRING_FILE");
  const char *given = request->store ? request->store : file && file[0] ? file : NULL;
  char usual[PATH_MAX] = "";
  int length = default_path(usual, sizeof usual);

  if (given && !is_absolute(given))
    return keyring_fail(answer, CREDENCE_E_INVALID, "give the absolute path of the keyring file",
                        "%s is not an absolute path",
                        request->store ? "the store of the file keyring" : "CREDENCE_KEYRING_FILE");
  if (!given && length == 0)
    return keyring_fail(answer, CREDENCE_E_INVALID, "set HOME, or CREDENCE_KEYRING_FILE",
                        "there is no home directory for the keyring file");
  if (given)
    length = snprintf(disk->path, sizeof disk->path, "%s", given);
  else
    memcpy(disk->path, usual, sizeof usual);
  if (length < 0 || (size_t)length >= sizeof disk->path - SUFFIX_ROOM)
    return keyring_fail(answer, CREDENCE_E_TOO_LARGE, "use a shorter path",
                        "the path of the keyring file is too long");
  if (strcmp(disk->path, usual) != 0)
    snprintf(answer->store, sizeof answer->store, "%.*s", (int)KEYRING_STORE_MAX, disk->path);
  return CREDENCE_OK;
}

static void path_beside(const struct disk *disk, const char *suffix, char *path)
{
  snprintf(path, PATH_MAX, "%.*s%s", (int)(PATH_MAX - SUFFIX_ROOM), disk->path, suffix);
}

static void path_of_directory(const struct disk *disk, char *path)
{
  snprintf(path, PATH_MAX, "%s", disk->path);
  *(strrchr(path, '/') + 1) = '\0';
}

/* --- read ----------------------------------------------------------------------- */

/* Only a file that nobody else can read or replace the content of. */
static int check_private(const char *path, int fd, struct stat *ret_status, struct keyring_answer *answer)
{
  char remedy[PATH_MAX + 32];

  if (fstat(fd, ret_status) != 0)
    return system_error(answer, "examine", path);
  if (!S_ISREG(ret_status->st_mode))
    return keyring_fail(answer, CREDENCE_E_REFUSED, "move it away", "%s is not a regular file", path);
  if (ret_status->st_uid != geteuid())
    return keyring_fail(answer, CREDENCE_E_REFUSED, "use a keyring file of your own",
                        "%s belongs to another user", path);
  if ((ret_status->st_mode & 077) != 0) {
    snprintf(remedy, sizeof remedy, "chmod 600 %s", path);
    return keyring_fail(answer, CREDENCE_E_REFUSED, remedy, "other users have access to %s", path);
  }
  return CREDENCE_OK;
}

/* O_NONBLOCK: opening a FIFO must not wait for somebody to write to it.
 * NOT_FOUND is no error yet, and gets no message. */
static int open_private(const char *path, int flags, int *ret_fd, struct keyring_answer *answer)
{
  int fd = open(path, flags | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0600);

  if (fd < 0 && errno == ENOENT && !(flags & O_CREAT))
    return CREDENCE_E_NOT_FOUND;
  if (fd < 0 && errno == ELOOP)
    return keyring_fail(answer, CREDENCE_E_REFUSED, "put the file itself there, or set CREDENCE_KEYRING_FILE",
                        "%s is a symbolic link", path);
  if (fd < 0)
    return system_error(answer, "open", path);
  *ret_fd = fd;
  return CREDENCE_OK;
}

/* A file that was opened is not written to any more, since writers replace
 * it: its size stays true. */
int disk_read(const struct disk *disk, size_t max, unsigned char **ret_data, size_t *ret_size,
              struct keyring_answer *answer)
{
  struct stat status;
  unsigned char *data = NULL;
  int fd = -1, r;

  r = open_private(disk->path, O_RDONLY, &fd, answer);
  if (r == CREDENCE_OK)
    r = check_private(disk->path, fd, &status, answer);
  if (r != CREDENCE_OK)
    goto out;
  if (status.st_size < 0 || (size_t)status.st_size > max) {
    r = keyring_fail(answer, CREDENCE_E_CORRUPT, "restore the file from a backup", "%s is too large",
                     disk->path);
    goto out;
  }
  data = malloc((size_t)status.st_size + 1);
  if (!data) {
    r = keyring_fail(answer, CREDENCE_E_NOMEM, "", "out of memory");
    goto out;
  }
  if (read_full(fd, data, (size_t)status.st_size) != 0) {
    r = system_error(answer, "read", disk->path);
    goto out;
  }
  *ret_data = data;
  *ret_size = (size_t)status.st_size;
  data = NULL; /* transferred */
out:
  free(data);
  if (fd >= 0)
    close(fd);
  return r;
}

/* --- lock ----------------------------------------------------------------------- */

/* Make the directory of the file, and what is missing above it. */
static int make_directory(const struct disk *disk, struct keyring_answer *answer)
{
  char path[PATH_MAX];

  path_of_directory(disk, path);
  for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
    *slash = '\0';
    if (mkdir(path, 0700) != 0 && errno != EEXIST)
      return system_error(answer, "make directory", path);
    *slash = '/';
  }
  return CREDENCE_OK;
}

int disk_lock(const struct disk *disk, const struct keyring_request *request, int *ret_lock,
              struct keyring_answer *answer)
{
  char path[PATH_MAX];
  struct stat status;
  int fd = -1, r = make_directory(disk, answer);

  path_beside(disk, ".lock", path);
  if (r == CREDENCE_OK)
    r = open_private(path, O_RDWR | O_CREAT, &fd, answer);
  if (r == CREDENCE_OK)
    r = check_private(path, fd, &status, answer);
  if (r == CREDENCE_OK)
    r = keyring_flock(fd, request, answer);
  if (r != CREDENCE_OK && fd >= 0)
    close(fd);
  if (r == CREDENCE_OK)
    *ret_lock = fd;
  return r;
}

/* --- replace ----------------------------------------------------------------------- */

/* The rename itself must survive a power failure. */
static int sync_directory(const struct disk *disk, struct keyring_answer *answer)
{
  char path[PATH_MAX];
  int fd, r = CREDENCE_OK;

  path_of_directory(disk, path);
  fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0 || fsync(fd) != 0)
    r = system_error(answer, "bring to the disk", path);
  if (fd >= 0)
    close(fd);
  return r;
}

int disk_replace(const struct disk *disk, const unsigned char *data, size_t size,
                 struct keyring_answer *answer)
{
  char path[PATH_MAX];
  int fd = -1, made = 0, r;

  path_beside(disk, ".new", path);
  /* The lock is ours, so a file of this name is what a crash left. */
  unlink(path);
  r = open_private(path, O_WRONLY | O_CREAT | O_EXCL, &fd, answer);
  if (r != CREDENCE_OK)
    return r;
  made = 1;
  if (write_full(fd, data, size) != 0 || fsync(fd) != 0) {
    r = system_error(answer, "write", path);
    goto out;
  }
  if (rename(path, disk->path) != 0) {
    r = system_error(answer, "replace", disk->path);
    goto out;
  }
  made = 0; /* it has its final name */
  r = sync_directory(disk, answer);
out:
  close(fd);
  if (made)
    unlink(path);
  return r;
}
