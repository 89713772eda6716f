/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * flows.h - what the tests of the flow share: the test is the server
 *
 * A test takes a step, looks at what would be sent, and says what the server
 * answers.
 */
#ifndef TESTS_FLOWS_H
#define TESTS_FLOWS_H

#include "testing.h"

#include "flow.h"

/* What the server answers: a session with an account, and verdicts on a request. */
#define SESSION_7 "{\"token\":\"t1\",\"account\":\"7\"}"
#define LOG_IN_AGAIN "{\"verdict\":\"log in again\"}"
#define SIGN_AGAIN "{\"verdict\":\"sign again\"}"

/* The sandbox of all tests of a program.  Its file keyring is there already, with a key
 * that costs nothing: these tests write to it many times. */
extern struct sandbox sandbox;

int start(void **state);
int stop(void **state);

/* Make and open a profile of login-citizen with user ann and password hunter2.  more:
 * further fields, or NULL. */
void add_citizen(const char *name, const char *const *more);
credence_profile *new_citizen(const char *name, const char *const *more);

/* Write something else into the file of a profile, where from stands. */
void rewrite(const char *name, const char *from, const char *to);

credence_flow *begin(credence_request *request);

void expect_step(credence_flow *flow, int wanted);
/* The next step is to send the caller's request, with this token. */
void expect_send(credence_flow *flow, const char *token);
/* The next step is to send a login, to a URL that ends so. */
void expect_login(credence_flow *flow, const char *url_end);
/* What is to be sent has this body. */
void expect_body(credence_flow *flow, const char *wanted);
/* The next step is none: the answer has this status.  Frees the flow. */
void expect_done(credence_flow **flow, int status);
/* The next step fails, and so does every later one.  Frees the flow. */
void expect_failure(credence_flow **flow, int code, const char *words);

/* What the server answers; headers: name, value, ..., NULL, or NULL. */
void respond_with(credence_flow *flow, int status, const char *body, const char *const *headers);
void respond(credence_flow *flow, int status, const char *body);
/* A request that logs in with this token, is answered with 200, and ends. */
void log_in_with(credence_profile *profile, const char *token);
/* A login with this answer, and no request. */
void log_in(credence_profile *profile, const char *body);

void expect_question(credence_flow *flow, size_t index, unsigned kind, const char *text);
void give(credence_flow *flow, size_t index, const char *answer);

void expect_state(credence_profile *profile, int wanted);
/* A request is sent with this token at once; or it logs in first. */
void expect_session(credence_profile *profile, const char *token);
void expect_no_session(credence_profile *profile);

#endif
