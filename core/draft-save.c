/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * draft-save.c - store a draft, and remove profiles
 *
 * Both hold the profile's lock.  The secrets go to the keyring first, then the
 * file is replaced, so that a profile that can be seen has its secrets; in the
 * other direction the file goes last.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "copies.h"
#include "credential.h"
#include "draft-record.h"
#include "error.h"
#include "keyring.h"
#include "locks.h"
#include "login-state.h"
#include "rotation.h"
#include "secret.h"

static int check_complete(const credence_draft *d, credence_error **error)
{
  const char *label = NULL;
  unsigned flags = 0;
  const char *missing = credence_draft_missing(d, 0, &label, &flags);
  if (missing != NULL)
    return error_set(error, CREDENCE_E_INVALID, "give it", "the profile lacks %s (%s)", missing, label);
  if (profile_file_get(&d->file, "profile", "endpoint", 0) == NULL)
    return error_set(error, CREDENCE_E_INVALID, "give it with --endpoint URL",
                     "the provider has no usual endpoint, and none was given");
  const char *keyring = profile_file_get(&d->file, "profile", "keyring", 0);
  if (draft_is_read_only(d) && draft_new_secret(d) != NULL) /* the keyring was named after the secret */
    return draft_refuse_secret(d, draft_new_secret(d), error);
  if (d->is_new && profile_file_get(&d->file, "profile", "keyring_store", 0) != NULL &&
      (keyring == NULL || strcmp(keyring, KEYRING_USUAL) == 0))
    return error_set(error, CREDENCE_E_INVALID, "name another keyring, or leave the path out",
                     "the Secret Service does not keep its secrets at a path of yours");
  return 0;
}

static int replaces_all_secrets(const credence_draft *d)
{
  for (size_t i = 0; i < d->entry_count; i++)
    for (size_t f = 0; f < d->entries[i].manifest->field_count; f++)
      if ((d->entries[i].manifest->fields[f].flags & CREDENCE_FIELD_SECRET) != 0 &&
          d->entries[i].secrets[f] == NULL && draft_applies(d, i, &d->entries[i].manifest->fields[f]))
        return 0;
  return 1;
}

/* What the keyring holds of this profile: its text and revision, or "" for a
 * revision that says none. */
static int read_old(credence_draft *d, struct keyring *keyring, char **ret_text, char **ret_revision,
                    credence_error **error)
{
  credence_error *why = NULL;
  int r = keyring_get(keyring, d->name, CREDENTIAL_KIND, ret_text, ret_revision, &why);
  /* The service that had the secrets is gone.  They are all replaced, so that the one that
   * is here now may have them. */
  if (r == CREDENCE_E_NO_KEYRING && replaces_all_secrets(d)) {
    keyring_forget_store(keyring);
    r = keyring_get(keyring, d->name, CREDENTIAL_KIND, ret_text, ret_revision, &why);
  }
  if (r == CREDENCE_E_NOT_FOUND) {
    *ret_revision = strdup("");
    r = *ret_revision == NULL ? error_nomem(error) : 0;
  } else if (r < 0) {
    r = error_pass(error, r, &why);
  }
  credence_error_free(&why);
  return r;
}

/* Of what the keyring holds, the credential that belongs with the file as it still is.
 * Secrets that are kept stay with their origin: whoever changed the endpoint in the file
 * must not have them moved there by the next change of another secret. */
static int take_old(const credence_draft *d, const char *old_text, struct rotation *ret_old,
                    credence_error **error)
{
  struct profile_file file;
  char *origin = draft_origin(d);
  int r = origin == NULL ? error_nomem(error) : profile_file_read(d->name, &file, error);
  if (r == 0) {
    r = rotation_decode(old_text, ret_old, error);
    if (r == 0)
      (void)rotation_arrange(ret_old, rotation_file_value, &file);
    profile_file_clear(&file);
  }
  if (r == 0)
    r = record_check_origin(&ret_old->current, d->name, origin,
                            "put the endpoint back, or give all secrets of the profile at once", error);
  free(origin);
  return r;
}

static int read_record(const credence_draft *d, const char *old_text, struct rotation *ret_old,
                       credence_error **error)
{
  credence_error *why = NULL;
  /* What is left of a profile that was removed half way is not carried over. */
  if (old_text == NULL || d->is_new)
    return 0;
  int r = take_old(d, old_text, ret_old, &why);
  if (r < 0)
    rotation_clear(ret_old);
  /* What is damaged does not matter when nothing of it has to be kept. */
  r = r < 0 && !replaces_all_secrets(d) ? error_pass(error, r, &why) : 0;
  credence_error_free(&why);
  return r;
}

static int put_secrets(credence_draft *d, struct keyring *keyring, const char *old_text, const char *revision,
                       credence_error **error)
{
  struct rotation old;
  char label[CREDENTIAL_LABEL_SIZE];
  char *text = NULL;
  memset(&old, 0, sizeof(old));
  credential_label(d->name, label);
  int r = read_record(d, old_text, &old, error);
  if (r == 0)
    r = draft_make_record(d, &old.current, NULL, &text, error);
  if (r == 0)
    r = keyring_put(keyring, d->name, CREDENTIAL_KIND, label, text, revision, error);
  rotation_clear(&old);
  secret_free(text);
  return r;
}

/* The file could not be written: the keyring shall hold what it held before. */
static void take_back(const credence_draft *d, struct keyring *keyring, const char *old_text)
{
  char label[CREDENTIAL_LABEL_SIZE];
  credential_label(d->name, label);
  if (d->is_new)
    (void)keyring_delete(keyring, d->name, CREDENTIAL_KIND, NULL, NULL);
  else if (old_text != NULL)
    (void)keyring_put(keyring, d->name, CREDENTIAL_KIND, label, old_text, NULL, NULL);
}

static int changes_file(const credence_draft *d)
{
  return d->is_new || d->log.count > 0;
}

/* Where the secrets are now.  The system's file cannot be changed, and need not: the
 * keyring's usual store is this user's. */
static int record_store(credence_draft *d, const struct keyring *keyring, int *ret_changed,
                        credence_error **error)
{
  const char *now = keyring_store(keyring);
  const char *before = profile_file_get(&d->file, "profile", "keyring_store", 0);
  *ret_changed =
      now != NULL && (before == NULL || strcmp(before, now) != 0) && (d->is_new || d->file.is_user);
  return *ret_changed ? profile_file_set(&d->file, "profile", "keyring_store", now, error) : 0;
}

/* A session of the credential before would not be used; it need not lie about. */
static void drop_session(const credence_draft *d, struct keyring *keyring)
{
  for (size_t i = 0; i < d->entry_count; i++)
    if (d->entries[i].manifest->session_count > 0)
      (void)keyring_delete(keyring, d->name, "session", NULL, NULL);
}

/* The secrets, then the file: both or neither. */
static int store(credence_draft *d, struct keyring *keyring, credence_error **error)
{
  char *old_text = NULL;
  char *revision = NULL;
  int moved = 0;
  int r = read_old(d, keyring, &old_text, &revision, error);
  if (r == 0)
    r = put_secrets(d, keyring, old_text, revision, error);
  if (r == 0) {
    r = record_store(d, keyring, &moved, error);
    if (r == 0 && (moved || changes_file(d)))
      r = profile_file_write(&d->file, d->name, error);
    if (r < 0)
      take_back(d, keyring, old_text);
  }
  if (r == 0 && !d->is_new)
    drop_session(d, keyring);
  secret_free(old_text);
  free(revision);
  return r;
}

static int save_with_secrets(credence_draft *d, credence_error **error)
{
  struct keyring *keyring = NULL;
  int queue = -1;
  const char *wanted = profile_file_get(&d->file, "profile", "keyring", 0);
  const char *where = profile_file_get(&d->file, "profile", "keyring_store", 0);
  int r = keyring_queue(d->context, wanted == NULL ? KEYRING_USUAL : wanted, &queue, error);
  if (r == 0)
    r = keyring_open(d->context, wanted, where, &keyring, error);
  if (r == 0)
    r = profile_file_set(&d->file, "profile", "keyring", keyring_name(keyring), error);
  if (r == 0)
    r = store(d, keyring, error);
  keyring_close(&keyring);
  profile_unlock_file(queue);
  return r;
}

/* Somebody else may have made or changed the profile since the draft began. */
static int refresh(credence_draft *d, credence_error **error)
{
  struct profile_file now;
  if (d->is_new)
    return draft_check_is_free(d->name, error);
  int r = profile_file_read(d->name, &now, error);
  if (r < 0)
    return r;
  r = draft_replay(d, &now, error);
  if (r < 0) {
    profile_file_clear(&now);
    return r;
  }
  profile_file_clear(&d->file);
  d->file = now;
  return 0;
}

/* Where nothing secret is stored, the record is there for the origins alone, and is
 * made anew with each change. */
static int needs_record(const credence_draft *d)
{
  return !draft_is_read_only(d) && (d->is_new || draft_new_secret(d) != NULL || replaces_all_secrets(d));
}

/* Will a session, and what is known of refused logins, still count? */
static int changes_credential(const credence_draft *d)
{
  for (size_t i = 0; i < d->log.count; i++)
    if (strcmp(d->log.settings[i].section, "profile") != 0 ||
        strcmp(d->log.settings[i].name, "endpoint") == 0)
      return 1;
  return needs_record(d);
}

int credence_draft_save(credence_draft *draft, credence_error **error)
{
  int fd = -1;
  int r = check_complete(draft, error);
  /* A profile of the system's may well have secrets of this user's. */
  if (r == 0 && !draft->is_new && !draft->file.is_user && changes_file(draft))
    r = error_set(error, CREDENCE_E_REFUSED, "edit it, or make one of your own under another name",
                  "%s: is the system's profile", draft->file.path);
  if (r == 0)
    r = profile_lock_within(draft->context, draft->name, &fd, error);
  if (r < 0)
    return r;
  r = refresh(draft, error);
  if (r == 0)
    r = needs_record(draft) ? save_with_secrets(draft, error)
                            : profile_file_write(&draft->file, draft->name, error);
  if (r == 0 && changes_credential(draft))
    login_state_remove(draft->name);
  profile_unlock_file(fd);
  return r;
}

/* --- removing --------------------------------------------------------------- */

/* Why the secret stays, and what is left to do for somebody who cannot reach the
 * keyring any more. */
static int still_there(const struct profile_file *file, const credence_error *why, credence_error **error)
{
  char remedy[640];
  const char *first = credence_error_remedy(why);
  snprintf(remedy, sizeof(remedy), "%s%sor delete %s, and leave the secret behind", first,
           first[0] == '\0' ? "" : "; ", file->path);
  return error_set(error, credence_error_code(why), remedy, "%s", credence_error_message(why));
}

/* Gone is what was asked for. */
static int delete_one(struct keyring *keyring, const char *name, const char *kind, credence_error **error)
{
  int r = keyring_delete(keyring, name, kind, NULL, error);
  return r == CREDENCE_E_NOT_FOUND ? 0 : r;
}

static int remove_secrets(credence_context *context, const struct profile_file *file, const char *name,
                          credence_error **error)
{
  struct keyring *keyring = NULL;
  credence_error *why = NULL;
  int queue = -1;
  const char *wanted = profile_file_get(file, "profile", "keyring", 0);
  int r = keyring_queue(context, wanted, &queue, &why);
  if (r == 0)
    r = keyring_open(context, wanted, profile_file_get(file, "profile", "keyring_store", 0), &keyring, &why);
  if (r == 0)
    r = delete_one(keyring, name, "session", &why);
  if (r == 0)
    r = delete_one(keyring, name, CREDENTIAL_KIND, &why);
  keyring_close(&keyring);
  profile_unlock_file(queue);
  if (r < 0)
    r = still_there(file, why, error);
  credence_error_free(&why);
  return r;
}

/* Nobody would know any more where it is. */
static int check_copies(credence_context *context, const struct profile_file *file, const char *name,
                        credence_error **error)
{
  struct place here = {NULL, NULL};
  int r = place_set(&here, profile_file_get(file, "profile", "keyring", 0),
                    profile_file_get(file, "profile", "keyring_store", 0), error);
  if (r == 0)
    r = copies_check(context, name, &here, NULL, error);
  place_clear(&here);
  return r;
}

static int remove_profile(credence_context *context, const char *name, credence_error **error)
{
  struct profile_file file;
  int r = profile_file_read(name, &file, error);
  if (r < 0)
    return r;
  const char *keyring = profile_file_get(&file, "profile", "keyring", 0);
  if (!file.is_user)
    r = error_set(error, CREDENCE_E_REFUSED, "ask whoever administers this system",
                  "%s: is the system's profile", file.path);
  if (r == 0 && keyring == NULL)
    r = error_set(error, CREDENCE_E_MALFORMED, "add keyring = NAME, or delete the file if it has no secret",
                  "%s: does not say which keyring holds its secrets", file.path);
  if (r == 0)
    r = check_copies(context, &file, name, error);
  if (r == 0 && !keyring_is_read_only(keyring))
    r = remove_secrets(context, &file, name, error);
  if (r == 0 && unlink(file.path) < 0)
    r = error_set(error, CREDENCE_E_DENIED, NULL, "%s: cannot be removed: %s", file.path, strerror(errno));
  if (r == 0) {
    login_state_remove(name);
    copies_remove(name);
  }
  profile_file_clear(&file);
  return r;
}

int credence_profile_remove(credence_context *context, const char *name, credence_error **error)
{
  struct profile_file file;
  int fd = -1;
  int login = -1; /* whose session would come after the removal */
  /* Before locking, so that a name that does not exist leaves no lock behind. */
  int r = profile_file_read(name, &file, error);
  if (r < 0)
    return r;
  profile_file_clear(&file);
  r = profile_lock_within(context_or_default(context), name, &fd, error);
  if (r == 0)
    r = profile_lock_login(name, &login, error);
  if (r == 0)
    r = remove_profile(context_or_default(context), name, error);
  profile_unlock_file(login);
  profile_unlock_file(fd);
  return r;
}
