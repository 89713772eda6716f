/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * keyring-directory.c - the directory keyring: files that somebody else wrote
 *
 * For services, containers and fleets: systemd's credentials, Kubernetes' Secrets, or a
 * folder that an administrator fills.  One file per secret, and nothing is ever written.
 *
 * The value that the library gets is made up from the files: a record, whose stamp and
 * revision are a digest of what they hold.  So it changes when a secret does, and only
 * then: not when a service starts anew and gets the same secrets in another folder.
 *
 * Underneath: directory-read.c reads all that a profile wants at one time,
 * directory-names.c knows which file a field is in, directory-folder.c opens and judges
 * files, directory-record.c writes the record.
 */
#include "directory-names.h"
#include "directory-read.h"

#include "../core/credence.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PREFIX_SIZE 4u /* of a message */
#define REMEDY_SIZE (PATH_MAX + 256)

/* --- get ---------------------------------------------------------------------------------- */

static int directory_get(const struct keyring_request *request, struct keyring_answer *answer)
{
  struct folder folder;
  int r;

  if (strcmp(request->kind, "credential") != 0)
    return keyring_fail(answer, CREDENCE_E_NOT_FOUND, "", "keyring directory keeps no %s of profile '%s'",
                        request->kind, request->profile);
  r = folder_locate(&folder, request, answer);
  return r == CREDENCE_OK ? directory_read(&folder, request, answer) : r;
}

/* --- what there is ------------------------------------------------------------------------ */

typedef void visit_function(void *userdata, const char *name, const struct stat *status);

/* All but hidden files. */
static int for_each_file(const struct folder *folder, visit_function *visit, void *userdata)
{
  int fd = openat(folder->files, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *entries = fd < 0 ? NULL : fdopendir(fd);
  struct dirent *entry;
  struct stat status;

  if (!entries) {
    if (fd >= 0)
      close(fd);
    return -1;
  }
  while ((entry = readdir(entries)) != NULL)
    if (entry->d_name[0] != '.' && fstatat(folder->files, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0)
      visit(userdata, entry->d_name, &status);
  closedir(entries);
  return 0;
}

static void note_untrusted(void *userdata, const char *name, const struct stat *status)
{
  (void)name;
  if (!S_ISDIR(status->st_mode) && !folder_trusts(status))
    *(int *)userdata = 1;
}

static int directory_probe(const struct keyring_request *request, struct keyring_answer *answer)
{
  struct folder folder;
  int is_open = 0, exists, r = folder_locate(&folder, request, answer);

  if (r != CREDENCE_OK)
    return r;
  r = folder_open(&folder, answer);
  exists = r != CREDENCE_E_NO_KEYRING;
  keyring_fact(answer, "store", folder.path);
  keyring_fact(answer, "exists", exists ? "yes" : "no");
  if (exists) {
    if (r != CREDENCE_OK || for_each_file(&folder, note_untrusted, &is_open) != 0)
      is_open = 1;
    keyring_fact(answer, "private", is_open ? "no" : "yes");
    keyring_fact(answer, "layout", folder.data[0] != '\0' ? "kubernetes" : "plain");
  }
  folder_close(&folder);
  return r == CREDENCE_OK || !exists ? keyring_fail(answer, CREDENCE_OK, "", "folder %s %s", folder.path,
                                                    exists ? "exists" : "does not exist")
                                     : CREDENCE_OK; /* with the reason why it cannot be used */
}

static int is_listed(const struct keyring_answer *answer, const char *name, size_t size)
{
  const struct keyring_writer *fields = &answer->fields;
  const unsigned char *other = NULL;
  size_t other_size = 0;

  for (size_t i = 0; keyring_read_field(fields->data + PREFIX_SIZE, fields->used - PREFIX_SIZE, KEYRING_NAME,
                                        i, &other, &other_size) == 1;
       i++)
    if (other_size == size && memcmp(other, name, size) == 0)
      return 1;
  return 0;
}

/* What stands before the first dot.  A profile's name may have dots as well, but nobody
 * knows here which belong to it. */
static void list_file(void *userdata, const char *name, const struct stat *status)
{
  struct keyring_answer *answer = userdata;
  size_t size = strcspn(name, ".");

  if (S_ISREG(status->st_mode) && name[size] == '.' && size <= 64 && !is_listed(answer, name, size))
    keyring_write_field(&answer->fields, KEYRING_NAME, name, size);
}

static int directory_list(const struct keyring_request *request, struct keyring_answer *answer)
{
  struct folder folder;
  int r = folder_locate(&folder, request, answer);

  if (r != CREDENCE_OK || strcmp(request->kind, "credential") != 0)
    return r;
  r = folder_open(&folder, answer);
  if (r == CREDENCE_OK && for_each_file(&folder, list_file, answer) != 0)
    r = keyring_fail(answer, CREDENCE_E_DENIED, "", "cannot list %s", folder.path);
  folder_close(&folder);
  return r;
}

/* --- what is done elsewhere ------------------------------------------------------------------ */

/* The field is not said, but by a library that says which it wants. */
static int read_only(const struct keyring_request *request, const char *what, struct keyring_answer *answer)
{
  struct keyring_answer ignored = {0};
  struct folder folder;
  struct names names;
  char remedy[REMEDY_SIZE];

  if (strcmp(request->kind, "credential") != 0)
    return keyring_fail(answer, CREDENCE_E_UNSUPPORTED, "use another keyring for what has to be kept",
                        "keyring directory is read-only, and keeps no %s", request->kind);
  if (folder_locate(&folder, request, &ignored) != CREDENCE_OK)
    snprintf(folder.path, sizeof folder.path, "$CREDENTIALS_DIRECTORY");
  names_of_field(&names, request->profile, request->field_count > 0 ? request->fields[0] : "FIELD",
                 folder.is_own);
  snprintf(remedy, sizeof remedy, "%s the file %s/%s instead", what, folder.path,
           names.name[names.count - 1]);
  return keyring_fail(answer, CREDENCE_E_UNSUPPORTED, remedy, "keyring directory is read-only");
}

static int directory_put(const struct keyring_request *request, struct keyring_answer *answer)
{
  return read_only(request, "write", answer);
}

static int directory_delete(const struct keyring_request *request, struct keyring_answer *answer)
{
  return read_only(request, "delete", answer);
}

/* It has no lock. */
static int directory_nothing(const struct keyring_request *request, struct keyring_answer *answer)
{
  (void)request;
  (void)answer;
  return CREDENCE_OK;
}

int main(void)
{
  static const struct keyring_store store = {
      .name = "directory",
      .probe = directory_probe,
      .list = directory_list,
      .get = directory_get,
      .put = directory_put,
      .delete = directory_delete,
      .unlock = directory_nothing,
      .lock = directory_nothing,
  };

  return keyring_serve(&store);
}
