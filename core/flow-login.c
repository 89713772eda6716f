/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * flow-login.c - log in, one at a time
 *
 * The lock is one per profile, for threads and programs alike.  Whoever gets it
 * looks first whether another left a session meanwhile.
 */
#include "config.h"

#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "error.h"
#include "flow.h"
#include "host.h"
#include "keyring.h"
#include "locks.h"
#include "session-store.h"

#define ROUNDS_MAX 4u
#define PATIENCE_US (2 * (int64_t)60000000) /* somebody may be typing a password there */

void flow_unlock(credence_flow *flow)
{
  if (flow->lock >= 0 && flow->owner == getpid())
    profile_unlock_file(flow->lock);
  else if (flow->lock >= 0)
    close(flow->lock);
  flow->lock = -1;
}

static int64_t monotonic_now(void)
{
  struct timespec ts;
  clock_gettime(CLOCK_MONOTONIC, &ts);
  return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

/* Will this session do for the request? */
static int is_usable(const credence_flow *flow, const struct session *session)
{
  return flow->request != NULL && session != NULL && !session_is_ending(session, clock_now()) &&
         (flow->bad == NULL || !session_equal(session, flow->bad));
}

/* Another thread of this program may have renewed it. */
static int has_been_renewed(const credence_flow *flow)
{
  struct session *session = profile_session(flow->profile);
  int usable = is_usable(flow, session);
  session_unref(session);
  return usable;
}

static int wait_for_other(credence_flow *flow, int *ret_step, credence_error **error)
{
  int64_t now = monotonic_now();
  unsigned timeout = flow->profile->context->timeout;
  int64_t patience = timeout > 0 ? 1000 * (int64_t)timeout : PATIENCE_US;
  if (flow->wait_until == 0)
    flow->wait_until = now + patience;
  if (now > flow->wait_until)
    return error_set(error, CREDENCE_E_TIMEOUT, "is another program waiting for you?",
                     "somebody else has been logging in to profile %s for %lld seconds", flow->profile->name,
                     (long long)(patience / 1000000));
  *ret_step = CREDENCE_STEP_WAIT;
  return 1;
}

static int take_lock(credence_flow *flow, credence_error **error)
{
  credence_error *why = NULL;
  int r = profile_lock_login(flow->profile->name, &flow->lock, &why);
  flow->owner = getpid();
  if (r < 0 && r != CREDENCE_E_TIMEOUT)
    r = error_pass(error, r, &why);
  credence_error_free(&why);
  return r;
}

/* A login that the server refused is not tried again by itself: some lock the
 * account after a few. */
static int check_refused(const credence_flow *flow, credence_error **error)
{
  struct login_state state;
  char remedy[REMEDY_SIZE];
  const char *name = flow->profile->name;
  const char *secret = profile_first_secret(flow->profile);
  if (flow->request == NULL)
    return 0; /* somebody has just asked for it */
  login_state_read(name, &state);
  if (state.is_unreadable)
    return error_set(
        error, CREDENCE_E_CORRUPT, "credence login begins anew",
        "nobody knows whether the last login of profile %s was refused: the file logins/%s in the "
        "state folder cannot be read",
        name, name);
  int is_ours = state.refused != 0 && strcmp(state.fingerprint, flow->profile->fingerprint) == 0;
  if (!is_ours && !atomic_load(&flow->profile->was_refused))
    return 0;
  if (flow->profile->keyring != NULL && keyring_is_read_only(flow->profile->keyring))
    snprintf(remedy, sizeof(remedy),
             "another secret is tried once it is there; credence login %.40s tries again", name);
  else
    snprintf(remedy, sizeof(remedy),
             "credence set %.40s --secret %.40s=- stores another, credence login %.40s tries again", name,
             secret == NULL ? "FIELD" : secret, name);
  return error_set(error, CREDENCE_E_REJECTED, remedy,
                   "the server refused the last login of profile %s, and it is not tried again by itself: %s",
                   name, is_ours ? state.message : "so it has told this program");
}

/* Under the lock: use what another program left, or get ready to log in. */
static int look_at_keyring(credence_flow *flow, credence_error **error)
{
  struct session *session = NULL;
  /* Between our look and the lock, one that the keyring did not take. */
  if (has_been_renewed(flow)) {
    flow_unlock(flow);
    flow->state = FLOW_SIGN;
    return 0;
  }
  free(flow->revision);
  flow->revision = NULL;
  int r = flow->profile->is_trial ? 0 : session_load(flow->profile, &session, &flow->revision, error);
  if (r == 0 && is_usable(flow, session)) {
    profile_set_session(flow->profile, session);
    atomic_store(&flow->profile->was_refused, 0);
    flow_unlock(flow);
    flow->state = FLOW_SIGN;
  } else if (r == 0) {
    r = check_refused(flow, error);
    flow->state = FLOW_LOGIN;
  }
  session_unref(session);
  return r;
}

int flow_lock(credence_flow *flow, int *ret_step, credence_error **error)
{
  int r = credence_profile_unlock(flow->profile, error);
  if (r < 0)
    return r;
  if (has_been_renewed(flow)) {
    flow->state = FLOW_SIGN;
    return 0;
  }
  r = take_lock(flow, error);
  if (r == CREDENCE_E_TIMEOUT)
    return wait_for_other(flow, ret_step, error);
  return r < 0 ? r : look_at_keyring(flow, error);
}

/* --- the login itself ------------------------------------------------------------ */

static int ask(credence_flow *flow, int *ret_step, credence_error **error)
{
  if (flow->rounds++ == ROUNDS_MAX)
    return error_set(error, CREDENCE_E_REJECTED, "credence login begins anew",
                     "provider %s: still has questions after %u answers",
                     flow->profile->login_entry->manifest->name, ROUNDS_MAX);
  flow->state = FLOW_ASKED;
  *ret_step = CREDENCE_STEP_ASK;
  return 1;
}

/* Should the server refuse, that has to be written down: better to fail now. */
static int check_state(const credence_flow *flow, credence_error **error)
{
  struct login_state state;
  login_state_read(flow->profile->name, &state);
  return login_state_write(flow->profile->name, &state, error);
}

static int begin_login(credence_flow *flow, credence_error **error)
{
  int r = check_state(flow, error);
  return r < 0 ? r : credence_request_new(flow->profile, "POST", "", &flow->login, error);
}

int flow_login(credence_flow *flow, int *ret_step, credence_error **error)
{
  credence_error *why = NULL;
  int r = flow->login == NULL ? begin_login(flow, error) : 0;
  if (r == 0)
    r = request_begin_attempt(flow->login, error);
  if (r < 0)
    return r;
  flow->login->place = (struct place){flow->profile->url.scheme, flow->profile->host, flow->profile->origin,
                                      "cannot log in: "};
  r = host_login(flow->login, flow->profile->login_entry, &flow->questions, &why);
  if (r == CREDENCE_E_PROMPT_REQUIRED && questions_begin(&flow->questions) > 0) {
    r = ask(flow, ret_step, error);
  } else if (r < 0) {
    r = error_pass(error, r, &why);
  } else {
    flow->login->is_signed = 1;
    flow->state = FLOW_LOGIN_SENT;
    flow->sent = clock_now();
    *ret_step = CREDENCE_STEP_SEND;
    r = 1;
  }
  credence_error_free(&why);
  return r;
}

static void remember_refusal(const credence_flow *flow, const credence_error *why)
{
  struct login_state state;
  memset(&state, 0, sizeof(state));
  state.refused = clock_now();
  snprintf(state.fingerprint, sizeof(state.fingerprint), "%s", flow->profile->fingerprint);
  snprintf(state.message, sizeof(state.message), "%s", credence_error_message(why));
  (void)login_state_write(flow->profile->name, &state, NULL); /* it is told now, in any case */
}

static int refused(const credence_flow *flow, const credence_error *why, credence_error **error)
{
  char remedy[REMEDY_SIZE] = "try again; is what was typed right, and the credential?";
  const char *own = credence_error_remedy(why);
  /* Where somebody has typed a part of it, perhaps wrongly, it would have to be typed
   * again: that does not happen by itself. */
  if (flow->questions.count == 0) {
    atomic_store(&flow->profile->was_refused, 1);
    if (!flow->profile->is_trial)
      remember_refusal(flow, why);
    snprintf(remedy, sizeof(remedy),
             "is the credential right? it is not tried again by itself; credence login %.64s does",
             flow->profile->name);
  }
  return error_set(error, CREDENCE_E_REJECTED, own[0] != '\0' ? own : remedy, "%s",
                   credence_error_message(why));
}

/* A trial's session is nobody else's yet. */
static int keep_private(credence_flow *flow, struct session *session)
{
  profile_set_session(flow->profile, session);
  return 0;
}

/* Whoever only logs in does so to have it stored; a request goes on without. */
static int keep(credence_flow *flow, struct session **session, credence_error **error)
{
  struct login_state state;
  int is_kept = 0;
  int r =
      session_save(flow->profile, session, flow->revision, &is_kept, flow->request == NULL ? error : NULL);
  profile_set_session(flow->profile, *session);
  atomic_store(&flow->profile->was_refused, 0);
  memset(&state, 0, sizeof(state));
  state.has_session = is_kept;
  state.expires = (*session)->expires;
  (void)login_state_write(flow->profile->name, &state, NULL);
  return flow->request == NULL ? r : 0;
}

/* What the login needed is needed no longer, and holds secrets. */
static void clear_login(credence_flow *flow)
{
  credence_request_free(&flow->login);
  credence_response_free(&flow->answer);
  questions_clear(&flow->questions);
}

static int redirected(const credence_flow *flow, credence_error **error)
{
  return error_set(error, CREDENCE_E_FAILED, "is the address of the login right?",
                   "%s answered the login with a redirect (%d), which is not followed",
                   flow->login->place.origin, flow->answer->status);
}

int flow_logged_in(credence_flow *flow, int *ret_step, credence_error **error)
{
  credence_error *why = NULL;
  struct session *session = NULL;
  if (flow->answer->status >= 300 && flow->answer->status < 400)
    return redirected(flow, error);
  int r =
      host_logged_in(flow->login, flow->answer, flow->profile->login_entry, &flow->questions, &session, &why);
  if (r == CREDENCE_E_PROMPT_REQUIRED && questions_begin(&flow->questions) > 0) {
    r = ask(flow, ret_step, error);
  } else if (r == CREDENCE_E_REJECTED) {
    r = refused(flow, why, error);
  } else if (r < 0) {
    r = error_pass(error, r, &why);
  } else {
    r = flow->profile->is_trial ? keep_private(flow, session) : keep(flow, &session, error);
    flow->has_logged_in = 1;
    flow->state = flow->request == NULL ? FLOW_DONE : FLOW_SIGN;
    flow_unlock(flow);
    clear_login(flow);
  }
  session_unref(session);
  credence_error_free(&why);
  return r;
}
