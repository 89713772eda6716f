/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * rotate.c - replace the secrets of a profile by new ones that have been tried
 *
 * The trial is a profile of its own that nobody else knows: it has the new secrets and
 * the fields that belong with them, and signs, sends and logs in as every other.
 */
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
#include "session-store.h"

struct trial {
  credence_profile *profile;
  credence_request *request; /* that verifies; or NULL */
};

static void trial_clear(struct trial *trial)
{
  credence_request_free(&trial->request);
  credence_profile_free(&trial->profile);
}

/* --- verify ---------------------------------------------------------------------- */

static int judge(const credence_profile *profile, const credence_response *response, credence_error **error)
{
  int status = credence_response_status(response);
  if (status < 400)
    return 0;
  return error_set(error, CREDENCE_E_FAILED, "name a target that is answered with a status below 400",
                   "%s answered %d, which tells nothing about the secret", profile->origin, status);
}

static int try_request(struct trial *trial, credence_error **error)
{
  credence_response *response = NULL;
  int r = credence_request_send(trial->request, &response, error);
  if (r == 0)
    r = judge(trial->profile, response, error);
  credence_response_free(&response);
  return r;
}

static int can_verify(const credence_profile *profile, const char *target)
{
  return target != NULL || profile->login_entry != NULL;
}

static int verify(struct trial *trial, credence_error **error)
{
  return trial->request != NULL ? try_request(trial, error) : credence_profile_login(trial->profile, error);
}

/* Made before anything is stored: a target that cannot be is no reason to change
 * something. */
static int make_request(struct trial *trial, const char *target, credence_error **error)
{
  return target == NULL ? 0 : credence_request_new(trial->profile, "GET", target, &trial->request, error);
}

/* --- begin ----------------------------------------------------------------------- */

static int check_changes(const credence_draft *d, credence_error **error)
{
  if (d->is_new)
    return error_set(error, CREDENCE_E_INVALID, "credence add makes it", "profile %s is new", d->name);
  int r = rotate_check_writable(d, error);
  if (r < 0)
    return r;
  for (size_t i = 0; i < d->log.count; i++)
    if (strcmp(d->log.settings[i].section, "profile") == 0)
      return error_set(error, CREDENCE_E_INVALID, "credence set changes it",
                       "%s does not change together with a secret", d->log.settings[i].name);
  if (d->log.count > 0 && draft_new_secret(d) == NULL)
    return error_set(error, CREDENCE_E_INVALID, "credence set changes fields without secrets",
                     "there is no new secret to go with the new %s", d->log.settings[0].name);
  return 0;
}

static int nothing_new(const char *name, credence_error **error)
{
  char remedy[REMEDY_SIZE];
  snprintf(remedy, sizeof(remedy), "credence rotate %.64s --secret FIELD=-", name);
  return error_set(error, CREDENCE_E_INVALID, remedy,
                   "there is no new secret for profile %s, and none waits in the keyring", name);
}

/* The draft's file becomes that of the profile as it is now, with the changes. */
static int refresh(credence_draft *d, credence_error **error)
{
  struct profile_file now;
  int r = profile_file_read(d->name, &now, error);
  if (r < 0)
    return r;
  r = draft_replay(d, &now, error);
  if (r < 0) {
    profile_file_clear(&now);
    return r;
  }
  profile_file_clear(&d->file);
  d->file = now; /* transferred */
  return 0;
}

/* Secrets that are kept must not go to another origin than those that were stored. */
static int check_origin(const credence_draft *d, const struct record *current, credence_error **error)
{
  char *origin = draft_origin(d);
  int r = origin == NULL ? error_nomem(error)
                         : record_check_origin(current, d->name, origin, "put the endpoint back", error);
  free(origin);
  return r;
}

static int open_trial(const credence_draft *d, const struct record *next, const char *target,
                      struct trial *trial, credence_error **error)
{
  int r = profile_open_file(d->context, d->name, &d->file, &trial->profile, error);
  if (r < 0)
    return r;
  trial->profile->is_trial = 1;
  r = profile_unlock_with(trial->profile, next, error);
  return r < 0 ? r : make_request(trial, target, error);
}

static int begin_new(const credence_draft *d, struct held *held, const char *target, struct trial *trial,
                     credence_error **error)
{
  struct incoming incoming;
  int r = check_origin(d, &held->rotation.current, error);
  if (r == 0 && d->log.count > 0)
    r = held_check_user_file(held, error);
  if (r == 0)
    r = incoming_make(d, held, &incoming, error);
  if (r < 0)
    return r;
  r = open_trial(d, &incoming.next, target, trial, error);
  if (r == 0)
    r = held_put(held, error);
  incoming_clear(&incoming);
  return r;
}

static int go_on(credence_draft *d, const struct held *held, const char *target, struct trial *trial,
                 credence_error **error)
{
  int changed = 0;
  int r = rotation_restore_fields(&held->rotation.next, &d->file, &changed, error);
  return r < 0 ? r : open_trial(d, &held->rotation.next, target, trial, error);
}

/* trial stays empty when the new secrets sign already, and the old ones are kept. */
static int begin(credence_draft *d, const char *target, struct trial *trial, credence_error **error)
{
  struct held held;
  int r = held_open(d->context, d->name, &held, error);
  if (r < 0)
    return r;
  r = refresh(d, error);
  if (r == 0 && draft_new_secret(d) != NULL)
    r = begin_new(d, &held, target, trial, error);
  else if (r == 0 && held.rotation.next.data != NULL)
    r = go_on(d, &held, target, trial, error);
  else if (r == 0 && held.rotation.previous.data == NULL)
    r = nothing_new(d->name, error);
  held_close(&held);
  return r;
}

/* --- the end ----------------------------------------------------------------------- */

static int still_there(const credence_draft *d, const credence_error *why, credence_error **error)
{
  char remedy[REMEDY_SIZE];
  snprintf(remedy, sizeof(remedy), "credence rotate %.64s --undo drops it; the old one signs as before",
           d->name);
  return error_set(error, CREDENCE_E_REJECTED, remedy,
                   "the new secret of profile %s was rejected, and still lies in the keyring: %s", d->name,
                   credence_error_message(why));
}

static int rejected(const credence_draft *d, const struct trial *trial, const credence_error *why,
                    credence_error **error)
{
  if (rotate_reject(d->context, d->name, trial->profile->stamp, NULL) < 0)
    return still_there(d, why, error);
  return error_set(
      error, CREDENCE_E_REJECTED, "the old one signs as before; is the new one right, and active already?",
      "the new secret of profile %s was rejected and dropped: %s", d->name, credence_error_message(why));
}

static int waits(const credence_draft *d, const char *what, const credence_error *why, credence_error **error)
{
  char remedy[3 * REMEDY_SIZE];
  const char *first = credence_error_remedy(why);
  size_t size = strlen(first);
  const char *between = size == 0 ? "" : first[size - 1] == '?' ? " " : "; ";
  snprintf(remedy, sizeof(remedy),
           "%.200s%scredence rotate %.64s --verify TARGET tries again, credence rotate %.64s --undo drops it",
           first, between, d->name, d->name);
  return error_set(error, credence_error_code(why), remedy,
                   "the new secret of profile %s waits, and the old one signs: %s: %s", d->name, what,
                   credence_error_message(why));
}

static int promote(const credence_draft *d, const struct trial *trial, int verified, credence_error **error)
{
  credence_error *why = NULL;
  int r = rotate_promote(d->context, d->name, trial->profile->stamp, verified, &why);
  if (r == CREDENCE_E_CONFLICT)
    r = error_pass(error, r, &why);
  else if (r < 0)
    r = waits(d, "it could not be put in its place", why, error);
  credence_error_free(&why);
  return r;
}

/* What the trial logged in to is good for everybody, from now on. */
static void publish_session(credence_profile *profile)
{
  struct login_state state;
  struct session *session = profile_session(profile);
  int is_kept = 0;
  int lock = -1; /* without which the profile moves to another keyring meanwhile */
  if (session == NULL)
    return;
  memset(&state, 0, sizeof(state));
  if (profile_lock_login(profile->name, &lock, NULL) == 0 && !credential_has_moved(profile))
    (void)session_save(profile, &session, "", &is_kept, NULL);
  state.has_session = is_kept;
  state.expires = session->expires;
  if (state.has_session)
    (void)login_state_write(profile->name, &state, NULL);
  profile_unlock_file(lock);
  session_unref(session);
}

static int try_and_promote(const credence_draft *d, const char *target, struct trial *trial,
                           int *ret_verified, credence_error **error)
{
  credence_error *why = NULL;
  int verifies = can_verify(trial->profile, target);
  int r = verifies ? verify(trial, &why) : 0;
  if (r == CREDENCE_E_REJECTED)
    r = rejected(d, trial, why, error);
  else if (r < 0)
    r = waits(d, "it could not be verified", why, error);
  else
    r = promote(d, trial, verifies, error);
  credence_error_free(&why);
  if (r == 0) {
    publish_session(trial->profile);
    *ret_verified = verifies;
  }
  return r;
}

static int settle(const credence_draft *d, const credence_profile *profile, credence_error **error)
{
  char remedy[2 * REMEDY_SIZE];
  credence_error *why = NULL;
  int r = rotate_settle(d->context, d->name, profile->stamp, &why);
  if (r == CREDENCE_E_CONFLICT) {
    r = error_pass(error, r, &why);
  } else if (r < 0) {
    snprintf(remedy, sizeof(remedy), "credence rotate %.64s drops it later; %.150s", d->name,
             credence_error_remedy(why));
    r = error_set(error, r, remedy, "the new secret of profile %s works, and the old one is still kept: %s",
                  d->name, credence_error_message(why));
  }
  credence_error_free(&why);
  return r;
}

/* The new secrets sign, and nobody has used them yet. */
static int try_present(const credence_draft *d, const char *target, credence_error **error)
{
  struct trial present = {NULL, NULL};
  credence_error *why = NULL;
  char remedy[REMEDY_SIZE];
  int r = credence_profile_open(d->context, d->name, &present.profile, error);
  if (r == 0 && !can_verify(present.profile, target))
    r = error_set(
        error, CREDENCE_E_INVALID, "--verify TARGET tries the new one, --undo puts the old one back",
        "the old secret of profile %s is kept until a request has worked with the new one", d->name);
  if (r == 0)
    r = make_request(&present, target, error);
  if (r == 0) {
    r = verify(&present, &why);
    snprintf(remedy, sizeof(remedy), "credence rotate %.64s --undo puts the old one back", d->name);
    if (r == CREDENCE_E_REJECTED)
      r = error_set(error, r, remedy, "the new secret of profile %s signs and was rejected: %s", d->name,
                    credence_error_message(why));
    else if (r < 0)
      r = error_pass(error, r, &why);
    else
      r = settle(d, present.profile, error);
  }
  credence_error_free(&why);
  trial_clear(&present);
  return r;
}

int credence_draft_rotate(credence_draft *draft, const char *verify_target, int *ret_verified,
                          credence_error **error)
{
  struct trial trial = {NULL, NULL};
  int verified = 1;
  int r = check_changes(draft, error);
  if (r == 0)
    r = begin(draft, verify_target, &trial, error);
  if (r == 0)
    r = trial.profile == NULL ? try_present(draft, verify_target, error)
                              : try_and_promote(draft, verify_target, &trial, &verified, error);
  trial_clear(&trial);
  if (r == 0 && ret_verified != NULL)
    *ret_verified = verified;
  return r;
}
