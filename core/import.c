/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * import.c - make the profiles of an exported file profiles here
 *
 * The file is read once and closed: what it holds is in memory, so that a person may take
 * their time to choose.  A profile goes through the same steps as one that moves to
 * another keyring: the secrets, read back, then the file.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "archive.h"
#include "conf-line.h"
#include "credential.h"
#include "deposit.h"
#include "error.h"
#include "import-pair.h"
#include "inifile.h"
#include "locks.h"
#include "login-state.h"
#include "profile-file.h"
#include "secret.h"

struct item {
  char *conf; /* secret memory, both; record is NULL for a profile without secrets */
  char *record;
};

struct credence_import {
  credence_context *context;
  char *path;
  char **names; /* ended by NULL */
  struct item *items;
};

void credence_import_free(credence_import **import)
{
  if (import == NULL || *import == NULL)
    return;
  credence_import *i = *import;
  for (size_t n = 0; i->items != NULL && i->names[n] != NULL; n++) {
    secret_free(i->items[n].conf);
    secret_free(i->items[n].record);
  }
  free(i->items);
  credence_strings_free(&i->names);
  free(i->path);
  free(i);
  *import = NULL;
}

const char *credence_import_name(const credence_import *import, size_t index)
{
  size_t count = 0;
  while (import->names[count] != NULL && count < index)
    count++;
  return import->names[count];
}

static int read_items(credence_import *i, struct archive *archive, credence_error **error)
{
  size_t count = 0;
  int r = archive_list(archive, &i->names, error);
  if (r < 0)
    return r;
  while (i->names[count] != NULL)
    count++;
  i->items = calloc(count, sizeof(*i->items));
  r = i->items == NULL ? error_nomem(error) : 0;
  for (size_t n = 0; r == 0 && n < count; n++) {
    r = archive_get(archive, i->names[n], "profile", &i->items[n].conf, error);
    if (r == 0)
      r = archive_get(archive, i->names[n], "credential", &i->items[n].record, error);
  }
  return r;
}

int credence_import_open(credence_context *context, const char *path, credence_import **ret_import,
                         credence_error **error)
{
  struct archive *archive = NULL;
  credence_import *new = calloc(1, sizeof(*new));
  if (new == NULL || (new->path = strdup(path)) == NULL) {
    free(new);
    return error_nomem(error);
  }
  new->context = context_or_default(context);
  int r = archive_open(new->context, path, &archive, error);
  if (r == 0)
    r = read_items(new, archive, error);
  archive_close(&archive);
  if (r < 0)
    credence_import_free(&new);
  else
    *ret_import = new;
  return r;
}

/* --- one profile -------------------------------------------------------------------- */

struct arrival {
  credence_context *context;
  const char *name;
  unsigned flags;
  const struct item *item;
  struct profile_file file;
  credence_profile *profile;
  struct profile_file old; /* of the profile that is here; no path: there is none */
  struct deposit deposit;
};

static void arrival_clear(struct arrival *a)
{
  deposit_clear(&a->deposit);
  credence_profile_free(&a->profile);
  profile_file_clear(&a->file);
  profile_file_clear(&a->old);
}

static int find_item(const credence_import *import, const char *name, const struct item **ret_item,
                     credence_error **error)
{
  for (size_t n = 0; import->names[n] != NULL; n++)
    if (strcmp(import->names[n], name) == 0) {
      *ret_item = &import->items[n];
      return 0;
    }
  return error_set(error, CREDENCE_E_NOT_FOUND, "name none, to import all of them",
                   "%s: holds no profile %.80s", import->path, name);
}

/* All that is checked of a profile's file, and that the record is for its endpoint and has
 * what it needs. */
static int check_item(struct arrival *a, const char *path, credence_error **error)
{
  char *label = NULL;
  if (asprintf(&label, "%s, profile %s", path, a->name) < 0)
    return error_nomem(error);
  int r = conf_line_decode(label, a->item->conf, &a->file, error);
  free(label);
  a->file.is_user = 1;
  if (r == 0)
    r = profile_open_file(a->context, a->name, &a->file, &a->profile, error);
  if (r == 0)
    a->profile->is_trial = 1; /* whatever has its name here */
  if (r == 0 && a->item->record != NULL)
    r = credential_take(a->profile, a->item->record, error);
  else if (r == 0 && profile_first_secret(a->profile) != NULL)
    r = error_set(error, CREDENCE_E_MALFORMED, "export it again", "%s: has no secret for profile %s", path,
                  a->name);
  return r;
}

static int read_old(struct arrival *a, credence_error **error)
{
  credence_error *why = NULL;
  int r = profile_file_read(a->name, &a->old, &why);
  if (r == CREDENCE_E_NOT_FOUND)
    r = 0;
  else if (r < 0)
    r = error_pass(error, r, &why);
  else if (!a->old.is_user)
    r = error_set(error, CREDENCE_E_REFUSED, "ask whoever administers this system",
                  "there is a profile %s already, and it is the system's: %s", a->name, a->old.path);
  credence_error_free(&why);
  return r;
}

static const char *setting(const struct profile_file *file, const char *name)
{
  return profile_file_get(file, "profile", name, 0);
}

/* Secrets go where the profile that is here has them: another place is migrate's task. */
static int choose_place(struct arrival *a, const char *keyring, const char *store, credence_error **error)
{
  struct place wanted = {NULL, NULL};
  int same = 1;
  if (a->old.path == NULL) {
    const char *name = keyring != NULL ? keyring : setting(&a->file, "keyring");
    int r = place_check_writable(name, store, error);
    return r < 0 ? r : place_set(&a->deposit.place, name, store, error);
  }
  const char *here = setting(&a->old, "keyring");
  if (here == NULL)
    return error_set(error, CREDENCE_E_MALFORMED,
                     "add keyring = NAME, or delete the file if it has no secret",
                     "%s: does not say which keyring holds its secrets", a->old.path);
  if (keyring_is_read_only(here))
    return error_set(error, CREDENCE_E_REFUSED, "credence migrate moves it first; or credence remove",
                     "there is a profile %s already, whose secrets are in keyring %s, which is only read",
                     a->name, here);
  int r = place_set(&a->deposit.place, here, setting(&a->old, "keyring_store"), error);
  if (r == 0 && (keyring != NULL || store != NULL)) {
    r = place_set(&wanted, keyring != NULL ? keyring : here, store, error);
    if (r == 0)
      r = place_compare(a->context, &wanted, &a->deposit.place, &same, error);
    place_clear(&wanted);
  }
  if (r == 0 && !same)
    r = error_set(error, CREDENCE_E_CONFLICT, "credence migrate moves it",
                  "there is a profile %s already, whose secrets are in another place", a->name);
  return r;
}

/* The settings without those that say where the secrets are. */
static int render_settings(const struct profile_file *file, const char *path, struct buf *text,
                           credence_error **error)
{
  struct profile_file copy = {NULL, 0, NULL, 0};
  int r = profile_file_render(file, text, error);
  if (r == 0)
    r = profile_file_parse(path, text->data, text->size, &copy, error);
  if (r == 0)
    r = profile_file_set(&copy, "profile", "keyring", NULL, error);
  if (r == 0)
    r = profile_file_set(&copy, "profile", "keyring_store", NULL, error);
  buf_reset(text);
  if (r == 0)
    r = profile_file_render(&copy, text, error);
  profile_file_clear(&copy);
  return r;
}

static int same_settings(struct arrival *a, int *ret_same, credence_error **error)
{
  struct buf here;
  struct buf there;
  buf_init(&here, INIFILE_MAX);
  buf_init(&there, INIFILE_MAX);
  int r = render_settings(&a->old, a->old.path, &here, error);
  if (r == 0)
    r = render_settings(&a->file, a->file.path, &there, error);
  if (r == 0)
    *ret_same = here.size == there.size && memcmp(here.data, there.data, here.size) == 0;
  buf_reset(&there);
  buf_reset(&here);
  return r;
}

/* What the profile's keyring holds now; *ret_record is NULL when that is nothing. */
static int read_record(struct arrival *a, char **ret_record, credence_error **error)
{
  struct keyring *keyring = NULL;
  credence_error *why = NULL;
  char *revision = NULL;
  int r = keyring_open(a->context, a->deposit.place.keyring, a->deposit.place.store, &keyring, &why);
  if (r == 0)
    r = keyring_get(keyring, a->name, "credential", ret_record, &revision, &why);
  keyring_close(&keyring);
  if (r == CREDENCE_E_NOT_FOUND)
    r = 0;
  else if (r < 0)
    r = error_pass(error, r, &why);
  credence_error_free(&why);
  free(revision);
  return r;
}

/* CONFLICT when what is here differs and may not be replaced; *ret_same: there is nothing
 * to do. */
static int compare_old(struct arrival *a, int *ret_same, credence_error **error)
{
  char *record = NULL;
  int same = 0;
  if (a->old.path == NULL) {
    *ret_same = 0;
    return 0;
  }
  int r = same_settings(a, &same, error);
  if (r == 0 && same) {
    r = read_record(a, &record, error);
    same = a->item->record == NULL || (record != NULL && strcmp(record, a->item->record) == 0);
    secret_free(record);
  }
  if (r == 0 && !same && (a->flags & CREDENCE_IMPORT_REPLACE) == 0)
    r = error_set(error, CREDENCE_E_CONFLICT, "--replace overwrites it",
                  "there is another profile %s already: %s", a->name, a->old.path);
  if (r == 0)
    *ret_same = same;
  return r;
}

static int write_file(struct arrival *a, credence_error **error)
{
  const struct place *to = &a->deposit.place;
  int r = profile_file_set(&a->file, "profile", "keyring", to->keyring, error);
  if (r == 0)
    r = profile_file_set(&a->file, "profile", "keyring_store", deposit_store(&a->deposit), error);
  return r < 0 ? r : profile_file_write(&a->file, a->name, error);
}

/* Together with the record that is here, where only the file can tell which counts. */
static int pair_with_old(struct arrival *a, char **ret_text, credence_error **error)
{
  char *old = NULL;
  if (a->old.path == NULL || a->item->record == NULL)
    return 0;
  int r = read_record(a, &old, error);
  if (r == 0 && old != NULL) {
    const struct pair_side from = {&a->old, old};
    const struct pair_side to = {&a->file, a->item->record};
    r = pair_make(&from, &to, ret_text, error);
  }
  secret_free(old);
  return r;
}

static int store(struct arrival *a, credence_error **error)
{
  char *pair = NULL;
  int r = pair_with_old(a, &pair, error);
  if (r < 0)
    return r;
  a->deposit.record = pair != NULL ? pair : a->item->record;
  a->deposit.replace = (a->flags & CREDENCE_IMPORT_REPLACE) != 0;
  r = deposit_put(&a->deposit, error);
  if (r == 0)
    r = deposit_check(&a->deposit, error);
  if (r == 0)
    r = write_file(a, error);
  if (r < 0)
    deposit_take_back(&a->deposit);
  else
    login_state_remove(a->name);
  if (r == 0 && pair != NULL)
    deposit_settle(&a->deposit, a->item->record);
  secret_free(pair);
  return r;
}

static int arrive(struct arrival *a, const char *keyring, const char *where, int *ret_changed,
                  credence_error **error)
{
  int same = 0;
  int r = read_old(a, error);
  if (r == 0)
    r = choose_place(a, keyring, where, error);
  if (r == 0)
    r = compare_old(a, &same, error);
  if (r == 0 && !same)
    r = store(a, error);
  if (r == 0 && ret_changed != NULL)
    *ret_changed = !same;
  return r;
}

int credence_import_profile(credence_import *import, const char *name, const char *keyring, const char *where,
                            unsigned flags, int *ret_changed, credence_error **error)
{
  struct arrival a = {.context = import->context, .name = name, .flags = flags};
  int fd = -1;
  int login = -1; /* whose session would come after it */
  a.deposit.context = import->context;
  a.deposit.name = name;
  int r = find_item(import, name, &a.item, error);
  if (r == 0)
    r = check_item(&a, import->path, error);
  if (r == 0)
    r = profile_lock_within(import->context, name, &fd, error);
  if (r == 0)
    r = profile_lock_login(name, &login, error);
  if (r == 0)
    r = arrive(&a, keyring, where, ret_changed, error);
  arrival_clear(&a);
  profile_unlock_file(login);
  profile_unlock_file(fd);
  return r;
}
