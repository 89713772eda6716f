/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * flow.h - the steps of a request: sign, send, judge, log in, sign again
 *
 *   SIGN ──────────► SENT ──respond──► JUDGE ──► DONE
 *    │ ▲                                │ session no longer good; one login at most
 *    │ └─ clock or nonce wrong, once ───┤
 *    │ no session                       ▼
 *    └────────────────────────────► LOCK ──► LOGIN ──► LOGIN_SENT ──► LOGGED_IN ──► SIGN
 *                                    │          │ ▲                      │
 *                                    ▼          ▼ │ answers              │
 *                                  (wait)      ASKED ◄───────────────────┘
 *
 * Each arrow but the two of the host is taken within credence_flow_step().
 */
#ifndef CORE_FLOW_H
#define CORE_FLOW_H

#include <sys/types.h>

#include "questions.h"
#include "request.h"
#include "session.h"

enum flow_state {
  FLOW_SIGN,
  FLOW_SENT,
  FLOW_JUDGE,
  FLOW_LOCK,
  FLOW_LOGIN,
  FLOW_ASKED,
  FLOW_LOGIN_SENT,
  FLOW_LOGGED_IN,
  FLOW_DONE,
  FLOW_FAILED
};

struct credence_flow {
  enum flow_state state;
  credence_profile *profile;
  credence_request *request;   /* the caller's; NULL: log in and nothing else */
  credence_request *login;     /* the login of this flow, or NULL */
  credence_response *response; /* the last to request */
  credence_response *answer;   /* the last to login */
  struct questions questions;
  unsigned rounds; /* of questions and answers in the login */

  int lock;            /* of the login; -1: not held */
  pid_t owner;         /* the process that has it: a child has the descriptor as well */
  int64_t wait_until;  /* somebody else has it: until when to wait; 0: not yet waiting */
  char *revision;      /* of the session in the keyring, read under the lock */
  struct session *bad; /* the session that the server did not take, or NULL */

  /* What has been done already, and is done once. */
  int has_logged_in;
  int renewals; /* of a session that the server did not take */
  int has_set_clock;
  int blames_clock; /* a provider said that the time was wrong */
  int has_repeated;

  long old_skew; /* the profile's, before the clock was set */
  int64_t sent;  /* when the last request went out, microseconds since 1970 */
  int64_t received;
};

/* flow-login.c: the steps from LOCK to LOGGED_IN.  Each sets the next state, and
 * *ret_step when the host has something to do: 1 then, 0 to go on, or an error. */
int flow_lock(credence_flow *flow, int *ret_step, credence_error **error);
int flow_login(credence_flow *flow, int *ret_step, credence_error **error);
int flow_logged_in(credence_flow *flow, int *ret_step, credence_error **error);
void flow_unlock(credence_flow *flow);

/* flow-judge.c: what the answer to the request means; as above. */
int flow_judge(credence_flow *flow, int *ret_step, credence_error **error);

#endif
