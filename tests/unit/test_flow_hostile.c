/* SPDX-License-Identifier: BSD-3-Clause */
/* Providers that misbehave in a flow, each in one way (tests/plugins).  Breaks when one
 * of them has its way with where a request or a login goes, or when somebody could be
 * asked, or a request sent, for ever. */
#include "flows.h"

#include <stdio.h>
#include <string.h>

static credence_flow *begin_hostile(const char *provider, credence_profile **ret_profile,
                                    credence_request **ret_request)
{
  char text[128];
  if (strncmp(provider, "hostile-target", 14) == 0 || strncmp(provider, "hostile-judge", 13) == 0) {
    snprintf(text, sizeof(text), "[profile]\nstack = %s\nendpoint = https://a.example/\nkeyring = file\n",
             provider);
    sandbox_profile(&sandbox, provider, text);
  } else {
    sandbox_add(provider, provider, NULL, "password", "hunter2", NULL);
  }
  *ret_profile = open_profile(provider);
  *ret_request = build(*ret_profile, "GET", "/x");
  return begin(*ret_request);
}

static void expect_fault(const char *provider, int code, const char *words)
{
  credence_profile *profile = NULL;
  credence_request *request = NULL;
  credence_flow *flow = begin_hostile(provider, &profile, &request);
  expect_failure(&flow, code, words);
  assert_string_equal(credence_request_url(request), "https://a.example/x");
  credence_request_free(&request);
  credence_profile_free(&profile);
}

static void faults_before_anything_is_sent(void **state)
{
  (void)state;
  expect_fault("hostile-target-in-sign", CREDENCE_E_REFUSED, "its plugin changes where the request goes");
  expect_fault("hostile-login-elsewhere", CREDENCE_E_REFUSED,
               "its plugin wants to log in at https://b.example");
  expect_fault("hostile-session-secret", CREDENCE_E_REFUSED, "token is a secret of the session");
  expect_fault("hostile-secret-place", CREDENCE_E_UNSUPPORTED, "hostile-secret-place: unsupported");
}

static void a_value_that_the_manifest_lacks(void **state)
{
  credence_profile *profile = NULL;
  credence_request *request = NULL;
  (void)state;
  credence_flow *flow = begin_hostile("hostile-session-names", &profile, &request);
  expect_login(flow, "/base");
  respond(flow, 200, "{}");
  expect_failure(&flow, CREDENCE_E_INVALID, "the manifest has no session value nonesuch");
  credence_request_free(&request);
  credence_profile_free(&profile);
}

static void questions_without_an_end(void **state)
{
  credence_profile *profile = NULL;
  credence_request *request = NULL;
  (void)state;
  credence_flow *flow = begin_hostile("hostile-login-forever", &profile, &request);
  for (int round = 0; round < 4; round++) {
    expect_step(flow, CREDENCE_STEP_ASK);
    expect_question(flow, 0, CREDENCE_ASK_TEXT, "And now?");
    give(flow, 0, "yes");
  }
  expect_failure(&flow, CREDENCE_E_REJECTED, "still has questions after 4 answers");
  credence_request_free(&request);
  credence_profile_free(&profile);
}

static void verdicts_without_an_end(void **state)
{
  credence_profile *profile = NULL;
  credence_request *request = NULL;
  (void)state;
  credence_flow *flow = begin_hostile("hostile-judge-forever", &profile, &request);
  expect_step(flow, CREDENCE_STEP_SEND);
  respond(flow, 200, "");
  expect_step(flow, CREDENCE_STEP_SEND);
  respond(flow, 200, "");
  expect_failure(&flow, CREDENCE_E_REJECTED, "again it wants another signature");
  credence_request_free(&request);
  credence_profile_free(&profile);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(faults_before_anything_is_sent),
      cmocka_unit_test(a_value_that_the_manifest_lacks),
      cmocka_unit_test(questions_without_an_end),
      cmocka_unit_test(verdicts_without_an_end),
  };
  return cmocka_run_group_tests(tests, start, stop);
}
