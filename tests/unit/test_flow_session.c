/* SPDX-License-Identifier: BSD-3-Clause */
/* The session of a flow: what may be in it, {NAME} in targets, how programs share it,
 * where a login may go, and a login that was refused.  Breaks when a server can put
 * into a request what does not belong there, when two programs undo each other's
 * logins, or when a wrong password is sent twice. */
#include "flows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "session-store.h"

#define SESSION_7 "{\"token\":\"t1\",\"account\":\"7\"}"

static struct sandbox sandbox;

static int start(void **state)
{
  (void)state;
  flows_open(&sandbox);
  return 0;
}

static int stop(void **state)
{
  (void)state;
  sandbox_close(&sandbox);
  return 0;
}

/* A login with this answer, and what follows it left alone. */
static void log_in(credence_profile *profile, const char *body)
{
  credence_flow *flow = NULL;
  credence_error *error = NULL;
  expect_ok(credence_flow_new_login(profile, &flow, &error), &error);
  expect_login(flow, "/login");
  respond(flow, 200, body);
  expect_step(flow, CREDENCE_STEP_DONE);
  credence_flow_free(&flow);
}

static void expect_state(credence_profile *profile, int wanted)
{
  int64_t when = -1;
  assert_int_equal(credence_profile_session(profile, &when), wanted);
}

/* A request that is sent with token at once. */
static void expect_session(credence_profile *profile, const char *token)
{
  credence_request *request = build(profile, "GET", "/x");
  credence_flow *flow = begin(request);
  expect_send(flow, token);
  credence_flow_free(&flow);
  credence_request_free(&request);
}

/* A request that logs in first. */
static void expect_none(credence_profile *profile)
{
  credence_request *request = build(profile, "GET", "/x");
  credence_flow *flow = begin(request);
  expect_login(flow, "/login");
  credence_flow_free(&flow);
  credence_request_free(&request);
}

/* --- values -------------------------------------------------------------------------- */

static void expect_malformed(credence_profile *profile, const char *body, const char *words)
{
  credence_request *request = build(profile, "GET", "/x");
  credence_flow *flow = begin(request);
  expect_login(flow, "/login");
  respond(flow, 200, body);
  expect_failure(&flow, CREDENCE_E_MALFORMED, words);
  expect_state(profile, CREDENCE_SESSION_NONE);
  credence_request_free(&request);
}

static void values_that_are_refused(void **state)
{
  char *large = calloc(1, 17000);
  (void)state;
  credence_profile *profile = new_citizen("values", NULL);
  expect_malformed(profile, "{\"token\":\"\"}", "the server's token is empty");
  expect_malformed(profile, "{\"token\":null}", "the server's token is empty");
  expect_malformed(profile, "{\"token\":{}}", "the server's token is empty");
  expect_malformed(profile, "{\"token\":\"a\\nb\"}", "the server's token has control characters");
  expect_malformed(profile, "{\"token\":\"a\\u0000b\"}", "token");
  expect_malformed(profile, "{\"token\":\"a\\u007f\"}", "the server's token has control characters");
  expect_malformed(profile, "{\"token\":\"a\",\"account\":\"\\r\"}", "the server's account has control");
  expect_malformed(profile, "{\"token\":\"a\",\"expires_in\":-1}", "the server's expiry makes no sense");
  expect_malformed(profile, "{\"token\":\"a\",\"expires_in\":316224001}",
                   "the server's expiry makes no sense");
  expect_malformed(profile, "<html>welcome</html>", "provider login-citizen: ");
  expect_malformed(profile, "", "provider login-citizen: ");
  assert_non_null(large);
  strcpy(large, "{\"token\":\"");
  memset(large + 10, 'x', 16385);
  strcpy(large + 10 + 16385, "\"}");
  expect_malformed(profile, large, "the server's token is longer than 16 KiB");
  strcpy(large + 10 + 16384, "\"}");
  log_in(profile, large);
  large[10 + 16384] = '\0';
  expect_session(profile, large + 10);
  free(large);
  credence_profile_free(&profile);
}

static void expect_lifetime(credence_profile *profile, const char *body, int64_t seconds)
{
  int64_t ends = -1;
  log_in(profile, body);
  assert_int_equal(credence_profile_session(profile, &ends), CREDENCE_SESSION_HELD);
  assert_in_range(clock_now() + seconds * 1000000 - ends, 0, 10 * 1000000);
}

/* The shortest of what the values say. */
static void how_long_it_is_good(void **state)
{
  credence_error *error = NULL;
  int64_t ends = -1;
  (void)state;
  credence_profile *profile = new_citizen("lifetime", NULL);
  expect_lifetime(profile, "{\"token\":\"t1\",\"expires_in\":\"316224000\"}", 316224000);
  expect_lifetime(profile,
                  "{\"token\":\"t1\",\"expires_in\":3600,\"account\":\"7\",\"account_expires_in\":60}", 60);
  expect_lifetime(profile,
                  "{\"token\":\"t1\",\"expires_in\":60,\"account\":\"7\",\"account_expires_in\":3600}", 60);
  expect_lifetime(profile, "{\"token\":\"t1\",\"account\":\"7\",\"account_expires_in\":60}", 60);
  log_in(profile, "{\"token\":\"t1\"}");
  assert_int_equal(credence_profile_session(profile, &ends), CREDENCE_SESSION_HELD);
  assert_int_equal(ends, 0);
  log_in(profile, "{\"token\":\"t1\",\"expires_in_us\":1}");
  expect_state(profile, CREDENCE_SESSION_EXPIRED);
  credence_request *request = build(profile, "GET", "/x");
  expect_error(credence_request_sign(request, &error), CREDENCE_E_NO_SESSION, &error, "has no session");
  expect_none(profile);
  credence_request_free(&request);
  credence_profile_free(&profile);
}

/* Store the profile's session once more, as one that is about to end. */
static void let_it_end_soon(const credence_profile *profile)
{
  struct session *session = NULL;
  char *revision = NULL;
  credence_error *error = NULL;
  expect_ok(session_load(profile, &session, &revision, &error), &error);
  assert_non_null(session);
  session->expires = clock_now() + INT64_C(3600) * 1000000;
  session->renew = 1;
  expect_ok(session_save(profile, &session, revision, &error), &error);
  session_unref(session);
  free(revision);
}

/* Whoever can get a new one does so in time; whoever cannot uses it to its end. */
static void one_that_ends_soon(void **state)
{
  (void)state;
  credence_profile *profile = new_citizen("soon", NULL);
  log_in(profile, SESSION_7);
  let_it_end_soon(profile);
  credence_profile_free(&profile);
  profile = open_profile("soon");
  credence_request *request = build(profile, "GET", "/x");
  sign(request);
  assert_string_equal(header_of(request, "Authorization"), "Bearer t1");
  credence_flow *flow = begin(request);
  expect_login(flow, "/login");
  respond(flow, 200, "{\"token\":\"t2\"}");
  expect_send(flow, "t2");
  credence_flow_free(&flow);
  credence_request_free(&request);
  credence_profile_free(&profile);
}

static void without_a_flow(void **state)
{
  credence_error *error = NULL;
  (void)state;
  credence_profile *profile = new_citizen("signs", NULL);
  credence_request *request = build(profile, "GET", "/x");
  int r = credence_request_sign(request, &error);
  assert_string_equal(credence_error_remedy(error), "log in: credence login signs");
  expect_error(r, CREDENCE_E_NO_SESSION, &error, "profile signs has no session");
  assert_null(header_of(request, "Authorization"));
  log_in(profile, SESSION_7);
  sign(request);
  assert_string_equal(header_of(request, "Authorization"), "Bearer t1");
  expect_ok(credence_profile_logout(profile, NULL, &error), &error);
  expect_error(credence_request_sign(request, &error), CREDENCE_E_NO_SESSION, &error, "has no session");
  credence_request_free(&request);
  credence_profile_free(&profile);
}

static void values_that_can_be_read(void **state)
{
  const char *name = NULL;
  const char *label = NULL;
  const char *value = NULL;
  (void)state;
  credence_profile *profile = new_citizen("read", NULL);
  assert_int_equal(credence_profile_session_value(profile, 0, &name, &label, &value), CREDENCE_E_NOT_FOUND);
  log_in(profile, SESSION_7);
  assert_int_equal(credence_profile_session_value(profile, 0, &name, &label, &value), 0);
  assert_string_equal(name, "account");
  assert_string_equal(label, "Account");
  assert_string_equal(value, "7");
  assert_int_equal(credence_profile_session_value(profile, 1, &name, &label, &value), CREDENCE_E_NOT_FOUND);
  credence_profile_free(&profile);
}

/* --- a session that lacks a value --------------------------------------------------------- */

/* The server did not tell it, and another login would not either. */
static void a_name_that_the_session_lacks(void **state)
{
  (void)state;
  credence_profile *profile = new_citizen("unnamed", NULL);
  log_in(profile, "{\"token\":\"t1\"}");
  for (int again = 0; again < 2; again++) {
    credence_request *request = build(profile, "GET", "/{account}");
    credence_flow *flow = begin(request);
    expect_failure(&flow, CREDENCE_E_NOT_FOUND, "the login of profile unnamed told no account");
    credence_request_free(&request);
  }
  credence_profile_free(&profile);
}

/* What the provider misses may be of a login by an older version of it: one login for
 * each request, and no more. */
static void sign_what_is_missing(void)
{
  credence_profile *profile = open_profile("lacks");
  credence_request *request = build(profile, "GET", "/x");
  for (int again = 0; again < 2; again++) {
    credence_flow *flow = begin(request);
    expect_login(flow, "/login");
    respond(flow, 200, "{\"token\":\"t2\"}");
    expect_failure(&flow, CREDENCE_E_NO_SESSION, "profile lacks has no session");
  }
  credence_flow *flow = begin(request);
  expect_login(flow, "/login");
  respond(flow, 200, SESSION_7);
  expect_send(flow, "t1");
  credence_flow_free(&flow);
  credence_request_free(&request);
  credence_profile_free(&profile);
}

/* In a child, which has a minute: a step that never returns would hold up all tests. */
static void a_value_that_the_session_lacks(void **state)
{
  static const char *const fields[] = {"signs", "account", NULL};
  int status = 0;
  (void)state;
  credence_profile *profile = new_citizen("lacks", fields);
  log_in(profile, "{\"token\":\"t1\"}");
  credence_profile_free(&profile);
  pid_t pid = fork();
  assert_true(pid >= 0);
  if (pid == 0) {
    (void)alarm(60);
    sign_what_is_missing();
    _exit(0);
  }
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_false(WIFSIGNALED(status));
  assert_int_equal(WEXITSTATUS(status), 0);
}

/* --- {NAME} -------------------------------------------------------------------------------- */

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
  respond(flow, 401, "{\"verdict\":\"log in again\"}");
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

/* --- the request stays as it was built ----------------------------------------------------- */

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
  respond(flow, 401, "{\"verdict\":\"log in again\"}");
  expect_login(flow, "/login");
  respond(flow, 200, "{\"token\":\"t2\",\"account\":\"8\"}");
  for (int attempt = 0; attempt < 2; attempt++) {
    expect_send(flow, "t2");
    credence_request *fresh = build_rich(profile);
    sign(fresh);
    assert_string_equal(header_of(fresh, "X-Account"), "8");
    expect_equal(request, fresh);
    credence_request_free(&fresh);
    respond(flow, 401, attempt == 0 ? "{\"verdict\":\"sign again\"}" : "{}");
  }
  credence_flow_free(&flow);
  credence_request_free(&request);
  credence_profile_free(&profile);
}

/* --- programs that share a session ------------------------------------------------------------ */

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
  respond(flow, 401, "{\"verdict\":\"log in again\"}");
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
  respond(flow, 401, "{\"verdict\":\"log in again\"}");
  expect_send(flow, "t2");
  respond(flow, 401, "{\"verdict\":\"log in again\"}");
  expect_login(flow, "/login");
  respond(flow, 200, "{\"token\":\"t3\"}");
  expect_send(flow, "t3");
  respond(flow, 401, "{\"verdict\":\"log in again\"}");
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
    respond(flow, 401, "{\"verdict\":\"log in again\"}");
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
  expect_none(profile);
  credence_profile_free(&profile);
}

static void logging_out(void **state)
{
  credence_error *error = NULL;
  int held = -1;
  (void)state;
  credence_profile *profile = new_citizen("logout", NULL);
  log_in(profile, SESSION_7);
  expect_ok(credence_profile_logout(profile, &held, &error), &error);
  assert_int_equal(held, 1);
  expect_state(profile, CREDENCE_SESSION_NONE);
  expect_none(profile);
  expect_ok(credence_profile_logout(profile, &held, &error), &error);
  assert_int_equal(held, 0);
  credence_profile_free(&profile);
  profile = open_profile("logout");
  expect_none(profile);
  credence_profile_free(&profile);
}

/* --- where a login may go ------------------------------------------------------------------------ */

static void rewrite(const char *name, const char *from, const char *to)
{
  char path[100];
  char changed[4096];
  snprintf(path, sizeof(path), ".config/credence/profiles/%s.conf", name);
  char *text = sandbox_read(&sandbox, path);
  assert_non_null(text);
  char *at = strstr(text, from);
  assert_non_null(at);
  snprintf(changed, sizeof(changed), "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
  sandbox_write(&sandbox, path, changed);
  free(text);
}

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
    expect_failure(&flow, CREDENCE_E_REFUSED, "which was not the place when the secret");
    credence_request_free(&request);
    credence_profile_free(&profile);
  }
}

/* --- a login that was refused ----------------------------------------------------------------------- */

static void get_refused(credence_profile *profile, const char *body, const char *words)
{
  credence_request *request = build(profile, "GET", "/x");
  credence_flow *flow = begin(request);
  expect_login(flow, "/login");
  respond(flow, 401, body);
  expect_failure(&flow, CREDENCE_E_REJECTED, words);
  credence_request_free(&request);
}

static void expect_still_refused(credence_profile *profile, const char *words)
{
  credence_request *request = build(profile, "GET", "/x");
  credence_flow *flow = begin(request);
  expect_state(profile, CREDENCE_SESSION_REFUSED);
  expect_failure(&flow, CREDENCE_E_REJECTED, words);
  credence_request_free(&request);
}

static void a_refusal_is_remembered(void **state)
{
  credence_draft *draft = NULL;
  credence_error *error = NULL;
  (void)state;
  credence_profile *profile = new_citizen("refused", NULL);
  get_refused(profile, "{\"error\":\"wrong password\"}", "wrong password");
  expect_still_refused(profile, "not tried again by itself: provider login-citizen: wrong password");
  credence_profile_free(&profile);
  profile = open_profile("refused");
  expect_still_refused(profile, "wrong password");
  credence_profile_free(&profile);

  expect_ok(credence_draft_load(NULL, "refused", &draft, &error), &error);
  expect_ok(credence_draft_set_secret(draft, "password", "hunter3", 7, &error), &error);
  expect_ok(credence_draft_save(draft, &error), &error);
  credence_draft_free(&draft);
  profile = open_profile("refused");
  expect_none(profile);
  credence_profile_free(&profile);
}

static void somebody_may_try_again(void **state)
{
  credence_flow *flow = NULL;
  credence_error *error = NULL;
  (void)state;
  credence_profile *profile = new_citizen("retry", NULL);
  get_refused(profile, "{\"error\":\"wrong password\"}", "wrong password");
  expect_ok(credence_flow_new_login(profile, &flow, &error), &error);
  expect_login(flow, "/login");
  respond(flow, 401, "{\"error\":\"still wrong\"}");
  expect_failure(&flow, CREDENCE_E_REJECTED, "still wrong");
  expect_still_refused(profile, "still wrong");
  log_in(profile, SESSION_7);
  expect_state(profile, CREDENCE_SESSION_HELD);
  expect_session(profile, "t1");
  credence_profile_free(&profile);
}

/* The message is cut somewhere, which may be within a character. */
static void a_refusal_in_many_words(void **state)
{
  (void)state;
  for (size_t before = 0; before < 2; before++) {
    char name[16];
    char body[400] = "{\"error\":\"";
    snprintf(name, sizeof(name), "words%zu", before);
    strcat(body, before == 0 ? "" : "x");
    while (strlen(body) < 300)
      strcat(body, "\xc3\xa9");
    strcat(body, "\"}");
    credence_profile *profile = new_citizen(name, NULL);
    get_refused(profile, body, "\xc3\xa9");
    expect_still_refused(profile, "\xc3\xa9");
    credence_profile_free(&profile);
  }
}

static void a_refusal_that_repeats_the_password(void **state)
{
  (void)state;
  credence_profile *profile = new_citizen("repeats", NULL);
  get_refused(profile, "{\"error\":\"hunter2 is wrong\"}", "its words are left out");
  expect_still_refused(profile, "its words are left out");
  char *text = sandbox_read(&sandbox, ".local/state/credence/logins/repeats");
  assert_non_null(text);
  assert_null(strstr(text, "hunter2"));
  free(text);
  credence_profile_free(&profile);
}

static void logging_out_during_a_login(void **state)
{
  credence_error *error = NULL;
  (void)state;
  credence_profile *profile = new_citizen("during", NULL);
  credence_request *request = build(profile, "GET", "/x");
  credence_flow *flow = begin(request);
  expect_login(flow, "/login");
  expect_error(credence_profile_logout(profile, NULL, &error), CREDENCE_E_TIMEOUT, &error,
               "somebody is logging in to profile");
  respond(flow, 200, SESSION_7);
  expect_send(flow, "t1");
  expect_ok(credence_profile_logout(profile, NULL, &error), &error);
  expect_none(profile);
  credence_flow_free(&flow);
  credence_request_free(&request);
  credence_profile_free(&profile);
}

static void logging_out_forgets_no_refusal(void **state)
{
  credence_error *error = NULL;
  (void)state;
  credence_profile *profile = new_citizen("outlasts", NULL);
  get_refused(profile, "{\"error\":\"wrong password\"}", "wrong password");
  expect_ok(credence_profile_logout(profile, NULL, &error), &error);
  expect_still_refused(profile, "wrong password");
  credence_profile_free(&profile);
}

/* The folder of the refusals is away, and what place made there is taken away again. */
static void expect_no_login_with(const char *name, int (*place)(const char *path), int code,
                                 const char *words)
{
  char *folder = strdup(sandbox_path(&sandbox, ".local/state/credence/logins"));
  char *aside = strdup(sandbox_path(&sandbox, ".local/state/credence/aside"));
  credence_error *error = NULL;
  int step = -1;
  credence_profile *profile = new_citizen(name, NULL);
  credence_request *request = build(profile, "GET", "/x");
  credence_flow *flow = begin(request);
  assert_int_equal(rename(folder, aside), 0);
  assert_int_equal(place(folder), 0);
  int r = credence_flow_step(flow, &step, &error);
  assert_int_equal(unlink(folder), 0);
  assert_int_equal(rename(aside, folder), 0);
  expect_error(r, code, &error, words);
  credence_flow_free(&flow);
  expect_none(profile);
  credence_request_free(&request);
  credence_profile_free(&profile);
  free(folder);
  free(aside);
}

static int place_file(const char *path)
{
  (void)path;
  sandbox_write(&sandbox, ".local/state/credence/logins", "no folder");
  return 0;
}

static int place_dangling_link(const char *path)
{
  return symlink("nowhere/at/all", path);
}

/* What could not be written down if it is refused is not tried at all, nor what may
 * have been refused before. */
static void a_refusal_that_could_not_be_kept(void **state)
{
  (void)state;
  expect_no_login_with("unread", place_file, CREDENCE_E_CORRUPT, "cannot be read");
  expect_no_login_with("unkept", place_dangling_link, CREDENCE_E_FAILED, "credence/logins");
}

static void trouble_is_no_refusal(void **state)
{
  static const struct {
    int status;
    const char *body;
    int code;
    const char *words;
  } troubles[] = {
      {500, "", CREDENCE_E_FAILED, "the server has trouble"},
      {503, "{\"error\":\"later\"}", CREDENCE_E_FAILED, "later"},
      {302, "", CREDENCE_E_FAILED, "with a redirect (302), which is not followed"},
      {200, "<html>", CREDENCE_E_MALFORMED, "provider login-citizen: "},
  };
  (void)state;
  credence_profile *profile = new_citizen("trouble", NULL);
  for (size_t i = 0; i < sizeof(troubles) / sizeof(troubles[0]); i++) {
    credence_request *request = build(profile, "GET", "/x");
    credence_flow *flow = begin(request);
    expect_login(flow, "/login");
    respond(flow, troubles[i].status, troubles[i].body);
    expect_failure(&flow, troubles[i].code, troubles[i].words);
    expect_state(profile, CREDENCE_SESSION_NONE);
    credence_request_free(&request);
  }
  credence_profile_free(&profile);
}

/* --- a provider that stores no secret ------------------------------------------------------------------ */

static void add_asker(const char *name, const char *user)
{
  const char *const fields[] = {"user", user, NULL};
  sandbox_add(name, "login-asker", NULL, NULL, NULL, fields);
}

static void log_in_asked(credence_profile *profile, int status, const char *body)
{
  credence_flow *flow = NULL;
  credence_error *error = NULL;
  expect_ok(credence_flow_new_login(profile, &flow, &error), &error);
  expect_step(flow, CREDENCE_STEP_ASK);
  expect_ok(credence_flow_answer(flow, 0, "1234", &error), &error);
  expect_login(flow, "/login");
  respond(flow, status, body);
  if (status == 200)
    expect_step(flow, CREDENCE_STEP_DONE);
  else
    expect_failure(&flow, CREDENCE_E_REJECTED, "provider login-asker");
  credence_flow_free(&flow);
}

static void a_session_without_a_secret_is_shared(void **state)
{
  (void)state;
  add_asker("asker", "ann");
  credence_profile *one = open_profile("asker");
  credence_profile *two = open_profile("asker");
  log_in_asked(one, 200, SESSION_7);
  expect_session(one, "t1");
  expect_session(two, "t1");
  credence_profile_free(&one);
  credence_profile_free(&two);
}

static void expect_refused(const char *name, const char *words)
{
  credence_error *error = NULL;
  credence_profile *profile = open_profile(name);
  credence_request *request = build(profile, "GET", "/x");
  credence_flow *flow = begin(request);
  int step = CREDENCE_STEP_DONE;
  expect_error(credence_flow_step(flow, &step, &error), CREDENCE_E_REFUSED, &error, words);
  credence_flow_free(&flow);
  credence_request_free(&request);
  credence_profile_free(&profile);
}

/* What the user would type is bound to the origin as a stored secret is. */
static void without_a_secret_the_origin_counts(void **state)
{
  (void)state;
  add_asker("asker3", "ann");
  rewrite("asker3", "https://a.example/base", "https://evil.example/base");
  expect_refused("asker3", "was stored for https://a.example");
}

/* A program that was refused does not try again, whatever became of the file. */
static void a_refusal_counts_in_the_program(void **state)
{
  credence_profile *profile = new_citizen("stubborn", NULL);
  credence_request *request = build(profile, "GET", "/x");
  credence_flow *flow = begin(request);
  (void)state;
  expect_login(flow, "/login");
  respond(flow, 401, "{\"error\":\"no\"}");
  expect_failure(&flow, CREDENCE_E_REJECTED, "provider login-citizen");
  login_state_remove("stubborn");
  flow = begin(request);
  expect_failure(&flow, CREDENCE_E_REJECTED, "not tried again by itself");
  credence_request_free(&request);
  credence_profile_free(&profile);
}

/* With another user it is another login, for the session as for the refusal. */
static void without_a_secret_the_settings_count(void **state)
{
  (void)state;
  add_asker("asker2", "ann");
  credence_profile *profile = open_profile("asker2");
  log_in_asked(profile, 200, SESSION_7);
  credence_profile_free(&profile);
  rewrite("asker2", "user = ann", "user = bob");
  profile = open_profile("asker2");
  credence_request *request = build(profile, "GET", "/x");
  credence_flow *flow = begin(request);
  expect_step(flow, CREDENCE_STEP_ASK);
  credence_flow_free(&flow);
  log_in_asked(profile, 401, "{\"error\":\"no\"}");
  credence_request_free(&request);
  credence_profile_free(&profile);
  rewrite("asker2", "user = bob", "user = cid");
  profile = open_profile("asker2");
  request = build(profile, "GET", "/x");
  flow = begin(request);
  expect_step(flow, CREDENCE_STEP_ASK);
  credence_flow_free(&flow);
  credence_request_free(&request);
  credence_profile_free(&profile);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(values_that_are_refused),
      cmocka_unit_test(how_long_it_is_good),
      cmocka_unit_test(one_that_ends_soon),
      cmocka_unit_test(without_a_flow),
      cmocka_unit_test(values_that_can_be_read),
      cmocka_unit_test(a_name_that_the_session_lacks),
      cmocka_unit_test(a_value_that_the_session_lacks),
      cmocka_unit_test(names_in_a_target),
      cmocka_unit_test(names_that_are_none),
      cmocka_unit_test(names_without_a_login),
      cmocka_unit_test(names_before_the_login),
      cmocka_unit_test(names_that_grow_too_long),
      cmocka_unit_test(rules_see_the_value),
      cmocka_unit_test(a_value_that_is_a_step),
      cmocka_unit_test(each_attempt_begins_anew),
      cmocka_unit_test(another_programs_session_is_used),
      cmocka_unit_test(another_threads_session_is_used),
      cmocka_unit_test(another_programs_session_is_no_good_either),
      cmocka_unit_test(another_program_makes_bad_sessions),
      cmocka_unit_test(a_session_of_other_settings),
      cmocka_unit_test(logging_out),
      cmocka_unit_test(another_origin_that_was_stored),
      cmocka_unit_test(another_origin_that_was_not),
      cmocka_unit_test(a_refusal_is_remembered),
      cmocka_unit_test(somebody_may_try_again),
      cmocka_unit_test(a_refusal_in_many_words),
      cmocka_unit_test(a_refusal_that_repeats_the_password),
      cmocka_unit_test(logging_out_during_a_login),
      cmocka_unit_test(logging_out_forgets_no_refusal),
      cmocka_unit_test(a_refusal_that_could_not_be_kept),
      cmocka_unit_test(trouble_is_no_refusal),
      cmocka_unit_test(a_session_without_a_secret_is_shared),
      cmocka_unit_test(without_a_secret_the_settings_count),
      cmocka_unit_test(without_a_secret_the_origin_counts),
      cmocka_unit_test(a_refusal_counts_in_the_program),
  };
  return cmocka_run_group_tests(tests, start, stop);
}
