/* SPDX-License-Identifier: BSD-3-Clause */
/* rotate-steps.c - what a rotation writes, and in which order; see rotate.h */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "credential.h"
#include "draft-record.h"
#include "error.h"
#include "locks.h"
#include "login-state.h"
#include "rotate.h"
#include "secret.h"

static const struct record none = {NULL, 0};

/* --- with the locks ---------------------------------------------------------------- */

static int check_writable(const char *keyring, const char *path, credence_error **error)
{
  if (keyring == NULL)
    return error_set(error, CREDENCE_E_MALFORMED, "add keyring = secret-service, or file",
                     "%s: does not say which keyring holds its secrets", path);
  if (keyring_is_read_only(keyring))
    return error_set(error, CREDENCE_E_REFUSED,
                     "whoever fills it puts the new secret there; or credence migrate moves the profile",
                     "keyring %s is only read", keyring);
  return 0;
}

int rotate_check_writable(const credence_draft *draft, credence_error **error)
{
  return check_writable(profile_file_get(&draft->file, "profile", "keyring", 0), draft->file.path, error);
}

static int nothing_there(const struct held *held, const char *keyring, credence_error **error)
{
  char remedy[REMEDY_SIZE];
  snprintf(remedy, sizeof(remedy), "store one: credence set %.64s --secret FIELD=-", held->name);
  return error_set(error, CREDENCE_E_NOT_FOUND, remedy,
                   "keyring %s holds no secret for profile %s that could be replaced", keyring, held->name);
}

static int hold_keyring(credence_context *context, struct held *held, credence_error **error)
{
  const char *keyring = profile_file_get(&held->file, "profile", "keyring", 0);
  const char *store = profile_file_get(&held->file, "profile", "keyring_store", 0);
  credence_error *why = NULL;
  int r = check_writable(keyring, held->file.path, error);
  if (r == 0)
    r = keyring_queue(context, keyring, &held->queue, error);
  if (r == 0)
    r = keyring_open(context, keyring, store, &held->keyring, error);
  if (r < 0)
    return r;
  r = rotation_get(held->keyring, held->name, &held->rotation, &held->revision, &why);
  if (r == CREDENCE_E_NOT_FOUND)
    r = nothing_there(held, keyring, error);
  else if (r < 0)
    r = error_pass(error, r, &why);
  else
    (void)rotation_arrange(&held->rotation, rotation_file_value, &held->file);
  credence_error_free(&why);
  return r;
}

int held_open(credence_context *context, const char *name, struct held *ret_held, credence_error **error)
{
  struct held new;
  memset(&new, 0, sizeof(new));
  new.name = name;
  new.lock = -1;
  new.queue = -1;
  /* Before locking, so that a name that does not exist leaves no lock behind. */
  int r = profile_file_read(name, &new.file, error);
  if (r < 0)
    return r;
  profile_file_clear(&new.file);
  r = profile_lock_within(context, name, &new.lock, error);
  if (r == 0)
    r = profile_file_read(name, &new.file, error);
  if (r == 0)
    r = hold_keyring(context, &new, error);
  if (r < 0) {
    held_close(&new);
    return r;
  }
  *ret_held = new;
  return 0;
}

void held_close(struct held *held)
{
  rotation_clear(&held->rotation);
  free(held->revision);
  keyring_close(&held->keyring);
  profile_unlock_file(held->queue);
  profile_unlock_file(held->lock);
  profile_file_clear(&held->file);
}

int held_check_user_file(const struct held *held, credence_error **error)
{
  if (held->file.is_user)
    return 0;
  return error_set(error, CREDENCE_E_REFUSED, "edit it, or make one of your own under another name",
                   "%s: is the system's profile, whose fields would have to change", held->file.path);
}

int held_put(struct held *held, credence_error **error)
{
  return rotation_put(&held->rotation, held->keyring, held->name, held->revision, error);
}

/* --- what comes in ------------------------------------------------------------------- */

static int add_field(struct profile_file *with, const struct profile_file *file, const char *section,
                     const char *name, credence_error **error)
{
  const char *value = profile_file_get(file, section, name, 0);
  return profile_file_set(with, section, name, value == NULL ? "" : value, error);
}

/* The fields that secrets belong with: those that change with them now, and those that
 * did before; as file has them. */
static int collect_with(const credence_draft *draft, const struct record *current,
                        const struct profile_file *file, struct profile_file *with, credence_error **error)
{
  char text[RECORD_WITH_SIZE];
  const char *section = NULL;
  const char *name = NULL;
  int r = 0;
  for (size_t i = 0; r == 0 && i < draft->log.count; i++)
    r = add_field(with, file, draft->log.settings[i].section, draft->log.settings[i].name, error);
  for (size_t i = 0; r == 0 && rotation_field(current, i, text, &section, &name); i++)
    r = add_field(with, file, section, name, error);
  return r;
}

static int make_next(const credence_draft *draft, const struct record *current, struct record *ret_next,
                     credence_error **error)
{
  struct profile_file with = {NULL, 0, NULL, 0};
  char *text = NULL;
  int r = collect_with(draft, current, &draft->file, &with, error);
  if (r == 0)
    r = draft_make_record(draft, current, with.count == 0 ? NULL : &with, &text, error);
  if (r == 0)
    r = record_decode(text, ret_next, error);
  secret_free(text);
  profile_file_clear(&with);
  return r;
}

static int bind_current(const credence_draft *draft, const struct held *held, struct record *ret_current,
                        credence_error **error)
{
  struct profile_file with = {NULL, 0, NULL, 0};
  int r = collect_with(draft, &held->rotation.current, &held->file, &with, error);
  if (r == 0)
    r = record_bind(&held->rotation.current, &with, ret_current, error);
  profile_file_clear(&with);
  return r;
}

/* What is kept stays so when the one that signs has not worked yet.  Fields that it had
 * nothing to do with so far are in the file as they were with it. */
static int bind_previous(const credence_draft *draft, const struct held *held, struct record *ret_previous,
                         credence_error **error)
{
  struct profile_file with = {NULL, 0, NULL, 0};
  struct profile_file file; /* as it was then */
  int changed = 0;
  if (held->rotation.previous.data == NULL)
    return 0;
  int r = profile_file_read(held->name, &file, error);
  if (r < 0)
    return r;
  r = rotation_restore_fields(&held->rotation.previous, &file, &changed, error);
  if (r == 0)
    r = collect_with(draft, &held->rotation.previous, &file, &with, error);
  if (r == 0)
    r = record_bind(&held->rotation.previous, &with, ret_previous, error);
  profile_file_clear(&with);
  profile_file_clear(&file);
  return r;
}

int incoming_make(const credence_draft *draft, struct held *held, struct incoming *ret_incoming,
                  credence_error **error)
{
  struct incoming new = {none, none, none};
  int r = make_next(draft, &held->rotation.current, &new.next, error);
  if (r == 0)
    r = bind_current(draft, held, &new.current, error);
  if (r == 0)
    r = bind_previous(draft, held, &new.previous, error);
  if (r < 0) {
    incoming_clear(&new);
    return r;
  }
  held->rotation.current = new.current;
  held->rotation.next = new.next;
  held->rotation.previous = new.previous;
  *ret_incoming = new;
  return 0;
}

void incoming_clear(struct incoming *incoming)
{
  record_clear(&incoming->next);
  record_clear(&incoming->current);
  record_clear(&incoming->previous);
}

/* --- what happens to it ---------------------------------------------------------------- */

/* Write the file, when it says something else than what counts from now on belongs with;
 * that is the step that counts then.  The keyring's order is mended by whoever writes to it
 * next, should this fail or not be reached. */
static int commit(struct held *held, credence_error **error)
{
  int changed = 0;
  int r = rotation_restore_fields(&held->rotation.current, &held->file, &changed, error);
  if (r == 0 && changed)
    r = held_check_user_file(held, error);
  if (r == 0 && changed)
    r = profile_file_write(&held->file, held->name, error);
  if (r < 0)
    return r;
  r = held_put(held, changed ? NULL : error);
  return changed ? 0 : r;
}

/* A session, and a refusal, were those of the credential before. */
static void forget_login(struct held *held)
{
  (void)keyring_delete(held->keyring, held->name, "session", NULL, NULL);
  login_state_remove(held->name);
}

static int changed_meanwhile(const char *name, credence_error **error)
{
  return error_set(error, CREDENCE_E_CONFLICT, "begin anew, if the secret is still to be replaced",
                   "somebody else changed the secrets of profile %s meanwhile", name);
}

static int advance(struct held *held, int verified, credence_error **error)
{
  struct record marked = none;
  int r = verified ? record_mark_worked(&held->rotation.next, &marked, error) : 0;
  if (r < 0)
    return r;
  if (verified)
    held->rotation.next = marked;
  rotation_advance(&held->rotation);
  r = commit(held, error);
  if (r == 0)
    forget_login(held);
  record_clear(&marked);
  return r;
}

int rotate_promote(credence_context *context, const char *name, const char *stamp, int verified,
                   credence_error **error)
{
  struct held held;
  int r = held_open(context, name, &held, error);
  if (r < 0)
    return r;
  if (rotation_is(&held.rotation.next, stamp)) {
    r = advance(&held, verified, error);
  } else if (!rotation_is(&held.rotation.current, stamp)) {
    r = changed_meanwhile(name, error);
  }
  held_close(&held);
  return r;
}

int rotate_settle(credence_context *context, const char *name, const char *stamp, credence_error **error)
{
  struct held held;
  int r = held_open(context, name, &held, error);
  if (r < 0)
    return r;
  if (!rotation_is(&held.rotation.current, stamp)) {
    r = changed_meanwhile(name, error);
  } else if (held.rotation.previous.data != NULL) { /* or a request has done it */
    held.rotation.previous = none;
    r = held_put(&held, error);
  }
  held_close(&held);
  return r;
}

int rotate_reject(credence_context *context, const char *name, const char *stamp, credence_error **error)
{
  struct held held;
  int r = held_open(context, name, &held, error);
  if (r < 0)
    return r;
  if (rotation_is(&held.rotation.next, stamp)) {
    held.rotation.next = none;
    r = held_put(&held, error);
  }
  held_close(&held);
  return r;
}

static int take_back(struct held *held, credence_error **error)
{
  held->rotation.current = held->rotation.previous;
  held->rotation.previous = none;
  int r = commit(held, error);
  if (r == 0)
    forget_login(held);
  return r;
}

int credence_profile_rotation_undo(credence_context *context, const char *name, int *ret_undone,
                                   credence_error **error)
{
  struct held held;
  int undone = CREDENCE_ROTATION_PENDING;
  int r = held_open(context_or_default(context), name, &held, error);
  if (r < 0)
    return r;
  if (held.rotation.next.data != NULL) {
    held.rotation.next = none;
    r = held_put(&held, error);
  } else if (held.rotation.previous.data != NULL) {
    undone = CREDENCE_ROTATION_KEPT;
    r = take_back(&held, error);
  } else {
    r = error_set(error, CREDENCE_E_NOT_FOUND, "credence rotate replaces the secret, credence set changes it",
                  "there is nothing to undo: the keyring keeps neither a new nor an old secret of profile %s",
                  name);
  }
  held_close(&held);
  if (r == 0 && ret_undone != NULL)
    *ret_undone = undone;
  return r;
}

int credence_profile_rotation(credence_profile *profile, int *ret_state, credence_error **error)
{
  struct keyring *keyring = NULL;
  struct rotation rotation;
  struct profile_file file;
  char *revision = NULL;
  int r = profile_file_read(profile->name, &file, error);
  if (r < 0)
    return r;
  r = check_writable(profile->keyring, file.path, error);
  if (r == 0)
    r = credential_open_keyring(profile, &keyring, error);
  if (r == 0)
    r = rotation_get(keyring, profile->name, &rotation, &revision, error);
  if (r == 0) {
    (void)rotation_arrange(&rotation, rotation_file_value, &file);
    *ret_state = rotation.next.data != NULL       ? CREDENCE_ROTATION_PENDING
                 : rotation.previous.data != NULL ? CREDENCE_ROTATION_KEPT
                                                  : CREDENCE_ROTATION_NONE;
    rotation_clear(&rotation);
  }
  free(revision);
  keyring_close(&keyring);
  profile_file_clear(&file);
  return r;
}
