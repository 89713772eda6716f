/* SPDX-License-Identifier: BSD-3-Clause */
/* {NAME} in a target, which stands for a value of the session.  Breaks when a value can
 * be more than a piece of the path or the query, when a rule does not see it, or when
 * it outlives the session that it came with. */
#include "flows.h"

#include <stdio.h>
#include <string.h>

static void expect_target(credence_profile *profile, const char *target, const char *url)
{
  credence_request *request = build(profile, "GET", target);
  credence_flow *flow = begin(request);
  expect_send(flow, "t1");
  assert_string_equal(credence_request_url(request), url);
  credence_flow_free(&flow);
  credence_request_free(&request);
}

static void names_in_a_target(void **state)
{
  (void)state;
  credence_profile *profile = new_citizen("names", NULL);
  log_in(profile, "{\"token\":\"t1\",\"account\":\"a/b ?#%&=\xc3\xa9\"}");
#define ENCODED "a%2Fb%20%3F%23%25%26%3D%C3%A9"
  expect_target(profile, "/{account}", "https://a.example/" ENCODED);
  expect_target(profile, "{account}", "https://a.example/base/" ENCODED);
  expect_target(profile, "v{account}w/x", "https://a.example/base/v" ENCODED "w/x");
  expect_target(profile, "?a={account}&b={account}", "https://a.example/base?a=" ENCODED "&b=" ENCODED);
  expect_target(profile, "/{account}{account}?{account}", "https://a.example/" ENCODED ENCODED "?" ENCODED);
  expect_target(profile, "https://a.example/{account}", "https://a.example/" ENCODED);
  expect_target(profile, "/%7Baccount%7D", "https://a.example/%7Baccount%7D");
  credence_profile_free(&profile);
}

static void names_that_are_none(void **state)
{
  static const char *const bad[] = {"/{nonesuch}",
                                    "/{token}",
                                    "/{Account}",
                                    "/{account",
                                    "/account}",
                                    "/{}",
                                    "/{",
                                    "/}",
                                    "/{{account}}",
                                    "/{account}}",
                                    "/{ account}",
                                    "/}{account}",
                                    "/{account}?a={",
                                    "?{account}=}",
                                    "/{account}/{token}",
                                    "/{user}",
                                    "/{password}"};
  static const char *const elsewhere[] = {"https://{account}.example/", "https://{account}/",
                                          "http://a.example/{account}"};
  credence_request *request = NULL;
  credence_error *error = NULL;
  (void)state;
  credence_profile *profile = new_citizen("nonames", NULL);
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    int r = credence_request_new(profile, "GET", bad[i], &request, &error);
    if (r == 0)
      print_error("accepted: %s\n", bad[i]);
    assert_int_equal(r, CREDENCE_E_INVALID);
    assert_null(request);
    credence_error_free(&error);
  }
  for (size_t i = 0; i < 3; i++)
    expect_error(credence_request_new(profile, "GET", elsewhere[i], &request, &error), CREDENCE_E_REFUSED,
                 &error, "another origin");
  credence_profile_free(&profile);
}

/* Where nobody logs in, a brace is what it always was. */
static void names_without_a_login(void **state)
{
  credence_request *request = NULL;
  credence_error *error = NULL;
  (void)state;
  sandbox_add("plain", "bearer", "https://a.example/", "token", "t0", NULL);
  credence_profile *profile = open_profile("plain");
  assert_int_equal(credence_request_new(profile, "GET", "/{account}", &request, &error), CREDENCE_E_INVALID);
  credence_error_free(&error);
  credence_profile_free(&profile);
}

static void names_before_the_login(void **state)
{
  credence_error *error = NULL;
  (void)state;
  credence_profile *profile = new_citizen("early", NULL);
  credence_request *request = build(profile, "GET", "/v/{account}");
  expect_error(credence_request_sign(request, &error), CREDENCE_E_NO_SESSION, &error,
               "profile early has no session");
  credence_flow *flow = begin(request);
  expect_login(flow, "/login");
  respond(flow, 200, SESSION_7);
  expect_send(flow, "t1");
  assert_string_equal(credence_request_url(request), "https://a.example/v/7");
  respond(flow, 200, "");
  expect_done(&flow, 200);
  flow = begin(request);
  expect_send(flow, "t1");
  respond(flow, 401, LOG_IN_AGAIN);
  expect_login(flow, "/login"); /* and the next session has another account */
  respond(flow, 200, "{\"token\":\"t2\",\"account\":\"8\"}");
  expect_send(flow, "t2");
  assert_string_equal(credence_request_url(request), "https://a.example/v/8");
  credence_flow_free(&flow);
  credence_request_free(&request);
  credence_profile_free(&profile);
}

static void names_that_grow_too_long(void **state)
{
  char body[17000];
  (void)state;
  strcpy(body, "{\"token\":\"t1\",\"account\":\"");
  memset(body + strlen(body), '/', 16384);
  body[strlen("{\"token\":\"t1\",\"account\":\"") + 16384] = '\0';
  strcat(body, "\"}");
  credence_profile *profile = new_citizen("long", NULL);
  log_in(profile, body);
  credence_request *request = build(profile, "GET", "?a={account}&b={account}");
  credence_flow *flow = begin(request);
  expect_failure(&flow, CREDENCE_E_TOO_LARGE, "too long with the session's values");
  credence_request_free(&request);
  credence_profile_free(&profile);
}

/* --- rules ------------------------------------------------------------------------- */

static credence_profile *new_with_rule(const char *name, const char *account)
{
  char body[100];
  credence_draft *draft = NULL;
  credence_error *error = NULL;
  add_citizen(name, NULL);
  expect_ok(credence_draft_load(NULL, name, &draft, &error), &error);
  expect_ok(credence_draft_add_allow(draft, "GET /v/7/*", &error), &error);
  expect_ok(credence_draft_add_allow(draft, "GET /w/*/x", &error), &error);
  expect_ok(credence_draft_save(draft, &error), &error);
  credence_draft_free(&draft);
  credence_profile *profile = open_profile(name);
  snprintf(body, sizeof(body), "{\"token\":\"t1\",\"account\":\"%s\"}", account);
  log_in(profile, body);
  return profile;
}

static void expect_forbidden(credence_profile *profile, const char *target, const char *words)
{
  credence_error *error = NULL;
  credence_request *request = build(profile, "GET", target);
  expect_error(credence_request_sign(request, &error), CREDENCE_E_REFUSED, &error, words);
  credence_request_free(&request);
}

/* A rule is about the path that is sent. */
static void rules_see_the_value(void **state)
{
  (void)state;
  credence_profile *profile = new_with_rule("rule7", "7");
  expect_target(profile, "/v/{account}/x", "https://a.example/v/7/x");
  credence_profile_free(&profile);
  profile = new_with_rule("rule8", "8");
  expect_forbidden(profile, "/v/{account}/x", "no rule of profile rule8 allows GET /v/8/x");
  credence_profile_free(&profile);
  profile = new_with_rule("ruleup", "../7");
  expect_forbidden(profile, "/w/{account}/x", "encoded separator");
  credence_profile_free(&profile);
}

/* It would be a step in the path, with rules or without. */
static void a_value_that_is_a_step(void **state)
{
  static const char *const steps[] = {"..", "."};
  credence_error *error = NULL;
  (void)state;
  for (size_t i = 0; i < 2; i++) {
    credence_profile *profile = new_with_rule(i == 0 ? "step0" : "step1", steps[i]);
    credence_request *request = build(profile, "GET", "/w/{account}/x");
    expect_error(credence_request_sign(request, &error), CREDENCE_E_MALFORMED, &error,
                 "cannot stand in a target");
    credence_request_free(&request);
    credence_profile_free(&profile);
  }
}

/* --- the request stays as it was built --------------------------------------------- */

static credence_request *build_rich(credence_profile *profile)
{
  credence_error *error = NULL;
  credence_request *request = build(profile, "POST", "things/{account}?a=%20&b");
  expect_ok(credence_request_add_query(request, "c", "d e", &error), &error);
  expect_ok(credence_request_add_header(request, "X-A", "1", &error), &error);
  expect_ok(credence_request_add_header(request, "X-A", "2", &error), &error);
  expect_ok(credence_request_add_form(request, "f", "g h", &error), &error);
  expect_ok(credence_request_add_form(request, "i", "j", &error), &error);
  expect_ok(credence_request_set_time(request, 1700000000000000, &error), &error);
  return request;
}

static void expect_equal(credence_request *a, credence_request *b)
{
  const char *names[2];
  const char *values[2];
  size_t sizes[2];
  assert_string_equal(credence_request_method(a), credence_request_method(b));
  assert_string_equal(credence_request_url(a), credence_request_url(b));
  const void *body = credence_request_body(a, &sizes[0]);
  assert_memory_equal(body, credence_request_body(b, &sizes[1]), sizes[0]);
  assert_int_equal(sizes[0], sizes[1]);
  for (size_t i = 0;; i++) {
    int r = credence_request_header(a, i, &names[0], &values[0]);
    assert_int_equal(credence_request_header(b, i, &names[1], &values[1]), r);
    if (r < 0)
      return;
    assert_string_equal(names[0], names[1]);
    assert_string_equal(values[0], values[1]);
  }
}

static void each_attempt_begins_anew(void **state)
{
  static const char *const fields[] = {"signs", "account mac", NULL};
  (void)state;
  credence_profile *profile = new_citizen("anew", fields);
  log_in(profile, SESSION_7);
  credence_request *request = build_rich(profile);
  credence_flow *flow = begin(request);
  expect_send(flow, "t1");
  respond(flow, 401, LOG_IN_AGAIN);
  expect_login(flow, "/login");
  respond(flow, 200, "{\"token\":\"t2\",\"account\":\"8\"}");
  for (int attempt = 0; attempt < 2; attempt++) {
    expect_send(flow, "t2");
    credence_request *fresh = build_rich(profile);
    sign(fresh);
    assert_string_equal(header_of(fresh, "X-Account"), "8");
    expect_equal(request, fresh);
    credence_request_free(&fresh);
    respond(flow, 401, attempt == 0 ? SIGN_AGAIN : "{}");
  }
  credence_flow_free(&flow);
  credence_request_free(&request);
  credence_profile_free(&profile);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(names_in_a_target),        cmocka_unit_test(names_that_are_none),
      cmocka_unit_test(names_without_a_login),    cmocka_unit_test(names_before_the_login),
      cmocka_unit_test(names_that_grow_too_long), cmocka_unit_test(rules_see_the_value),
      cmocka_unit_test(a_value_that_is_a_step),   cmocka_unit_test(each_attempt_begins_anew),
  };
  return cmocka_run_group_tests(tests, start, stop);
}
