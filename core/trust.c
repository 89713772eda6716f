/* SPDX-License-Identifier: BSD-3-Clause */
/* trust.c - open a file only when nobody else can have put it there; see trust.h */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buf.h"
#include "error.h"
#include "paths.h"
#include "trust.h"

/* Many systems give each user a group of the same name and a umask of 002.  A
 * folder that such a group may write is the user's alone. */
static int group_is_private(uid_t uid, gid_t gid)
{
  char user_text[2048];
  char group_text[4096];
  struct passwd user_entry;
  struct group group_entry;
  struct passwd *user = NULL;
  struct group *group = NULL;
  if (getpwuid_r(uid, &user_entry, user_text, sizeof(user_text), &user) != 0 || user == NULL)
    return 0;
  if (getgrgid_r(gid, &group_entry, group_text, sizeof(group_text), &group) != 0 || group == NULL)
    return 0;
  if (user->pw_gid != gid || strcmp(user->pw_name, group->gr_name) != 0)
    return 0;
  for (char **member = group->gr_mem; *member != NULL; member++)
    if (strcmp(*member, user->pw_name) != 0)
      return 0;
  return 1;
}

const char *trust_reason(const struct stat *st)
{
  int sticky = S_ISDIR(st->st_mode) && (st->st_mode & S_ISVTX) != 0 && st->st_uid == 0;
  if (st->st_uid != 0 && st->st_uid != geteuid())
    return "belongs to another user";
  if ((st->st_mode & S_IWOTH) != 0 && !sticky)
    return "can be written by everybody";
  if ((st->st_mode & S_IWGRP) != 0 && !sticky && st->st_gid != 0 && !group_is_private(st->st_uid, st->st_gid))
    return "can be written by its group";
  return NULL;
}

static int refuse(const char *path, const char *reason, credence_error **error)
{
  char remedy[256];
  snprintf(remedy, sizeof(remedy), "if it is yours: chown root and chmod go-w '%.200s'", path);
  return error_set(error, CREDENCE_E_REFUSED, remedy, "%s: not trusted, it %s", path, reason);
}

static int open_failed(const char *path, credence_error **error)
{
  if (errno == ENOENT || errno == ENOTDIR)
    return error_set(error, CREDENCE_E_NOT_FOUND, NULL, "%s: no such file", path);
  if (errno == ELOOP)
    return error_set(error, CREDENCE_E_REFUSED, "put the file itself there",
                     "%s: not trusted, it is a symbolic link", path);
  return error_set(error, CREDENCE_E_DENIED, NULL, "%s: %s", path, strerror(errno));
}

static int check_open(int fd, const char *path, credence_error **error)
{
  struct stat st;
  if (fstat(fd, &st) < 0)
    return open_failed(path, error);
  const char *reason = trust_reason(&st);
  return reason == NULL ? 0 : refuse(path, reason, error);
}

/* Walk down from the root, each step checked on its descriptor, so that what
 * was checked is what is used.  path has no links: realpath() made it; "" is the
 * root.  A folder that may be passed need not be one that may be read (O_PATH). */
static int open_folder(char *path, int *ret_fd, credence_error **error)
{
  const int how = O_PATH | O_DIRECTORY | O_CLOEXEC;
  int fd = open("/", how);
  int r = fd < 0 ? open_failed("/", error) : 0;
  char *name = path + strspn(path, "/");
  while (r == 0 && *name != '\0') {
    char *slash = strchr(name, '/');
    if (slash != NULL)
      *slash = '\0';
    int next = openat(fd, name, how | O_NOFOLLOW);
    r = next < 0 ? open_failed(path, error) : check_open(next, path, error);
    close(fd);
    fd = next;
    if (slash == NULL)
      break;
    *slash = '/';
    name = slash + 1;
  }
  if (r < 0) {
    if (fd >= 0)
      close(fd);
    return r;
  }
  *ret_fd = fd;
  return 0;
}

static int open_file(int folder_fd, const char *name, const char *path, int *ret_fd, credence_error **error)
{
  struct stat st;
  int fd = openat(folder_fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0)
    return open_failed(path, error);
  int r = check_open(fd, path, error);
  if (r == 0 && (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)))
    r = error_set(error, CREDENCE_E_REFUSED, "move it away", "%s: not trusted, it is not a regular file",
                  path);
  if (r < 0) {
    close(fd);
    return r;
  }
  *ret_fd = fd;
  return 0;
}

/* Where the folder, or with TRUST_FOLLOW the file, really is: the folder's
 * path, and in *ret_name the file's name, which points into *ret_real or is
 * name. */
static int resolve(const char *path, const char *folder, const char *name, int flags, char **ret_real,
                   const char **ret_name, credence_error **error)
{
  char *real = realpath((flags & TRUST_FOLLOW) != 0 ? path : folder, NULL);
  if (real == NULL)
    return open_failed(path, error);
  *ret_real = real;
  *ret_name = name;
  if ((flags & TRUST_FOLLOW) != 0) {
    char *slash = strrchr(real, '/');
    *slash = '\0';
    *ret_name = slash + 1;
  }
  return 0;
}

/* A link is only as good as the folder that it stands in. */
static int check_folder_of_link(const char *folder, const char *path, credence_error **error)
{
  int fd = -1;
  char *real = realpath(folder, NULL);
  if (real == NULL)
    return open_failed(path, error);
  int r = open_folder(real, &fd, error);
  if (fd >= 0)
    close(fd);
  free(real);
  return r;
}

int trust_open(const char *folder, const char *name, int flags, int *ret_fd, credence_error **error)
{
  char *real = NULL;
  const char *file = NULL;
  int folder_fd = -1;
  struct stat st;
  char *path = path_join(folder, name, "");
  if (path == NULL)
    return error_nomem(error);
  /* What is not there needs no trust.  It is asked for often: a provider of the user's is
   * looked for among the system's first. */
  int r = lstat(path, &st) < 0 ? open_failed(path, error) : 0;
  if (r == 0)
    r = resolve(path, folder, name, flags, &real, &file, error);
  if (r == 0 && (flags & TRUST_FOLLOW) != 0)
    r = check_folder_of_link(folder, path, error);
  if (r == 0)
    r = open_folder(real, &folder_fd, error);
  if (r == 0)
    r = open_file(folder_fd, file, path, ret_fd, error);
  if (folder_fd >= 0)
    close(folder_fd);
  free(real);
  free(path);
  return r;
}

static int read_all(int fd, const char *name, struct buf *text, credence_error **error)
{
  char block[4096];
  ssize_t n = 0;
  do {
    n = read(fd, block, sizeof(block));
    if (n > 0)
      buf_append(text, block, (size_t)n);
  } while ((n > 0 && buf_ok(text) == 0) || (n < 0 && errno == EINTR));
  if (n < 0)
    return error_set(error, CREDENCE_E_FAILED, NULL, "%s: %s", name, strerror(errno));
  if (buf_ok(text) == CREDENCE_E_TOO_LARGE)
    return error_set(error, CREDENCE_E_TOO_LARGE, NULL, "%s: larger than %zu bytes", name, text->max);
  return 0;
}

int trust_read(const char *folder, const char *name, int flags, size_t max, char **ret_text, size_t *ret_size,
               credence_error **error)
{
  struct buf text;
  int fd = -1;
  int r = trust_open(folder, name, flags, &fd, error);
  if (r < 0)
    return r;
  buf_init(&text, max);
  r = read_all(fd, name, &text, error);
  close(fd);
  char *taken = r == 0 ? buf_take(&text, ret_size) : NULL;
  if (r == 0 && taken == NULL)
    r = error_nomem(error);
  if (r < 0) {
    buf_reset(&text);
    return r;
  }
  *ret_text = taken;
  return 0;
}
