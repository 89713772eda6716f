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

/* A sandbox whose file keyring is there already, with a key that costs nothing:
 * these tests write to it many times. */
void flows_open(struct sandbox *sandbox);

/* Make and open a profile of login-citizen with user ann and password hunter2.  more:
 * further fields, or NULL. */
void add_citizen(const char *name, const char *const *more);
credence_profile *new_citizen(const char *name, const char *const *more);

credence_flow *begin(credence_request *request);
/* The header of that name in what is to be sent; NULL when there is none. */
const char *header_of(const credence_request *request, const char *name);

void expect_step(credence_flow *flow, int wanted);
/* The next step is to send the caller's request, with this token. */
void expect_send(credence_flow *flow, const char *token);
/* The next step is to send a login, to a URL that ends so. */
void expect_login(credence_flow *flow, const char *url_end);
/* The next step is none: the answer has this status.  Frees the flow. */
void expect_done(credence_flow **flow, int status);
/* The next step fails, and so does every later one.  Frees the flow. */
void expect_failure(credence_flow **flow, int code, const char *words);

/* What the server answers; headers: name, value, ..., NULL, or NULL. */
void respond_with(credence_flow *flow, int status, const char *body, const char *const *headers);
void respond(credence_flow *flow, int status, const char *body);
/* A request that logs in with this token, is answered with 200, and ends. */
void log_in_with(credence_profile *profile, const char *token);

#endif
