/* SPDX-License-Identifier: BSD-3-Clause */
/* Whose a session is: other programs and threads with the same profile, other settings,
 * and where a login may go.  Breaks when two programs undo each other's logins, when a
 * session is used that other settings made, or when whoever changes the profile's file
 * gets the password. */
#include "flows.h"

#include <stdio.h>

/* --- programs that share a session ------------------------------------------------- */

static void another_programs_session_is_used(void **state)
{
  (void)state;
  credence_profile *one = new_citizen("shared", NULL);
  credence_profile *two = open_profile("shared");
  log_in(one, SESSION_7);
  expect_session(two, "t1");
  log_in(two, "{\"token\":\"t2\"}"); /* one does not know of it */
  expect_session(one, "t1");
  credence_request *request = build(one, "GET", "/x");
  credence_flow *flow = begin(request);
  expect_send(flow, "t1");
  respond(flow, 401, LOG_IN_AGAIN);
  expect_send(flow, "t2");
  respond(flow, 200, "");
  expect_done(&flow, 200);
  expect_session(one, "t2");
  credence_request_free(&request);
  credence_profile_free(&one);
  credence_profile_free(&two);
}

/* Another thread can end its login between the look at the session and the lock.  When
 * the keyring could not be written, only the program itself knows the session. */
static credence_profile *logs_in_meanwhile;
static struct session *made_meanwhile;

int __real_profile_lock_login(const char *name, int *ret_fd, credence_error **error);
int __wrap_profile_lock_login(const char *name, int *ret_fd, credence_error **error);

int __wrap_profile_lock_login(const char *name, int *ret_fd, credence_error **error)
{
  if (logs_in_meanwhile != NULL)
    profile_set_session(logs_in_meanwhile, made_meanwhile);
  return __real_profile_lock_login(name, ret_fd, error);
}

static void another_threads_session_is_used(void **state)
{
  credence_error *error = NULL;
  (void)state;
  credence_profile *profile = new_citizen("meanwhile", NULL);
  log_in(profile, SESSION_7);
  made_meanwhile = profile_session(profile);
  expect_ok(credence_profile_logout(profile, NULL, &error), &error);
  logs_in_meanwhile = profile;
  credence_request *request = build(profile, "GET", "/x");
  credence_flow *flow = begin(request);
  int step = -1;
  int r = credence_flow_step(flow, &step, &error);
  const int is_mine = credence_flow_request(flow) == request;
  logs_in_meanwhile = NULL;
  session_unref(made_meanwhile);
  expect_ok(r, &error);
  credence_flow_free(&flow);
  credence_request_free(&request);
  credence_profile_free(&profile);
  assert_true(is_mine); /* and no login */
}

/* Its session was dropped by the server too, with all others: then it is time for a
 * login, of which there still is but one. */
static void another_programs_session_is_no_good_either(void **state)
{
  (void)state;
  credence_profile *one = new_citizen("dropped", NULL);
  credence_profile *two = open_profile("dropped");
  log_in(one, SESSION_7);
  expect_session(two, "t1");
  log_in(two, "{\"token\":\"t2\"}");
  credence_request *request = build(one, "GET", "/x");
  credence_flow *flow = begin(request);
  expect_send(flow, "t1");
  respond(flow, 401, LOG_IN_AGAIN);
  expect_send(flow, "t2");
  respond(flow, 401, LOG_IN_AGAIN);
  expect_login(flow, "/login");
  respond(flow, 200, "{\"token\":\"t3\"}");
  expect_send(flow, "t3");
  respond(flow, 401, LOG_IN_AGAIN);
  expect_failure(&flow, CREDENCE_E_REJECTED, "it does not accept the session");
  credence_request_free(&request);
  credence_profile_free(&one);
  credence_profile_free(&two);
}

/* It makes one after the other, and none is good: that is not gone on with for ever. */
static void another_program_makes_bad_sessions(void **state)
{
  char body[64];
  char token[16] = "t1";
  (void)state;
  credence_profile *one = new_citizen("badly", NULL);
  credence_profile *two = open_profile("badly");
  log_in(one, SESSION_7);
  credence_request *request = build(one, "GET", "/x");
  credence_flow *flow = begin(request);
  for (int made = 2; made < 5; made++) {
    expect_send(flow, token);
    snprintf(token, sizeof(token), "t%d", made);
    snprintf(body, sizeof(body), "{\"token\":\"%s\"}", token);
    log_in(two, body);
    respond(flow, 401, LOG_IN_AGAIN);
  }
  expect_failure(&flow, CREDENCE_E_REJECTED, "it does not accept the session");
  credence_request_free(&request);
  credence_profile_free(&one);
  credence_profile_free(&two);
}

/* A session belongs to the credential and the settings that it was made with. */
static void a_session_of_other_settings(void **state)
{
  credence_draft *draft = NULL;
  credence_error *error = NULL;
  (void)state;
  credence_profile *profile = new_citizen("settings", NULL);
  log_in(profile, SESSION_7);
  credence_profile_free(&profile);
  expect_ok(credence_draft_load(NULL, "settings", &draft, &error), &error);
  expect_ok(credence_draft_set_field(draft, "user", "bob", &error), &error);
  expect_ok(credence_draft_save(draft, &error), &error);
  credence_draft_free(&draft);
  profile = open_profile("settings");
  expect_no_session(profile);
  credence_profile_free(&profile);
}

/* --- where a login may go ---------------------------------------------------------- */

static void another_origin_that_was_stored(void **state)
{
  static const char *const fields[] = {"login_url", "https://id.example/oauth?x=y", NULL};
  (void)state;
  credence_profile *profile = new_citizen("foreign", fields);
  credence_request *request = build(profile, "GET", "/x");
  credence_flow *flow = begin(request);
  expect_login(flow, "https://id.example/oauth?x=y");
  assert_string_equal(credence_request_host(credence_flow_request(flow)), "id.example");
  respond(flow, 200, SESSION_7);
  expect_send(flow, "t1");
  assert_string_equal(credence_request_host(request), "a.example");
  credence_flow_free(&flow);
  credence_request_free(&request);
  credence_profile_free(&profile);
}

/* Whoever changes the file must not get the password. */
static void another_origin_that_was_not(void **state)
{
  static const char *const fields[] = {"login_url", "https://id.example/oauth", NULL};
  static const char *const bad[] = {"https://id.example.evil/oauth", "http://id.example/oauth",
                                    "https://id.example:8443/oauth", "https://ID.example/oauth"};
  (void)state;
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    char name[16];
    snprintf(name, sizeof(name), "evil%zu", i);
    add_citizen(name, fields);
    rewrite(name, fields[1], bad[i]);
    credence_profile *profile = open_profile(name);
    credence_request *request = build(profile, "GET", "/x");
    credence_flow *flow = begin(request);
    expect_failure(&flow, CREDENCE_E_REFUSED, "was stored for a login elsewhere");
    credence_request_free(&request);
    credence_profile_free(&profile);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(another_programs_session_is_used),
      cmocka_unit_test(another_threads_session_is_used),
      cmocka_unit_test(another_programs_session_is_no_good_either),
      cmocka_unit_test(another_program_makes_bad_sessions),
      cmocka_unit_test(a_session_of_other_settings),
      cmocka_unit_test(another_origin_that_was_stored),
      cmocka_unit_test(another_origin_that_was_not),
  };
  return cmocka_run_group_tests(tests, start, stop);
}
