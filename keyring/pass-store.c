/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pass-store.c - the folders and files of a password store; see pass-store.h
 *
 * Nothing in here knows what is in an entry.  The lock is on the folder of the
 * store itself, so that there is no file for it which pass or git could see.
 * The file of a write that was interrupted has a name that neither of them
 * looks at, and since there is one writer at a time, the next one uses it again.
 */
#include "pass-store.h"
#include "full-io.h"

#include "../core/credence.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NEW_FILE ".credence-new"

static const char hidden_from_git[] =
    "# From Credence: sessions are short-lived, and these do not belong in a history.\n"
    "/.gitignore\n"
    "/" NEW_FILE "\n"
    "/*@session.gpg\n";

static int system_error(struct pass *pass, const char *what, const char *path)
{
  int error = errno;
  int code = error == EACCES || error == EPERM || error == EROFS ? CREDENCE_E_DENIED : CREDENCE_E_FAILED;

  return keyring_fail(pass->answer, code, "", "cannot %s %s: %s", what, path, strerror(error));
}

/* --- where ------------------------------------------------------------------ */

/* Write the path of the usual store; 0 without a home. */
static int usual_store(char *path)
{
  const char *home = getenv("HOME");

  if (!home || home[0] != '/')
    return 0;
  return (size_t)snprintf(path, PASS_PATH_MAX, "%s/.password-store", home) < PASS_PATH_MAX;
}

static void strip_slashes(char *path)
{
  size_t length = strlen(path);

  while (length > 1 && path[length - 1] == '/')
    path[--length] = '\0';
}

static int locate(struct pass *pass)
{
  const char *environment = getenv("PASSWORD_STORE_DIR");
  const char *said = pass->request->store ? pass->request->store : environment;
  char usual[PASS_PATH_MAX] = "";
  int has_usual = usual_store(usual);

  if ((!said || !said[0]) && !has_usual)
    return keyring_fail(pass->answer, CREDENCE_E_INVALID, "set HOME, or PASSWORD_STORE_DIR",
                        "there is no home directory for the password store");
  if (said && said[0] && said[0] != '/')
    return keyring_fail(pass->answer, CREDENCE_E_INVALID, "give the absolute path of the password store",
                        "'%s' is not an absolute path", said);
  said = said && said[0] ? said : usual;
  if (strlen(said) > KEYRING_STORE_MAX)
    return keyring_fail(pass->answer, CREDENCE_E_TOO_LARGE, "use a shorter path",
                        "the path of the password store is too long");
  snprintf(pass->store, sizeof pass->store, "%s", said);
  strip_slashes(pass->store);
  /* What is the usual place need not be written down. */
  strip_slashes(usual);
  if (!has_usual || strcmp(pass->store, usual) != 0)
    snprintf(pass->answer->store, sizeof pass->answer->store, "%.*s", (int)KEYRING_STORE_MAX, pass->store);
  return CREDENCE_OK;
}

/* Octal, as everybody writes it; what is not keeps the entries private. */
static mode_t parse_mask(const char *text)
{
  char *end = NULL;
  long mask = text && text[0] ? strtol(text, &end, 8) : 077;

  return end && (*end || mask < 0 || mask > 0777) ? 077 : (mode_t)mask;
}

int store_open(struct pass *pass, const struct keyring_request *request, struct keyring_answer *answer)
{
  const char *at = "", *kind = "";
  int r;

  memset(pass, 0, sizeof *pass);
  pass->request = request;
  pass->answer = answer;
  pass->lock = -1;
  pass->mask = parse_mask(getenv("PASSWORD_STORE_UMASK"));
  /* For what we make, and for git. */
  umask(pass->mask);
  r = locate(pass);
  if (r != CREDENCE_OK)
    return r;
  snprintf(pass->folder, sizeof pass->folder, "%s/" PASS_FOLDER, pass->store);
  if (!request->profile)
    return CREDENCE_OK;
  if (strcmp(request->kind, "credential") != 0) {
    at = "@";
    kind = request->kind;
  }
  snprintf(pass->entry, sizeof pass->entry, PASS_FOLDER "/%s%s%s", request->profile, at, kind);
  snprintf(pass->file, sizeof pass->file, "%s/%s.gpg", pass->store, pass->entry);
  return CREDENCE_OK;
}

void store_close(struct pass *pass)
{
  if (pass->lock >= 0)
    close(pass->lock);
  pass->lock = -1;
}

int store_find_id(const struct pass *pass, char *path)
{
  struct stat status;

  snprintf(path, PASS_PATH_MAX, "%s/.gpg-id", pass->folder);
  if (stat(path, &status) == 0 && S_ISREG(status.st_mode))
    return 1;
  snprintf(path, PASS_PATH_MAX, "%s/.gpg-id", pass->store);
  return stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

int store_need(struct pass *pass)
{
  const char *key = getenv("PASSWORD_STORE_KEY");
  char path[PASS_PATH_MAX];
  struct stat status;

  if (stat(pass->store, &status) != 0 && errno != ENOENT && errno != ENOTDIR)
    return system_error(pass, "open", pass->store);
  if (stat(pass->store, &status) != 0 || !S_ISDIR(status.st_mode))
    return keyring_fail(pass->answer, CREDENCE_E_NO_KEYRING,
                        "pass init KEYID, or name the store with --store", "there is no password store %s",
                        pass->store);
  if (!store_find_id(pass, path) && (!key || !key[0]))
    return keyring_fail(pass->answer, CREDENCE_E_NO_KEYRING, "pass init KEYID",
                        "nobody has made the folder %s a password store: it has no .gpg-id", pass->store);
  return CREDENCE_OK;
}

/* What is not there is nobody's.  A group of the user's own is no others. */
static int check_path(struct pass *pass, const char *path)
{
  char remedy[PASS_PATH_MAX + 32];
  struct stat status;

  if (stat(path, &status) != 0)
    return errno == ENOENT || errno == ENOTDIR ? CREDENCE_OK : system_error(pass, "examine", path);
  if (status.st_uid != 0 && status.st_uid != geteuid()) {
    snprintf(remedy, sizeof remedy, "chown %u %s", (unsigned)geteuid(), path);
    return keyring_fail(pass->answer, CREDENCE_E_REFUSED, remedy, "%s belongs to another user", path);
  }
  if ((status.st_mode & S_IWOTH) != 0 || ((status.st_mode & S_IWGRP) != 0 && status.st_gid != getegid())) {
    snprintf(remedy, sizeof remedy, "chmod go-w %s", path);
    return keyring_fail(pass->answer, CREDENCE_E_REFUSED, remedy, "%s can be written by other users", path);
  }
  return CREDENCE_OK;
}

int store_check_private(struct pass *pass)
{
  char path[PASS_PATH_MAX];
  int r = check_path(pass, pass->store);

  if (r == CREDENCE_OK)
    r = check_path(pass, pass->folder);
  if (r == CREDENCE_OK && store_find_id(pass, path))
    r = check_path(pass, path);
  return r;
}

int store_lock(struct pass *pass)
{
  pass->lock = open(pass->store, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (pass->lock < 0)
    return system_error(pass, "open", pass->store);
  return keyring_flock(pass->lock, pass->request, pass->answer);
}

/* --- read ------------------------------------------------------------------------ */

void blob_free(struct blob *blob)
{
  free(blob->text);
  blob->text = NULL;
  blob->size = 0;
}

/* pass writes into files that are there, so that they may grow or shrink while
 * they are read: read what comes. */
static int read_all(struct pass *pass, const char *path, int fd, struct blob *blob)
{
  ssize_t n = 1;

  blob->size = 0;
  while (n > 0 && blob->size <= PASS_FILE_MAX) {
    n = read(fd, blob->text + blob->size, PASS_FILE_MAX + 1 - blob->size);
    if (n < 0 && errno == EINTR)
      n = 1;
    else if (n < 0)
      return system_error(pass, "read", path);
    else
      blob->size += (size_t)n;
  }
  if (blob->size > PASS_FILE_MAX)
    return keyring_fail(pass->answer, CREDENCE_E_TOO_LARGE, "move it away",
                        "%s is too large for what it should hold", path);
  blob->text[blob->size] = '\0';
  return CREDENCE_OK;
}

static int read_open_file(struct pass *pass, const char *path, int fd, struct blob *ret_blob)
{
  struct blob blob = {NULL, 0};
  struct stat status;
  int r;

  if (fstat(fd, &status) != 0)
    return system_error(pass, "examine", path);
  if (!S_ISREG(status.st_mode))
    return keyring_fail(pass->answer, CREDENCE_E_REFUSED, "move it away", "%s is not a regular file", path);
  blob.text = malloc(PASS_FILE_MAX + 2);
  if (!blob.text)
    return keyring_fail(pass->answer, CREDENCE_E_NOMEM, "", "out of memory");
  r = read_all(pass, path, fd, &blob);
  if (r != CREDENCE_OK) {
    free(blob.text);
    return r;
  }
  *ret_blob = blob;
  return CREDENCE_OK;
}

int store_read(struct pass *pass, const char *path, struct blob *ret_blob)
{
  /* O_NONBLOCK: opening a FIFO must not wait for somebody to write to it. */
  int r, fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

  if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
    return CREDENCE_E_NOT_FOUND;
  if (fd < 0)
    return system_error(pass, "open", path);
  r = read_open_file(pass, path, fd, ret_blob);
  close(fd);
  return r;
}

void store_revision(const void *data, size_t size, char *revision)
{
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned length = 0;

  revision[0] = '\0';
  EVP_Digest(data, size, digest, &length, EVP_sha256(), NULL);
  for (unsigned i = 0; i < length; i++)
    snprintf(revision + 2 * (size_t)i, 3, "%02x", digest[i]);
}

int store_fail_not_found(struct pass *pass)
{
  return keyring_fail(pass->answer, CREDENCE_E_NOT_FOUND, "", "the password store has no entry %s",
                      pass->entry);
}

/* --- write ------------------------------------------------------------------------- */

static int sync_folder(const char *path)
{
  int r, fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

  if (fd < 0)
    return -1;
  r = fsync(fd);
  close(fd);
  return r;
}

static int make_folder(struct pass *pass)
{
  if (mkdir(pass->folder, 0777) == 0)
    return sync_folder(pass->store) == 0 ? CREDENCE_OK : system_error(pass, "write", pass->store);
  return errno == EEXIST ? CREDENCE_OK : system_error(pass, "make", pass->folder);
}

/* 0, or -1 with errno. */
static int write_new(const char *path, const void *data, size_t size)
{
  int error, r, fd;

  /* It may be a link that somebody put there. */
  unlink(path);
  fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (fd < 0)
    return -1;
  r = write_full(fd, data, size);
  if (r == 0)
    r = fsync(fd);
  error = errno;
  close(fd);
  errno = error;
  return r;
}

static int replace(struct pass *pass, const char *path, const void *data, size_t size)
{
  char new[PASS_PATH_MAX];
  int r = make_folder(pass);

  if (r != CREDENCE_OK)
    return r;
  snprintf(new, sizeof new, "%s/" NEW_FILE, pass->folder);
  if (write_new(new, data, size) != 0 || rename(new, path) != 0) {
    r = system_error(pass, "write", path);
    unlink(new);
    return r;
  }
  return sync_folder(pass->folder) == 0 ? CREDENCE_OK : system_error(pass, "write", pass->folder);
}

int store_write(struct pass *pass, const void *data, size_t size)
{
  return replace(pass, pass->file, data, size);
}

static void path_of_ignore(const struct pass *pass, char *path)
{
  snprintf(path, PASS_PATH_MAX, "%s/.gitignore", pass->folder);
}

void store_hide_from_git(struct pass *pass)
{
  char path[PASS_PATH_MAX];

  path_of_ignore(pass, path);
  if (access(path, F_OK) != 0)
    (void)replace(pass, path, hidden_from_git, sizeof hidden_from_git - 1);
}

static int is_hidden(const struct dirent *item)
{
  return item->d_name[0] == '.';
}

static int is_ours_alone(const struct dirent *item)
{
  return strcmp(item->d_name, ".") == 0 || strcmp(item->d_name, "..") == 0 ||
         strcmp(item->d_name, ".gitignore") == 0 || strcmp(item->d_name, NEW_FILE) == 0;
}

static int is_foreign(const struct dirent *item)
{
  return !is_ours_alone(item);
}

static void free_names(struct dirent **names, int count)
{
  for (int i = 0; i < count; i++)
    free(names[i]);
  free(names);
}

/* As pass does, take the folder away with its last entry. */
static void remove_empty_folder(struct pass *pass)
{
  struct dirent **names = NULL;
  char path[PASS_PATH_MAX];
  int count = scandir(pass->folder, &names, is_foreign, NULL);

  free_names(names, count);
  if (count != 0)
    return;
  path_of_ignore(pass, path);
  unlink(path);
  snprintf(path, sizeof path, "%s/" NEW_FILE, pass->folder);
  unlink(path);
  rmdir(pass->folder);
}

int store_delete(struct pass *pass)
{
  if (unlink(pass->file) != 0)
    return errno == ENOENT ? store_fail_not_found(pass) : system_error(pass, "delete", pass->file);
  if (sync_folder(pass->folder) != 0)
    return system_error(pass, "write", pass->folder);
  remove_empty_folder(pass);
  return CREDENCE_OK;
}

/* --- all entries ---------------------------------------------------------------------- */

static int is_visible(const struct dirent *item)
{
  return !is_hidden(item);
}

/* NAME.gpg or NAME@KIND.gpg: cut it down to NAME; 0 when it is another kind's, or
 * somebody put something else there. */
static int profile_of(char *name, const char *kind)
{
  char *end = strrchr(name, '.'), *at;

  if (!end || strcmp(end, ".gpg") != 0)
    return 0;
  *end = '\0';
  at = strchr(name, '@');
  if (at)
    *at = '\0';
  if (strspn(name, "._-") > 0 || name[0] == '\0' ||
      name[strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-")] != '\0')
    return 0;
  return strcmp(at ? at + 1 : "credential", kind) == 0;
}

static int visit_names(struct pass *pass, struct dirent **names, int count, const char *kind,
                       store_visitor *visit)
{
  char path[PASS_PATH_MAX];
  int r = CREDENCE_OK;

  for (int i = 0; i < count && r == CREDENCE_OK; i++) {
    snprintf(path, sizeof path, "%s/%s", pass->folder, names[i]->d_name);
    if (profile_of(names[i]->d_name, kind))
      r = visit(pass, path, names[i]->d_name);
  }
  return r;
}

int store_visit(struct pass *pass, const char *kind, store_visitor *visit)
{
  struct dirent **names = NULL;
  int r, count = scandir(pass->folder, &names, is_visible, alphasort);

  if (count < 0 && (errno == ENOENT || errno == ENOTDIR))
    return CREDENCE_OK;
  if (count < 0)
    return system_error(pass, "read", pass->folder);
  r = visit_names(pass, names, count, kind, visit);
  free_names(names, count);
  return r == STORE_STOP ? CREDENCE_OK : r;
}
