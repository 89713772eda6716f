/* SPDX-License-Identifier: BSD-3-Clause */
/* What is in a session, how long it is good, and who can read it.  Breaks when a server
 * can put into a session what does not belong there, when one is used past its end, or
 * when a session that lacks a value is made again and again. */
#include "flows.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "session-store.h"

/* --- values ------------------------------------------------------------------------ */

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

/* --- how long it is good ----------------------------------------------------------- */

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
  expect_no_session(profile);
  credence_request_free(&request);
  credence_profile_free(&profile);
}

/* Store the profile's session once more, as one that is about to end. */
static void let_it_end_soon(const credence_profile *profile)
{
  struct session *session = NULL;
  char *revision = NULL;
  int is_kept = 0;
  credence_error *error = NULL;
  expect_ok(session_load(profile, &session, &revision, &error), &error);
  assert_non_null(session);
  session->expires = clock_now() + INT64_C(3600) * 1000000;
  session->renew = 1;
  expect_ok(session_save(profile, &session, revision, &is_kept, &error), &error);
  assert_true(is_kept);
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

/* --- without a flow ---------------------------------------------------------------- */

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

/* --- a session that lacks a value -------------------------------------------------- */

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
    expect_failure(&flow, CREDENCE_E_FAILED, "its login gave no value");
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
  };
  return cmocka_run_group_tests(tests, start, stop);
}
