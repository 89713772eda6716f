/* SPDX-License-Identifier: BSD-3-Clause */
/* The questions of a login: what may be answered, what is asked again, and what is not
 * asked for ever.  Breaks when an answer that is none is sent, or when somebody is asked
 * for what was right already. */
#include "flows.h"

#include <stdio.h>
#include <string.h>

static void refuse(credence_flow *flow, size_t index, const char *answer, const char *words)
{
  credence_error *error = NULL;
  expect_error(credence_flow_answer(flow, index, answer, &error), CREDENCE_E_INVALID, &error, words);
}

static void questions_of_each_kind(void **state)
{
  static const char *const fields[] = {"asks", "realm pin otp team", NULL};
  char longest[1026];
  unsigned kind = 0;
  (void)state;
  memset(longest, 'x', 1025);
  longest[1025] = '\0';
  credence_profile *profile = new_citizen("asks", fields);
  credence_request *request = build(profile, "GET", "/x");
  credence_flow *flow = begin(request);
  expect_step(flow, CREDENCE_STEP_ASK);
  assert_null(credence_flow_request(flow));
  expect_question(flow, 0, CREDENCE_ASK_TEXT, "Realm");
  expect_question(flow, 1, CREDENCE_ASK_SECRET, "PIN");
  expect_question(flow, 2, CREDENCE_ASK_OTP, "One-time password");
  expect_question(flow, 3, CREDENCE_ASK_CHOICE, "Team\nred\nblue");
  assert_null(credence_flow_question(flow, 4, &kind));
  refuse(flow, 4, "x", "no such question");
  refuse(flow, (size_t)-1, "x", "no such question");
  refuse(flow, 0, "", "empty or too long");
  refuse(flow, 0, NULL, "empty or too long");
  refuse(flow, 0, longest, "empty or too long");
  refuse(flow, 1, "a\nb", "control character");
  refuse(flow, 2, "1\x7f", "control character");
  refuse(flow, 3, "green", "none of the choices");
  refuse(flow, 3, "Team", "none of the choices");
  refuse(flow, 3, "blu", "none of the choices");
  refuse(flow, 3, "red\nblue", "control character");
  give(flow, 0, "wrong at first");
  give(flow, 0, longest + 1);
  give(flow, 3, "blue");
  give(flow, 2, "123456");
  give(flow, 1, "\xc3\xa9 &=");
  expect_login(flow, "/login");
  char body[1200];
  snprintf(body, sizeof(body),
           "user=ann&password=hunter2&realm=%s&pin=%%C3%%A9%%20%%26%%3D&otp=123456&team=blue", longest + 1);
  expect_body(flow, body);
  credence_flow_free(&flow);
  credence_request_free(&request);
  credence_profile_free(&profile);
}

static void a_question_left_open(void **state)
{
  static const char *const fields[] = {"asks", "realm pin", NULL};
  (void)state;
  credence_profile *profile = new_citizen("open", fields);
  credence_request *request = build(profile, "GET", "/x");
  credence_flow *flow = begin(request);
  expect_step(flow, CREDENCE_STEP_ASK);
  give(flow, 1, "1234");
  expect_failure(&flow, CREDENCE_E_INVALID, "waits for an answer");
  credence_request_free(&request);
  credence_profile_free(&profile);
}

/* Only what was wrong is asked again; what was answered is sent again. */
static void a_wrong_password_is_asked_again(void **state)
{
  static const char *const fields[] = {"asks", "realm otp", NULL};
  unsigned kind = 0;
  (void)state;
  credence_profile *profile = new_citizen("otp", fields);
  credence_request *request = build(profile, "GET", "/x");
  credence_flow *flow = begin(request);
  expect_step(flow, CREDENCE_STEP_ASK);
  give(flow, 0, "lab");
  give(flow, 1, "1");
  expect_login(flow, "/login");
  respond(flow, 401, "{\"error\":\"otp wrong\"}");
  expect_step(flow, CREDENCE_STEP_ASK);
  expect_question(flow, 0, CREDENCE_ASK_OTP, "One-time password");
  assert_null(credence_flow_question(flow, 1, &kind));
  give(flow, 0, "2");
  expect_login(flow, "/login");
  expect_body(flow, "user=ann&password=hunter2&realm=lab&otp=2");
  respond(flow, 200, "{\"token\":\"t1\"}");
  expect_send(flow, "t1");
  credence_flow_free(&flow);
  credence_request_free(&request);
  credence_profile_free(&profile);
}

/* A question that comes with the answer of the server, and not before. */
static void the_server_wants_a_password(void **state)
{
  (void)state;
  credence_profile *profile = new_citizen("surprise", NULL);
  credence_request *request = build(profile, "GET", "/x");
  credence_flow *flow = begin(request);
  for (int round = 0; round < 4; round++) {
    expect_login(flow, "/login");
    respond(flow, 401, "{\"error\":\"otp wrong\"}");
    expect_step(flow, CREDENCE_STEP_ASK);
    give(flow, 0, "123456");
  }
  expect_login(flow, "/login");
  respond(flow, 401, "{\"error\":\"otp wrong\"}");
  expect_failure(&flow, CREDENCE_E_REJECTED, "still has questions after 4 answers");
  credence_request_free(&request);
  log_in_with(profile, "t1"); /* that is not remembered as a refusal */
  credence_profile_free(&profile);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(questions_of_each_kind),
      cmocka_unit_test(a_question_left_open),
      cmocka_unit_test(a_wrong_password_is_asked_again),
      cmocka_unit_test(the_server_wants_a_password),
  };
  return cmocka_run_group_tests(tests, start, stop);
}
