/* SPDX-License-Identifier: BSD-3-Clause */
/* export.c - write profiles to a file for another machine; see archive.h */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "archive.h"
#include "conf-line.h"
#include "credential.h"
#include "error.h"
#include "locks.h"
#include "paths.h"
#include "place.h"
#include "portable.h"
#include "profile-file.h"
#include "secret.h"

/* A keyring that stays open from one profile to the next: making a key of a passphrase
 * takes a while. */
struct source {
  struct place place;
  struct keyring *keyring;
};

static void source_close(struct source *source)
{
  keyring_close(&source->keyring);
  place_clear(&source->place);
}

static int is_source(const struct source *source, const credence_profile *profile)
{
  const char *store = source->place.store;
  if (source->keyring == NULL || keyring_is_read_only(profile->keyring) ||
      strcmp(source->place.keyring, profile->keyring) != 0)
    return 0;
  return store == NULL || profile->store == NULL ? store == profile->store
                                                 : strcmp(store, profile->store) == 0;
}

static int source_open(struct source *source, const credence_profile *profile, credence_error **error)
{
  if (is_source(source, profile))
    return 0;
  source_close(source);
  int r = place_set(&source->place, profile->keyring, profile->store, error);
  return r < 0 ? r : credential_open_keyring(profile, &source->keyring, error);
}

struct export
{
  credence_context *context;
  struct archive *archive;
  struct source source;
};

/* The profile's file and its record belong together. */
static int read_profile(struct export *e, const char *name, char **ret_conf, struct portable *portable,
                        credence_error **error)
{
  struct profile_file file = {NULL, 0, NULL, 0};
  credence_profile *profile = NULL;
  int r = profile_file_read(name, &file, error);
  if (r == 0)
    r = profile_open_file(e->context, name, &file, &profile, error);
  if (r == 0)
    r = source_open(&e->source, profile, error);
  if (r == 0)
    r = portable_read(portable, profile, e->source.keyring, error);
  if (r == 0)
    r = conf_line_encode(&file, ret_conf, error);
  credence_profile_free(&profile);
  profile_file_clear(&file);
  return r;
}

static int add_profile(struct export *e, const char *name, credence_error **error)
{
  struct portable portable = {NULL, NULL, NULL};
  char *conf = NULL;
  int fd = -1;
  int r = profile_lock_within(e->context, name, &fd, error);
  if (r == 0)
    r = read_profile(e, name, &conf, &portable, error);
  profile_unlock_file(fd);
  if (r == 0 && portable.record != NULL)
    r = archive_put(e->archive, name, "credential", portable.record, error);
  if (r == 0)
    r = archive_put(e->archive, name, "profile", conf, error);
  secret_free(conf);
  portable_clear(&portable);
  return r;
}

/* Before anything is asked, and before there are locks for names that do not exist.  The
 * system's profiles are not the user's to take along. */
static int check_names(const char *const *names, credence_error **error)
{
  struct profile_file file = {NULL, 0, NULL, 0};
  int r = 0;
  for (; r == 0 && *names != NULL; names++) {
    r = profile_file_read(*names, &file, error);
    if (r == 0 && !file.is_user)
      r = error_set(error, CREDENCE_E_REFUSED, "copy that file to the other machine",
                    "%s: is the system's profile", file.path);
    profile_file_clear(&file);
  }
  return r;
}

static int export(credence_context *context, const char *path, const char *const *names,
                  credence_error **error)
{
  struct export e = {.context = context};
  int r = check_names(names, error);
  if (r == 0)
    r = archive_create(context, path, &e.archive, error);
  for (; r == 0 && *names != NULL; names++)
    r = add_profile(&e, *names, error);
  if (r == 0)
    r = archive_publish(e.archive, error);
  source_close(&e.source);
  archive_close(&e.archive);
  return r;
}

/* Those in the user's folder. */
static int list_users(char ***ret_names, credence_error **error)
{
  struct name_list list = {NULL, 0};
  struct profile_folders folders;
  profile_folders_get(&folders);
  int r = list_folder(&list, folders.user, ".conf", error);
  if (r == 0 && list.count == 0)
    r = error_set(error, CREDENCE_E_NOT_FOUND, "credence add makes one", "there are no profiles to export");
  if (r == 0)
    r = list_finish(&list, ret_names, error);
  list_free(&list);
  free(folders.user);
  return r;
}

int credence_export(credence_context *context, const char *path, const char *const *names,
                    credence_error **error)
{
  credence_context *here = context_or_default(context);
  char **all = NULL;
  if (names != NULL && names[0] != NULL)
    return export(here, path, names, error);
  int r = list_users(&all, error);
  if (r == 0)
    r = export(here, path, (const char *const *)all, error);
  credence_strings_free(&all);
  return r;
}
