/* SPDX-License-Identifier: BSD-3-Clause */
/* flow.c - the steps of a request; see flow.h and credence.h */
#include "config.h"

#include <stdlib.h>

#include "error.h"
#include "flow.h"

#define DELAY_MS 25u
#define LOGIN_BODY_MAX (1024u * 1024u)

static int flow_alloc(credence_profile *profile, credence_request *request, enum flow_state state,
                      credence_flow **ret_flow, credence_error **error)
{
  credence_flow *new = calloc(1, sizeof(*new));
  if (new == NULL)
    return error_nomem(error);
  new->profile = profile;
  new->request = request;
  new->state = state;
  new->lock = -1;
  *ret_flow = new;
  return 0;
}

int credence_flow_new(credence_request *request, credence_flow **ret_flow, credence_error **error)
{
  return flow_alloc(request->profile, request, FLOW_SIGN, ret_flow, error);
}

int credence_flow_new_login(credence_profile *profile, credence_flow **ret_flow, credence_error **error)
{
  if (profile->login_entry == NULL)
    return error_set(error, CREDENCE_E_UNSUPPORTED, "use it as it is",
                     "profile %s needs no login, as it is set up", profile->name);
  return flow_alloc(profile, NULL, FLOW_LOCK, ret_flow, error);
}

void credence_flow_free(credence_flow **flow)
{
  if (flow == NULL || *flow == NULL)
    return;
  credence_flow *f = *flow;
  flow_unlock(f);
  credence_request_free(&f->login);
  credence_response_free(&f->response);
  credence_response_free(&f->answer);
  questions_clear(&f->questions);
  session_unref(f->bad);
  free(f->revision);
  free(f);
  *flow = NULL;
}

/* --- steps -------------------------------------------------------------------- */

static int flow_sign(credence_flow *flow, int *ret_step, credence_error **error)
{
  credence_error *why = NULL;
  flow->request->needs = flow->has_logged_in ? SESSION_ANY : SESSION_FRESH;
  int r = credence_request_sign(flow->request, &why);
  flow->request->needs = SESSION_LASTING;
  if (r == CREDENCE_E_NO_SESSION && flow->profile->login_entry != NULL && !flow->has_logged_in) {
    /* A session that lacks what is wanted now is no better than none. */
    session_unref(flow->bad);
    flow->bad = session_ref(flow->request->session);
    flow->state = FLOW_LOCK;
    r = 0;
  } else if (r == CREDENCE_E_NO_SESSION && flow->has_logged_in) {
    r = error_set(error, CREDENCE_E_FAILED, "mend the plugin or its manifest",
                  "provider %s: its login gave no value for what its requests need",
                  flow->profile->login_entry->manifest->name);
  } else if (r < 0) {
    r = error_pass(error, r, &why);
  } else {
    flow->state = FLOW_SENT;
    flow->sent = clock_now();
    *ret_step = CREDENCE_STEP_SEND;
    r = 1;
  }
  credence_error_free(&why);
  return r;
}

static int not_taken(credence_error **error)
{
  return error_set(error, CREDENCE_E_INVALID, "take the step that credence_flow_step() told",
                   "the flow waits for an answer");
}

static int flow_asked(credence_flow *flow, credence_error **error)
{
  if (questions_are_open(&flow->questions))
    return not_taken(error);
  flow->state = FLOW_LOGIN;
  return 0;
}

static int advance(credence_flow *flow, int *ret_step, credence_error **error)
{
  switch (flow->state) {
  case FLOW_SIGN:
    return flow_sign(flow, ret_step, error);
  case FLOW_JUDGE:
    return flow_judge(flow, ret_step, error);
  case FLOW_LOCK:
    return flow_lock(flow, ret_step, error);
  case FLOW_LOGIN:
    return flow_login(flow, ret_step, error);
  case FLOW_ASKED:
    return flow_asked(flow, error);
  case FLOW_LOGGED_IN:
    return flow_logged_in(flow, ret_step, error);
  case FLOW_DONE:
    *ret_step = CREDENCE_STEP_DONE;
    return 1;
  case FLOW_FAILED:
    return error_set(error, CREDENCE_E_INVALID, "begin another", "the flow has failed before");
  default:
    return not_taken(error);
  }
}

static int fail(credence_flow *flow, int code)
{
  flow_unlock(flow);
  flow->state = FLOW_FAILED;
  return code;
}

int credence_flow_step(credence_flow *flow, int *ret_step, credence_error **error)
{
  int step = CREDENCE_STEP_DONE;
  int r = 0;
  while (r == 0)
    r = advance(flow, &step, error);
  if (r < 0)
    return fail(flow, r);
  *ret_step = step;
  return 0;
}

/* --- what the host does in between ------------------------------------------------ */

credence_request *credence_flow_request(credence_flow *flow)
{
  if (flow->state == FLOW_SENT)
    return flow->request;
  return flow->state == FLOW_LOGIN_SENT ? flow->login : NULL;
}

int credence_flow_respond(credence_flow *flow, credence_response **response, credence_error **error)
{
  const credence_request *request = credence_flow_request(flow);
  if (request == NULL || response == NULL || *response == NULL) {
    credence_response_free(response);
    return error_set(error, CREDENCE_E_INVALID, "answer a SEND step, once", "nothing was to be sent");
  }
  int r = response_check(*response, request->place.origin, error);
  if (r == 0 && flow->state == FLOW_LOGIN_SENT && (*response)->body.size > LOGIN_BODY_MAX)
    r = error_set(error, CREDENCE_E_TOO_LARGE, NULL, "%s answered the login with more than fits",
                  request->place.origin);
  credence_response **slot = flow->state == FLOW_SENT ? &flow->response : &flow->answer;
  credence_response_free(slot);
  *slot = *response;
  *response = NULL; /* transferred */
  flow->received = clock_now();
  if (r < 0)
    return fail(flow, r);
  flow->state = flow->state == FLOW_SENT ? FLOW_JUDGE : FLOW_LOGGED_IN;
  return 0;
}

const char *credence_flow_question(credence_flow *flow, size_t index, unsigned *ret_kind)
{
  const struct question *question =
      flow->state == FLOW_ASKED ? questions_asked(&flow->questions, index) : NULL;
  if (question == NULL)
    return NULL;
  *ret_kind = question->kind;
  return question->text;
}

int credence_flow_answer(credence_flow *flow, size_t index, const char *answer, credence_error **error)
{
  struct question *question = flow->state == FLOW_ASKED ? questions_asked(&flow->questions, index) : NULL;
  if (question == NULL)
    return error_set(error, CREDENCE_E_INVALID, "answer what credence_flow_question() shows",
                     "there is no such question");
  return question_answer(question, answer, error);
}

unsigned credence_flow_delay(const credence_flow *flow)
{
  return flow->state == FLOW_LOCK ? DELAY_MS : 0;
}

credence_response *credence_flow_take_response(credence_flow *flow)
{
  credence_response *response = flow->response;
  flow->response = NULL; /* transferred */
  return response;
}
