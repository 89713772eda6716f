/* SPDX-License-Identifier: BSD-3-Clause */
/* directory-folder.c - the files of the directory keyring; see directory-folder.h */
#include "directory-folder.h"

#include "../core/credence.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DATA "..data"
#define OPEN_FLAGS (O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
#define REMEDY_SIZE (PATH_MAX + NAME_MAX + 256)

/* --- where ------------------------------------------------------------------ */

int folder_locate(struct folder *folder, const struct keyring_request *request, struct keyring_answer *answer)
{
  const char *path = request->store ? request->store : getenv("CREDENTIALS_DIRECTORY");
  size_t size;

  folder->is_own = request->store != NULL;
  folder->top = folder->files = -1;
  folder->data[0] = '\0';
  if (!path || path[0] == '\0')
    return keyring_fail(answer, CREDENCE_E_NO_KEYRING,
                        "in a systemd unit: LoadCredential=PROFILE.FIELD:/PATH; elsewhere: "
                        "keyring_store = /FOLDER in the profile, or credence add --store=/FOLDER",
                        "nobody says which folder the secrets are in: CREDENTIALS_DIRECTORY is not set");
  if (path[0] != '/')
    return keyring_fail(
        answer, CREDENCE_E_INVALID, "give the absolute path of the folder", "%s is not an absolute path",
        folder->is_own ? "the store of the directory keyring" : "the value of CREDENTIALS_DIRECTORY");
  size = strlen(path);
  while (size > 1 && path[size - 1] == '/')
    size--;
  if (size >= sizeof folder->path)
    return keyring_fail(answer, CREDENCE_E_TOO_LARGE, "use a shorter path",
                        "the path of the folder is too long");
  memcpy(folder->path, path, size);
  folder->path[size] = '\0';
  return CREDENCE_OK;
}

/* --- trust ------------------------------------------------------------------ */

static int is_kubernetes(const struct folder *folder)
{
  return folder->data[0] != '\0';
}

static int has_our_owner(const struct stat *status)
{
  return status->st_uid == 0 || status->st_uid == geteuid();
}

/* The bits of the group are the service's own where root has given them to it: systemd by
 * an access control list, whose mask they show, and Kubernetes by the group of the pod. */
static int has_safe_mode(const struct stat *status)
{
  int is_given = status->st_uid == 0 && (status->st_gid != 0 || geteuid() != 0);

  return (status->st_mode & (S_IRWXO | S_IWGRP)) == 0 && ((status->st_mode & S_IRGRP) == 0 || is_given);
}

int folder_trusts(const struct stat *status)
{
  return S_ISREG(status->st_mode) && has_our_owner(status) && has_safe_mode(status);
}

static int refuse(struct keyring_answer *answer, const char *remedy, const char *path, const char *name,
                  const char *why)
{
  return keyring_fail(answer, CREDENCE_E_REFUSED, remedy, "%s%s%s %s", path, name ? "/" : "",
                      name ? name : "", why);
}

/* Others must not be able to put files here.  Kubernetes' own folder is open to all, but
 * sticky, so that nobody can take ..data away; only what that leads to counts.  name is
 * NULL, or ..data for what that leads to. */
static int check_folder(const struct folder *folder, const struct stat *status, const char *name,
                        int may_be_sticky, struct keyring_answer *answer)
{
  char remedy[REMEDY_SIZE];
  const char *slash = name ? "/" : "", *data = name ? folder->data : "";
  int is_open = (status->st_mode & (S_IWGRP | S_IWOTH)) != 0;

  if (!has_our_owner(status)) {
    snprintf(remedy, sizeof remedy, "chown %u %s%s%s", (unsigned)geteuid(), folder->path, slash, data);
    return refuse(answer, remedy, folder->path, name, "belongs to another user");
  }
  if (is_open && !(may_be_sticky && (status->st_mode & S_ISVTX) != 0)) {
    snprintf(remedy, sizeof remedy, "chmod go-w %s%s%s", folder->path, slash, data);
    return refuse(answer, remedy, folder->path, name, "can be written by other users");
  }
  return CREDENCE_OK;
}

static int check_file(const struct folder *folder, const char *name, const struct stat *status,
                      struct keyring_answer *answer)
{
  char remedy[REMEDY_SIZE];

  if (!S_ISREG(status->st_mode))
    return refuse(answer, "put the file itself there", folder->path, name, "is not a regular file");
  if (!has_our_owner(status)) {
    snprintf(remedy, sizeof remedy, "chown %u %s/%s", (unsigned)geteuid(), folder->path, name);
    return refuse(answer, remedy, folder->path, name, "belongs to another user");
  }
  if (has_safe_mode(status))
    return CREDENCE_OK;
  if (is_kubernetes(folder))
    snprintf(remedy, sizeof remedy, "set defaultMode: 0400 for the Secret's volume");
  else
    snprintf(remedy, sizeof remedy, "chmod 400 %s/%s", folder->path, name);
  return refuse(answer, remedy, folder->path, name, "can be reached by other users");
}

/* --- open -------------------------------------------------------------------- */

static int cannot_open(const struct folder *folder, const char *name, struct keyring_answer *answer)
{
  char remedy[REMEDY_SIZE];
  int error = errno;

  if (error == ELOOP || error == ENOTDIR)
    return refuse(answer, name ? "put the file itself there" : "name the folder itself", folder->path, name,
                  error == ELOOP ? "is a symbolic link" : "is not a folder");
  if (error == ENXIO)
    return refuse(answer, "put the file itself there", folder->path, name, "is not a regular file");
  if (is_kubernetes(folder))
    snprintf(remedy, sizeof remedy, "fsGroup in the pod's securityContext lets its user read the Secret");
  else
    snprintf(remedy, sizeof remedy, "chown %u %s%s%s", (unsigned)geteuid(), folder->path, name ? "/" : "",
             name ? name : "");
  if (error == EACCES || error == EPERM)
    return keyring_fail(answer, CREDENCE_E_DENIED, remedy, "cannot open %s%s%s: %s", folder->path,
                        name ? "/" : "", name ? name : "", strerror(error));
  return keyring_fail(answer, CREDENCE_E_FAILED, "", "cannot open %s%s%s: %s", folder->path, name ? "/" : "",
                      name ? name : "", strerror(error));
}

static int open_top(struct folder *folder, struct stat *ret_status, struct keyring_answer *answer)
{
  char remedy[REMEDY_SIZE];

  folder->top = open(folder->path, OPEN_FLAGS | O_DIRECTORY);
  if (folder->top < 0 && errno == ENOENT) {
    snprintf(remedy, sizeof remedy, "make it, or mount the secrets there; %s names it",
             folder->is_own ? "keyring_store of the profile" : "CREDENTIALS_DIRECTORY");
    return keyring_fail(answer, CREDENCE_E_NO_KEYRING, remedy, "there is no folder %s", folder->path);
  }
  /* Of a link, too, O_DIRECTORY says that it is none. */
  if (folder->top < 0 && errno == ENOTDIR && lstat(folder->path, ret_status) == 0 &&
      S_ISLNK(ret_status->st_mode))
    errno = ELOOP;
  if (folder->top < 0 || fstat(folder->top, ret_status) != 0)
    return cannot_open(folder, NULL, answer);
  return CREDENCE_OK;
}

/* A name in the folder itself: no slash, and neither "." nor "..". */
static int is_one_name(const char *target)
{
  return target[0] != '\0' && !strchr(target, '/') && strcmp(target, ".") != 0 && strcmp(target, "..") != 0;
}

/* Where ..data leads.  "" when there is none. */
static int read_data(struct folder *folder, struct keyring_answer *answer)
{
  char target[sizeof folder->data];
  struct stat status;
  ssize_t size;

  if (fstatat(folder->top, DATA, &status, AT_SYMLINK_NOFOLLOW) != 0)
    return errno == ENOENT ? CREDENCE_OK : cannot_open(folder, DATA, answer);
  if (!has_our_owner(&status))
    return refuse(answer, "", folder->path, DATA, "belongs to another user");
  size = readlinkat(folder->top, DATA, target, sizeof target);
  if (size < 0 || (size_t)size == sizeof target)
    return refuse(answer, "remove it, or let it lead to the folder with the files", folder->path, DATA,
                  "is not a symbolic link to a folder");
  target[size] = '\0';
  if (!is_one_name(target))
    return refuse(answer, "let it lead to a folder in the same folder", folder->path, DATA,
                  "leads out of the folder");
  memcpy(folder->data, target, (size_t)size + 1);
  return CREDENCE_OK;
}

static int open_data(struct folder *folder, struct keyring_answer *answer)
{
  folder->files = openat(folder->top, folder->data, OPEN_FLAGS | O_DIRECTORY);
  if (folder->files < 0 && errno == ENOENT)
    return keyring_fail(answer, CREDENCE_E_CORRUPT, "mount the Secret again", "%s/" DATA " leads nowhere",
                        folder->path);
  if (folder->files < 0 || fstat(folder->files, &folder->behind) != 0)
    return cannot_open(folder, DATA, answer);
  return check_folder(folder, &folder->behind, DATA, 0, answer);
}

int folder_open(struct folder *folder, struct keyring_answer *answer)
{
  struct stat status;
  int r;

  folder->top = folder->files = -1;
  folder->data[0] = '\0';
  r = open_top(folder, &status, answer);
  if (r == CREDENCE_OK)
    r = read_data(folder, answer);
  if (r == CREDENCE_OK)
    r = check_folder(folder, &status, NULL, is_kubernetes(folder), answer);
  if (r == CREDENCE_OK && is_kubernetes(folder))
    r = open_data(folder, answer);
  else if (r == CREDENCE_OK)
    folder->files = folder->top;
  return r;
}

void folder_close(struct folder *folder)
{
  if (folder->files >= 0 && folder->files != folder->top)
    close(folder->files);
  if (folder->top >= 0)
    close(folder->top);
  folder->top = folder->files = -1;
}

int folder_is_unchanged(const struct folder *folder)
{
  char target[sizeof folder->data];
  struct stat status;
  ssize_t size;

  if (!is_kubernetes(folder))
    return 0;
  size = readlinkat(folder->top, DATA, target, sizeof target);
  if (size < 0 || (size_t)size != strlen(folder->data) || memcmp(target, folder->data, (size_t)size) != 0)
    return 0;
  return folder->files < 0 ||
         (fstatat(folder->top, folder->data, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
          status.st_dev == folder->behind.st_dev && status.st_ino == folder->behind.st_ino);
}

/* --- read -------------------------------------------------------------------- */

/* As much as there is, but no more than room. */
static int read_some(int fd, unsigned char *data, size_t room, size_t *ret_size)
{
  size_t used = 0;

  while (used < room) {
    ssize_t n = read(fd, data + used, room - used);

    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return -1;
    if (n == 0)
      break;
    used += (size_t)n;
  }
  *ret_size = used;
  return 0;
}

/* O_NONBLOCK: opening a FIFO must not wait for somebody to write to it. */
int folder_read(const struct folder *folder, const char *name, void *data, size_t room, size_t *ret_size,
                struct keyring_answer *answer)
{
  struct stat status;
  int r, fd = openat(folder->files, name, OPEN_FLAGS | O_NONBLOCK | O_NOCTTY);

  if (fd < 0)
    return errno == ENOENT ? CREDENCE_E_NOT_FOUND : cannot_open(folder, name, answer);
  r = fstat(fd, &status) != 0 ? cannot_open(folder, name, answer) : check_file(folder, name, &status, answer);
  if (r == CREDENCE_OK && read_some(fd, data, room, ret_size) != 0)
    r = keyring_fail(answer, CREDENCE_E_FAILED, "", "cannot read %s/%s: %s", folder->path, name,
                     strerror(errno));
  close(fd);
  return r;
}
