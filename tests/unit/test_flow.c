/* SPDX-License-Identifier: BSD-3-Clause */
/* The steps of a request (core/flow.h), with the test as the server: each way through
 * them, one login at a time, and what a program may do wrong.  Breaks when a step is
 * left out or taken twice, or when a lock stays behind. */
#include "flows.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* --- the ways through -------------------------------------------------------------- */

static void without_a_login(void **state)
{
  credence_flow *flow = NULL;
  credence_error *error = NULL;
  (void)state;
  sandbox_add("plain", "bearer", "https://a.example/", "token", "t0", NULL);
  credence_profile *profile = open_profile("plain");
  credence_request *request = build(profile, "GET", "/x");
  flow = begin(request);
  assert_null(credence_flow_request(flow));
  expect_send(flow, "t0");
  respond(flow, 500, "");
  expect_done(&flow, 500);
  expect_error(credence_flow_new_login(profile, &flow, &error), CREDENCE_E_UNSUPPORTED, &error,
               "plain needs no login, as it is set up");
  credence_request_free(&request);
  credence_profile_free(&profile);
}

static void the_first_request_logs_in(void **state)
{
  (void)state;
  credence_profile *profile = new_citizen("first", NULL);
  credence_request *request = build(profile, "GET", "/x");
  credence_flow *flow = begin(request);
  expect_login(flow, "https://a.example/base/login");
  assert_string_equal(credence_request_method(credence_flow_request(flow)), "POST");
  assert_string_equal(header_of(credence_flow_request(flow), "Content-Type"),
                      "application/x-www-form-urlencoded");
  expect_body(flow, "user=ann&password=hunter2");
  respond(flow, 200, "{\"token\":\"t1\",\"account\":\"7\",\"expires_in\":3600}");
  expect_send(flow, "t1");
  respond(flow, 200, "{}");
  expect_done(&flow, 200);

  flow = begin(request);
  expect_send(flow, "t1");
  respond(flow, 204, "");
  expect_done(&flow, 204);
  credence_request_free(&request);
  credence_profile_free(&profile);
}

static void a_session_that_ended_is_renewed(void **state)
{
  (void)state;
  credence_profile *profile = new_citizen("ended", NULL);
  log_in_with(profile, "t1");
  credence_request *request = build(profile, "GET", "/x");
  credence_flow *flow = begin(request);
  expect_send(flow, "t1");
  respond(flow, 401, LOG_IN_AGAIN);
  expect_login(flow, "/login");
  respond(flow, 200, "{\"token\":\"t2\"}");
  expect_send(flow, "t2");
  respond(flow, 200, "");
  expect_done(&flow, 200);
  credence_request_free(&request);
  credence_profile_free(&profile);
}

static void another_signature(void **state)
{
  (void)state;
  credence_profile *profile = new_citizen("again", NULL);
  log_in_with(profile, "t1");
  credence_request *request = build(profile, "GET", "/x");
  credence_flow *flow = begin(request);
  expect_send(flow, "t1");
  respond(flow, 400, SIGN_AGAIN);
  expect_send(flow, "t1");
  respond(flow, 200, "");
  expect_done(&flow, 200);
  credence_request_free(&request);
  credence_profile_free(&profile);
}

static void a_login_alone(void **state)
{
  credence_flow *flow = NULL;
  credence_error *error = NULL;
  (void)state;
  credence_profile *profile = new_citizen("alone", NULL);
  for (int again = 0; again < 2; again++) { /* also when there is a session */
    expect_ok(credence_flow_new_login(profile, &flow, &error), &error);
    expect_login(flow, "/login");
    respond(flow, 200, "{\"token\":\"t1\"}");
    expect_step(flow, CREDENCE_STEP_DONE);
    assert_null(credence_flow_take_response(flow));
    credence_flow_free(&flow);
  }
  credence_profile_free(&profile);
}

static void expect_login_at(const char *name, const char *const *fields, const char *method, const char *url)
{
  credence_profile *profile = new_citizen(name, fields);
  credence_request *request = build(profile, "GET", "/x");
  credence_flow *flow = begin(request);
  expect_step(flow, CREDENCE_STEP_SEND);
  assert_string_equal(credence_request_method(credence_flow_request(flow)), method);
  assert_string_equal(credence_request_url(credence_flow_request(flow)), url);
  credence_flow_free(&flow);
  credence_request_free(&request);
  credence_profile_free(&profile);
}

static void where_the_login_goes(void **state)
{
  static const char *const targets[][2] = {
      {"/l", "https://a.example/l"},
      {"l/m", "https://a.example/base/l/m"},
      {"?l=1", "https://a.example/base?l=1"},
      {"https://a.example/l?m", "https://a.example/l?m"},
      {"https://a.example:443", "https://a.example/"},
  };
  static const char *const put[] = {"method", "PUT", NULL};
  (void)state;
  for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
    char name[16];
    const char *const fields[] = {"target", targets[i][0], NULL};
    snprintf(name, sizeof(name), "where%zu", i);
    expect_login_at(name, fields, "POST", targets[i][1]);
  }
  expect_login_at("method", put, "PUT", "https://a.example/base/login");
}

/* --- one login at a time ----------------------------------------------------------- */

static void expect_waiting(credence_flow *flow)
{
  for (int again = 0; again < 3; again++) {
    expect_step(flow, CREDENCE_STEP_WAIT);
    assert_in_range(credence_flow_delay(flow), 1, 1000);
    assert_null(credence_flow_request(flow));
  }
}

/* Two profile objects of one name are as two programs. */
static void others_wait_for_a_login(void **state)
{
  (void)state;
  credence_profile *profiles[2] = {new_citizen("wait", NULL), open_profile("wait")};
  credence_request *requests[3] = {build(profiles[0], "GET", "/x"), build(profiles[0], "GET", "/y"),
                                   build(profiles[1], "GET", "/z")};
  credence_flow *first = begin(requests[0]);
  credence_flow *thread = begin(requests[1]);
  credence_flow *program = begin(requests[2]);
  expect_login(first, "/login");
  assert_int_equal(credence_flow_delay(first), 0);
  expect_waiting(thread);
  expect_waiting(program);
  respond(first, 200, "{\"token\":\"t1\"}");
  expect_waiting(program); /* until the answer was read */
  expect_send(first, "t1");
  expect_send(thread, "t1");
  expect_send(program, "t1");
  respond(thread, 200, "");
  expect_done(&thread, 200);
  credence_flow_free(&first);
  credence_flow_free(&program);
  for (size_t i = 0; i < 3; i++)
    credence_request_free(&requests[i]);
  credence_profile_free(&profiles[0]);
  credence_profile_free(&profiles[1]);
}

static void waiting_has_an_end(void **state)
{
  (void)state;
  credence_profile *profile = new_citizen("patience", NULL);
  credence_request *one = build(profile, "GET", "/x");
  credence_request *two = build(profile, "GET", "/y");
  credence_flow *first = begin(one);
  credence_flow *second = begin(two);
  expect_login(first, "/login");
  expect_waiting(second);
  second->wait_until = 1; /* as if it had waited since 1970 */
  expect_failure(&second, CREDENCE_E_TIMEOUT, "somebody else has been logging in");
  credence_flow_free(&first);
  credence_request_free(&one);
  credence_request_free(&two);
  credence_profile_free(&profile);
}

/* Take count steps of a request with all there is, and free the flow there: the next
 * request must find no lock. */
static void leave_after(credence_profile *profile, int count)
{
  credence_request *request = build(profile, "GET", "/x");
  credence_flow *flow = begin(request);
  if (count > 0)
    expect_step(flow, CREDENCE_STEP_ASK);
  if (count > 1) {
    credence_error *error = NULL;
    expect_ok(credence_flow_answer(flow, 0, "1234", &error), &error);
  }
  if (count > 2)
    expect_login(flow, "/login");
  if (count > 3)
    respond(flow, 200, "{\"token\":\"t1\",\"expires_in_us\":1}");
  if (count > 4) /* a session that ends at once does for the request that it was made for */
    expect_send(flow, "t1");
  credence_flow_free(&flow);
  assert_null(flow);
  credence_flow_free(&flow);
  credence_flow_free(NULL);
  credence_request_free(&request);
}

static void freed_at_any_step(void **state)
{
  static const char *const fields[] = {"asks", "pin", NULL};
  (void)state;
  credence_profile *profile = new_citizen("leave", fields);
  for (int count = 0; count < 6; count++)
    leave_after(profile, count);
  credence_request *request = build(profile, "GET", "/x");
  credence_flow *flow = begin(request);
  expect_step(flow, CREDENCE_STEP_ASK);
  credence_flow_free(&flow);
  credence_request_free(&request);
  credence_profile_free(&profile);
}

/* The descriptor of a lock goes to children, and the lock does not. */
static void a_child_does_not_unlock(void **state)
{
  int status = 0;
  (void)state;
  credence_profile *profile = new_citizen("child", NULL);
  credence_request *requests[2] = {build(profile, "GET", "/x"), build(profile, "GET", "/y")};
  credence_flow *first = begin(requests[0]);
  credence_flow *second = begin(requests[1]);
  expect_login(first, "/login");
  pid_t pid = fork();
  if (pid == 0) {
    credence_flow_free(&first);
    _exit(0);
  }
  assert_int_equal(waitpid(pid, &status, 0), pid);
  expect_waiting(second);
  credence_flow_free(&first);
  expect_login(second, "/login");
  credence_flow_free(&second);
  credence_request_free(&requests[0]);
  credence_request_free(&requests[1]);
  credence_profile_free(&profile);
}

/* --- misuse ------------------------------------------------------------------------ */

static credence_response *some_response(void)
{
  credence_response *response = NULL;
  credence_error *error = NULL;
  expect_ok(credence_response_new(&response, &error), &error);
  credence_response_set_status(response, 200);
  return response;
}

static void expect_not_taken(credence_flow *flow)
{
  credence_response *response = some_response();
  credence_error *error = NULL;
  expect_error(credence_flow_respond(flow, &response, &error), CREDENCE_E_INVALID, &error,
               "nothing was to be sent");
  assert_null(response);
}

static void answers_that_nobody_wants(void **state)
{
  credence_response *none = NULL;
  credence_error *error = NULL;
  unsigned kind = 0;
  (void)state;
  credence_profile *profile = new_citizen("misuse", NULL);
  credence_request *request = build(profile, "GET", "/x");
  credence_flow *flow = begin(request);
  expect_not_taken(flow); /* before the first step */
  assert_null(credence_flow_take_response(flow));
  expect_login(flow, "/login");
  assert_null(credence_flow_question(flow, 0, &kind));
  expect_error(credence_flow_answer(flow, 0, "x", &error), CREDENCE_E_INVALID, &error, "no such question");
  expect_error(credence_flow_respond(flow, &none, &error), CREDENCE_E_INVALID, &error, "nothing was");
  expect_error(credence_flow_respond(flow, NULL, &error), CREDENCE_E_INVALID, &error, "nothing was");
  respond(flow, 200, "{\"token\":\"t1\"}");
  expect_not_taken(flow);
  expect_send(flow, "t1");
  respond(flow, 200, "");
  expect_not_taken(flow);
  expect_step(flow, CREDENCE_STEP_DONE);
  expect_not_taken(flow);
  expect_done(&flow, 200);
  credence_request_free(&request);
  credence_profile_free(&profile);
}

static void steps_that_were_not_taken(void **state)
{
  credence_error *error = NULL;
  int step = -1;
  (void)state;
  credence_profile *profile = new_citizen("skipped", NULL);
  credence_request *request = build(profile, "GET", "/x");
  credence_flow *flow = begin(request);
  expect_login(flow, "/login");
  expect_error(credence_flow_step(flow, &step, &error), CREDENCE_E_INVALID, &error, "waits for an answer");
  log_in_with(profile, "t1"); /* the lock is free, also while the flow is there */
  expect_failure(&flow, CREDENCE_E_INVALID, "has failed before");
  flow = begin(request);
  expect_send(flow, "t1");
  expect_failure(&flow, CREDENCE_E_INVALID, "waits for an answer");
  credence_request_free(&request);
  credence_profile_free(&profile);
}

static void expect_bad_answer(credence_flow *flow, int status, size_t body, int code, const char *words)
{
  credence_error *error = NULL;
  credence_response *response = some_response();
  char *text = calloc(1, body + 1);
  credence_response_set_status(response, status);
  (void)credence_response_add_body(response, text, body, NULL);
  free(text);
  expect_error(credence_flow_respond(flow, &response, &error), code, &error, words);
  assert_null(response);
}

static void answers_that_are_none(void **state)
{
  credence_error *error = NULL;
  int step = 0;
  (void)state;
  credence_profile *profile = new_citizen("none", NULL);
  credence_request *request = build(profile, "GET", "/x");
  credence_flow *flow = begin(request);
  expect_login(flow, "/login");
  expect_bad_answer(flow, 0, 0, CREDENCE_E_NETWORK, "did not answer as HTTP does");
  expect_error(credence_flow_step(flow, &step, &error), CREDENCE_E_INVALID, &error, "has failed before");
  credence_flow_free(&flow);
  flow = begin(request);
  expect_login(flow, "/login");
  expect_bad_answer(flow, 200, 1024u * 1024 + 1, CREDENCE_E_TOO_LARGE,
                    "answered the login with more than fits");
  credence_flow_free(&flow);
  log_in_with(profile, "t1");
  flow = begin(request);
  expect_send(flow, "t1");
  expect_bad_answer(flow, 200, 64u * 1024 * 1024 + 1, CREDENCE_E_TOO_LARGE, "more body than fit");
  credence_flow_free(&flow);
  credence_request_free(&request);
  credence_profile_free(&profile);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(without_a_login),
      cmocka_unit_test(the_first_request_logs_in),
      cmocka_unit_test(a_session_that_ended_is_renewed),
      cmocka_unit_test(another_signature),
      cmocka_unit_test(a_login_alone),
      cmocka_unit_test(where_the_login_goes),
      cmocka_unit_test(others_wait_for_a_login),
      cmocka_unit_test(waiting_has_an_end),
      cmocka_unit_test(freed_at_any_step),
      cmocka_unit_test(a_child_does_not_unlock),
      cmocka_unit_test(answers_that_nobody_wants),
      cmocka_unit_test(steps_that_were_not_taken),
      cmocka_unit_test(answers_that_are_none),
  };
  return cmocka_run_group_tests(tests, start, stop);
}
