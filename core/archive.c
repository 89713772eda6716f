/* SPDX-License-Identifier: BSD-3-Clause */
/* archive.c - a file with profiles for another machine; see archive.h */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive.h"
#include "error.h"
#include "files.h"
#include "keyring.h"
#include "locks.h"
#include "paths.h"

#define KEYRING "file"
#define FOLDER "exchange"
#define LOCK "@exchange" /* which no profile can be called */
#define ARCHIVE_MAX (16u * 1024u * 1024u)

struct archive {
  credence_context *context;
  char *path;   /* what the user calls it */
  char *folder; /* where the copy is */
  char *copy;
  int lock;
  struct keyring *keyring;
};

/* --- the copy ------------------------------------------------------------------- */

/* The copy, what the helper has beside it, and what a crash left: the folder is ours. */
static void remove_copy(const struct archive *a)
{
  struct dirent *entry = NULL;
  DIR *dir = opendir(a->folder);
  while (dir != NULL && (entry = readdir(dir)) != NULL)
    (void)unlinkat(dirfd(dir), entry->d_name, 0);
  if (dir != NULL)
    closedir(dir);
}

void archive_close(struct archive **archive)
{
  struct archive *a = *archive;
  if (a == NULL)
    return;
  keyring_close(&a->keyring);
  if (a->lock >= 0)
    remove_copy(a);
  profile_unlock_file(a->lock);
  free(a->path);
  free(a->folder);
  free(a->copy);
  free(a);
  *archive = NULL;
}

/* The folder of a path, for stat() and the like; free() it. */
static char *folder_of(const char *path)
{
  const char *slash = strrchr(path, '/');
  return slash == NULL ? strdup(".") : strndup(path, (size_t)(slash - path) + 1);
}

/* Nothing stays in our folder. */
static int check_elsewhere(const struct archive *a, credence_error **error)
{
  struct stat ours;
  struct stat theirs;
  char *folder = folder_of(a->path);
  if (folder == NULL)
    return error_nomem(error);
  int is_ours = stat(a->folder, &ours) == 0 && stat(folder, &theirs) == 0 && ours.st_dev == theirs.st_dev &&
                ours.st_ino == theirs.st_ino;
  free(folder);
  return is_ours ? error_set(error, CREDENCE_E_INVALID, "name a file in another folder",
                             "%s: is where credence keeps what it deletes again", a->path)
                 : 0;
}

static int prepare(struct archive *a, const char *path, credence_error **error)
{
  a->lock = -1;
  a->path = strdup(path);
  a->folder = path_state(FOLDER);
  if (a->path == NULL)
    return error_nomem(error);
  if (a->folder == NULL)
    return error_set(error, CREDENCE_E_FAILED, "set HOME", "there is no folder for files that are made");
  a->copy = path_join(a->folder, "file", "");
  if (a->copy == NULL)
    return error_nomem(error);
  int r = path_make_folder(a->folder, error);
  if (r == 0)
    r = check_elsewhere(a, error);
  if (r == 0)
    r = profile_lock_within(a->context, LOCK, &a->lock, error);
  if (r == CREDENCE_E_TIMEOUT)
    r = error_set(error, r, "try again when it is done, or wait longer with --timeout=SECONDS",
                  "another credence is exporting or importing");
  if (r == 0)
    remove_copy(a);
  return r;
}

static int start_helper(struct archive *a, credence_error **error)
{
  int r = keyring_open(a->context, KEYRING, a->copy, &a->keyring, error);
  return r < 0 ? r : keyring_is_export(a->keyring, a->path, error);
}

static int archive_new(credence_context *context, const char *path, struct archive **ret_archive,
                       credence_error **error)
{
  struct archive *new = calloc(1, sizeof(*new));
  if (new == NULL)
    return error_nomem(error);
  new->context = context;
  int r = prepare(new, path, error);
  if (r < 0) {
    archive_close(&new);
    return r;
  }
  *ret_archive = new;
  return 0;
}

/* Everything there is of a file of at most ARCHIVE_MAX bytes. */
static int read_all(const char *path, int fd, char **ret_data, size_t *ret_size, credence_error **error)
{
  struct stat st;
  if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
    return error_set(error, CREDENCE_E_MALFORMED, "name the file that credence export wrote",
                     "%s: is not a regular file", path);
  if (st.st_size > (off_t)ARCHIVE_MAX)
    return error_set(error, CREDENCE_E_MALFORMED, "name the file that credence export wrote",
                     "%s: is too large for one of ours", path);
  size_t size = (size_t)st.st_size;
  char *data = malloc(size + 1);
  if (data == NULL)
    return error_nomem(error);
  ssize_t used = file_read(fd, data, size);
  if (used < 0) {
    free(data);
    return error_set(error, CREDENCE_E_FAILED, NULL, "%s: cannot be read: %s", path, strerror(errno));
  }
  *ret_data = data;
  *ret_size = (size_t)used;
  return 0;
}

static int read_path(const char *path, char **ret_data, size_t *ret_size, credence_error **error)
{
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0)
    return error_set(error,
                     errno == ENOENT   ? CREDENCE_E_NOT_FOUND
                     : errno == EACCES ? CREDENCE_E_DENIED
                                       : CREDENCE_E_FAILED,
                     NULL, "%s: cannot be opened: %s", path, strerror(errno));
  int r = read_all(path, fd, ret_data, ret_size, error);
  close(fd);
  return r;
}

/* --- writing ---------------------------------------------------------------------- */

static int check_free(const char *path, credence_error **error)
{
  struct stat st;
  if (lstat(path, &st) < 0)
    return 0;
  return error_set(error, CREDENCE_E_CONFLICT, "give another name, or move it away", "%s: is there already",
                   path);
}

int archive_create(credence_context *context, const char *path, struct archive **ret_archive,
                   credence_error **error)
{
  struct archive *a = NULL;
  int r = check_free(path, error);
  if (r == 0)
    r = archive_new(context, path, &a, error);
  if (r == 0)
    r = start_helper(a, error);
  if (r < 0)
    archive_close(&a);
  else
    *ret_archive = a;
  return r;
}

int archive_put(struct archive *archive, const char *profile, const char *kind, const char *value,
                credence_error **error)
{
  return keyring_put(archive->keyring, profile, kind, NULL, value, NULL, error);
}

int archive_publish(struct archive *archive, credence_error **error)
{
  char *data = NULL;
  size_t size = 0;
  char *folder = folder_of(archive->path);
  int r = folder == NULL ? error_nomem(error) : read_path(archive->copy, &data, &size, error);
  if (r == 0)
    r = file_create(folder, archive->path, data, size, error);
  free(data);
  free(folder);
  return r;
}

/* --- reading -------------------------------------------------------------------------- */

/* The helper talks of the copy, which is not what the user knows. */
static int explain(const struct archive *a, int code, credence_error **why, credence_error **error)
{
  if (code == CREDENCE_E_CORRUPT)
    return error_set(error, code, "copy it anew, or export again",
                     "%s: is damaged, or not a file of credence export", a->path);
  if (code == CREDENCE_E_LOCKED)
    return error_set(error, code, "it is the one that was given to credence export", "%s: wrong passphrase",
                     a->path);
  if (code == CREDENCE_E_UNSUPPORTED)
    return error_set(error, code, "install a newer version", "%s: was made by a newer version of Credence",
                     a->path);
  return error_pass(error, code, why);
}

int archive_open(credence_context *context, const char *path, struct archive **ret_archive,
                 credence_error **error)
{
  struct archive *a = NULL;
  char *data = NULL;
  size_t size = 0;
  int r = read_path(path, &data, &size, error);
  if (r == 0)
    r = archive_new(context, path, &a, error);
  if (r == 0)
    r = file_replace(a->folder, a->copy, data, size, error);
  if (r == 0)
    r = start_helper(a, error);
  free(data);
  if (r < 0)
    archive_close(&a);
  else
    *ret_archive = a;
  return r;
}

static int compare_names(const void *a, const void *b)
{
  return strcmp(*(char *const *)a, *(char *const *)b);
}

/* A name becomes that of a file. */
static int check_names(const struct archive *a, char **names, credence_error **error)
{
  size_t count = 0;
  for (; names[count] != NULL; count++)
    if (!name_is_valid(names[count]))
      return error_set(error, CREDENCE_E_MALFORMED, "do not use it: credence export did not write that",
                       "%s: this cannot be the name of a profile: %.80s", a->path, names[count]);
  if (count == 0)
    return error_set(error, CREDENCE_E_MALFORMED, "name the file that credence export wrote",
                     "%s: holds no exported profiles", a->path);
  qsort(names, count, sizeof(*names), compare_names);
  return 0;
}

int archive_list(struct archive *archive, char ***ret_names, credence_error **error)
{
  credence_error *why = NULL;
  char **names = NULL;
  int r = keyring_list(archive->keyring, "profile", &names, &why);
  if (r < 0)
    r = explain(archive, r, &why, error);
  else
    r = check_names(archive, names, error);
  credence_error_free(&why);
  if (r < 0)
    credence_strings_free(&names);
  else
    *ret_names = names;
  return r;
}

int archive_get(struct archive *archive, const char *profile, const char *kind, char **ret_value,
                credence_error **error)
{
  credence_error *why = NULL;
  char *revision = NULL;
  int r = keyring_get(archive->keyring, profile, kind, ret_value, &revision, &why);
  if (r == CREDENCE_E_NOT_FOUND)
    r = 0;
  else if (r < 0)
    r = explain(archive, r, &why, error);
  credence_error_free(&why);
  free(revision);
  return r;
}
