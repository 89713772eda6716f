/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * migrate.c - move a profile's secrets to another keyring
 *
 * Copy, read back, write the profile's file, delete the original: in this order, so that
 * at every moment the keyring that the file names has the secrets.  What a move that was
 * interrupted, or was not to delete anything, has left behind is remembered (copies.h),
 * and the same call again deletes it.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "copies.h"
#include "credential.h"
#include "deposit.h"
#include "error.h"
#include "locks.h"
#include "portable.h"
#include "profile-file.h"
#include "secret.h"

struct move {
  credence_context *context;
  const char *name;
  unsigned flags;
  struct profile_file file;
  credence_profile *profile;
  struct place from;
  struct deposit deposit;
  struct portable portable;
};

static void move_clear(struct move *m)
{
  deposit_clear(&m->deposit);
  place_clear(&m->from);
  portable_clear(&m->portable);
  credence_profile_free(&m->profile);
  profile_file_clear(&m->file);
}

static int check_deletable(const char *keyring, credence_error **error)
{
  if (!keyring_is_read_only(keyring))
    return 0;
  return error_set(error, CREDENCE_E_REFUSED, "leave --delete-source out",
                   "keyring %s is filled by whoever administers this machine: nothing can be deleted there",
                   keyring);
}

static int load(struct move *m, credence_error **error)
{
  int r = profile_file_read(m->name, &m->file, error);
  if (r == 0 && !m->file.is_user)
    r = error_set(error, CREDENCE_E_REFUSED, "ask whoever administers this system",
                  "%s: is the system's profile", m->file.path);
  if (r == 0)
    r = profile_open_file(m->context, m->name, &m->file, &m->profile, error);
  if (r == 0)
    r = place_set(&m->from, m->profile->keyring, m->profile->store, error);
  if (r == 0 && (m->flags & CREDENCE_MIGRATE_DELETE_SOURCE) != 0)
    r = check_deletable(m->from.keyring, error);
  return r;
}

/* --- the original --------------------------------------------------------------- */

/* Gone, or never there, is what was asked for; and a session may be what this keyring
 * cannot have. */
static int delete_one(struct keyring *keyring, const char *name, const char *kind, const char *expect,
                      credence_error **error)
{
  credence_error *why = NULL;
  int r = keyring_delete(keyring, name, kind, expect, &why);
  if (r == CREDENCE_E_NOT_FOUND || (r == CREDENCE_E_UNSUPPORTED && strcmp(kind, "session") == 0))
    r = 0;
  else if (r < 0)
    r = error_pass(error, r, &why);
  credence_error_free(&why);
  return r;
}

/* The command that does the rest. */
static void make_remedy(const struct move *m, int is_conflict, char *out, size_t size)
{
  const char *store = deposit_store(&m->deposit);
  int has_path = store != NULL && store[0] == '/';
  snprintf(out, size, "credence migrate %s --to %s%s%s --delete-source%s", m->name, m->deposit.place.keyring,
           has_path ? " --store " : "", has_path ? store : "",
           is_conflict ? " --replace deletes it all the same" : " tries again");
}

static int source_stays(const struct move *m, const struct place *place, const credence_error *why,
                        credence_error **error)
{
  char remedy[400];
  int code = credence_error_code(why);
  make_remedy(m, code == CREDENCE_E_CONFLICT, remedy, sizeof(remedy));
  return error_set(error, code, remedy,
                   "profile %s is in keyring %s now, but what is left in %s stays there: %s", m->name,
                   m->deposit.place.keyring, place->keyring, credence_error_message(why));
}

/* Delete what this place holds, if it still has that revision. */
static int delete_copy(struct move *m, const struct place *place, const char *revision, unsigned *done,
                       credence_error **error)
{
  struct keyring *keyring = NULL;
  credence_error *why = NULL;
  int queue = -1;
  int r = keyring_queue(m->context, place->keyring, &queue, &why);
  if (r == 0)
    r = keyring_open(m->context, place->keyring, place->store, &keyring, &why);
  if (r == 0)
    r = delete_one(keyring, m->name, "credential", revision, &why);
  if (r == 0)
    r = delete_one(keyring, m->name, "session", NULL, &why);
  keyring_close(&keyring);
  profile_unlock_file(queue);
  if (r == 0) {
    copies_remove(m->name);
    *done |= CREDENCE_MIGRATE_DELETED;
  } else {
    r = source_stays(m, place, why, error);
  }
  credence_error_free(&why);
  return r;
}

/* Only what the profile has, too, is a copy. */
static int compare_copy(const struct move *m, const struct place *place, char **ret_revision,
                        credence_error **error)
{
  struct keyring *keyring = NULL;
  credence_error *why = NULL;
  char *text = NULL;
  char *revision = NULL;
  int r = keyring_open(m->context, place->keyring, place->store, &keyring, &why);
  if (r == 0)
    r = keyring_get(keyring, m->name, "credential", &text, &revision, &why);
  keyring_close(&keyring);
  if (r == CREDENCE_E_NOT_FOUND) {
    credence_error_free(&why);
    revision = strdup("");
    r = revision == NULL ? error_nomem(&why) : 0;
  } else if (r == 0 && (m->flags & CREDENCE_MIGRATE_REPLACE) == 0 &&
             (m->portable.record == NULL || strcmp(text, m->portable.record) != 0)) {
    r = error_set(&why, CREDENCE_E_CONFLICT, NULL, "it is not what the profile has");
  }
  if (r < 0)
    r = source_stays(m, place, why, error);
  credence_error_free(&why);
  secret_free(text);
  if (r < 0)
    free(revision);
  else
    *ret_revision = revision;
  return r;
}

/* The profile is where it shall be.  Delete what an earlier move left. */
static int clean_up(struct move *m, unsigned *done, credence_error **error)
{
  struct place place = {NULL, NULL};
  char *revision = NULL;
  int same = 0;
  int r = copies_read(m->name, &place, error);
  if (r == 0 && place.keyring != NULL)
    r = place_compare(m->context, &place, &m->from, &same, error);
  if (r == 0 && place.keyring != NULL && !same)
    r = check_deletable(place.keyring, error);
  if (r == 0 && place.keyring != NULL && !same) {
    r = portable_fetch(&m->portable, m->profile, error);
    if (r == 0)
      r = compare_copy(m, &place, &revision, error);
    if (r == 0)
      r = delete_copy(m, &place, revision, done, error);
  }
  free(revision);
  place_clear(&place);
  return r;
}

/* --- the move ------------------------------------------------------------------- */

/* What a request would do, but with the new keyring. */
static int verify(const struct move *m, credence_error **error)
{
  credence_profile *profile = NULL;
  struct place place = {NULL, NULL};
  int r = profile_open_file(m->context, m->name, &m->file, &profile, error);
  if (r == 0)
    r = place_set(&place, m->deposit.place.keyring, m->deposit.place.store, error);
  if (r == 0) {
    free(profile->keyring);
    free(profile->store);
    profile->keyring = place.keyring; /* transferred */
    profile->store = place.store;     /* transferred */
    r = credence_profile_unlock(profile, error);
  }
  credence_profile_free(&profile);
  return r;
}

static int write_file(struct move *m, credence_error **error)
{
  const struct place *to = &m->deposit.place;
  int r = profile_file_set(&m->file, "profile", "keyring", to->keyring, error);
  if (r == 0)
    r = profile_file_set(&m->file, "profile", "keyring_store", deposit_store(&m->deposit), error);
  if (r == 0 && !keyring_is_read_only(m->from.keyring)) /* otherwise it is not ours to delete */
    r = copies_write(m->name, &m->from, error);
  return r < 0 ? r : profile_file_write(&m->file, m->name, error);
}

static int store_copy(struct move *m, credence_error **error)
{
  int r = deposit_put(&m->deposit, error);
  if (r == 0)
    r = deposit_check(&m->deposit, error);
  if (r == 0 && (m->flags & CREDENCE_MIGRATE_VERIFY) != 0)
    r = verify(m, error);
  if (r == 0)
    r = write_file(m, error);
  if (r < 0)
    deposit_take_back(&m->deposit);
  return r;
}

static int move(struct move *m, unsigned *done, credence_error **error)
{
  int r = copies_check(m->context, m->name, &m->from, &m->deposit.place, error);
  if (r == 0)
    r = portable_fetch(&m->portable, m->profile, error);
  if (r < 0)
    return r;
  m->deposit.record = m->portable.record;
  m->deposit.session = m->portable.session;
  m->deposit.replace = (m->flags & CREDENCE_MIGRATE_REPLACE) != 0;
  r = store_copy(m, error);
  if (r < 0)
    return r;
  *done |= CREDENCE_MIGRATE_MOVED;
  if ((m->flags & CREDENCE_MIGRATE_DELETE_SOURCE) != 0)
    r = delete_copy(m, &m->from, m->portable.revision, done, error);
  return r;
}

static int migrate(struct move *m, const char *keyring, const char *store, unsigned *done,
                   credence_error **error)
{
  int same = 0;
  int r = load(m, error);
  if (r == 0)
    r = place_set(&m->deposit.place, keyring, store, error);
  if (r == 0)
    r = place_compare(m->context, &m->from, &m->deposit.place, &same, error);
  if (r < 0)
    return r;
  if (!same)
    return move(m, done, error);
  return (m->flags & CREDENCE_MIGRATE_DELETE_SOURCE) != 0 ? clean_up(m, done, error) : 0;
}

int credence_profile_migrate(credence_context *context, const char *name, const char *keyring,
                             const char *store, unsigned flags, unsigned *ret_done, credence_error **error)
{
  struct move m = {.context = context_or_default(context), .name = name, .flags = flags};
  unsigned done = 0;
  int fd = -1;
  int login = -1; /* whose session would go to the old keyring */
  m.deposit.context = m.context;
  m.deposit.name = name;
  int r = place_check_writable(keyring, store, error);
  /* Before locking, so that a name that does not exist leaves no lock behind. */
  if (r == 0)
    r = load(&m, error);
  move_clear(&m);
  if (r == 0)
    r = profile_lock_within(m.context, name, &fd, error);
  if (r == 0)
    r = profile_lock_login(name, &login, error);
  if (r == 0)
    r = migrate(&m, keyring, store, &done, error);
  move_clear(&m);
  profile_unlock_file(login);
  profile_unlock_file(fd);
  if (r == 0 && ret_done != NULL)
    *ret_done = done;
  return r;
}
