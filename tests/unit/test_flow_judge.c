/* SPDX-License-Identifier: BSD-3-Clause */
/* What a flow makes of an answer: once more and no further, the server's clock, and
 * what the error says.  Breaks when a server that says no for ever is asked for ever,
 * when a wrong Date moves the clock, or when a cause is named that it is not. */
#include "flows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SECOND INT64_C(1000000)
#define HOUR 3600
#define DAY (24 * HOUR)
#define CLOCK "{\"verdict\":\"clock\"}"

static credence_profile *profile; /* with the session t1 */
static credence_request *request;
static char date[64];

static int start_with_session(void **state)
{
  (void)start(state);
  add_citizen("judge", NULL);
  profile = open_profile("judge");
  log_in_with(profile, "t1");
  credence_profile_free(&profile);
  return 0;
}

/* A profile object knows the clock: each test has its own. */
static int set_up(void **state)
{
  (void)state;
  profile = open_profile("judge");
  request = build(profile, "GET", "/x");
  return 0;
}

static int tear_down(void **state)
{
  (void)state;
  credence_request_free(&request);
  credence_profile_free(&profile);
  return 0;
}

/* A Date that many seconds from now. */
static const char *date_in(int64_t seconds)
{
  struct tm tm;
  time_t then = time(NULL) + (time_t)seconds;
  assert_non_null(gmtime_r(&then, &tm));
  assert_true(strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", &tm) > 0);
  return date;
}

static void respond_at(credence_flow *flow, int status, const char *body, const char *when)
{
  const char *const headers[] = {"Date", when, NULL};
  respond_with(flow, status, body, headers);
}

/* The attempt has one reading of the clock, that many seconds from now. */
static void expect_time(const credence_flow *flow, int64_t seconds)
{
  const char *text = header_of(flow->request, "X-Time");
  assert_string_equal(header_of(flow->request, "X-Time-Again"), text);
  int64_t wrong = strtoll(text, NULL, 10) - (time(NULL) + seconds) * SECOND;
  assert_in_range(wrong + 30 * SECOND, 0, 60 * SECOND);
}

/* The flow ends with a rejection, and has kept the answer.  remedy may be NULL. */
static void expect_rejection(credence_flow **flow, const char *words, const char *remedy)
{
  credence_error *error = NULL;
  int step = -1;
  int r = credence_flow_step(*flow, &step, &error);
  if (remedy != NULL)
    assert_string_equal(credence_error_remedy(error), remedy);
  expect_error(r, CREDENCE_E_REJECTED, &error, words);
  credence_response *response = credence_flow_take_response(*flow);
  assert_non_null(response);
  assert_true(credence_response_status(response) >= 400);
  credence_response_free(&response);
  credence_flow_free(flow);
}

/* --- no for ever ------------------------------------------------------------------- */

static void one_login_and_two_requests(void **state)
{
  (void)state;
  credence_flow *flow = begin(request);
  expect_send(flow, "t1");
  respond(flow, 401, LOG_IN_AGAIN);
  expect_login(flow, "/login");
  respond(flow, 200, "{\"token\":\"t2\"}");
  expect_send(flow, "t2");
  respond(flow, 401, LOG_IN_AGAIN);
  expect_rejection(&flow, "https://a.example answered 401: it does not accept the session", NULL);
}

static void a_new_session_is_not_renewed(void **state)
{
  credence_error *error = NULL;
  (void)state;
  expect_ok(credence_profile_logout(profile, NULL, &error), &error);
  credence_flow *flow = begin(request);
  expect_login(flow, "/login");
  respond(flow, 200, "{\"token\":\"t1\"}");
  expect_send(flow, "t1");
  respond(flow, 401, "{\"verdict\":\"log in again\",\"words\":\"no such account\"}");
  expect_rejection(&flow, "provider login-citizen: no such account", NULL);
}

static void two_signatures(void **state)
{
  (void)state;
  credence_flow *flow = begin(request);
  expect_step(flow, CREDENCE_STEP_SEND);
  respond(flow, 400, SIGN_AGAIN);
  expect_step(flow, CREDENCE_STEP_SEND);
  respond(flow, 400, SIGN_AGAIN);
  expect_rejection(&flow, "answered 400: again it wants another signature", NULL);
}

/* Each reason counts for itself, and then there is no other. */
static void each_reason_once(void **state)
{
  static const char *const reasons[] = {LOG_IN_AGAIN, SIGN_AGAIN, CLOCK};
  (void)state;
  for (size_t last = 0; last < 3; last++) {
    credence_flow *flow = begin(request);
    atomic_store(&profile->skew, 0);
    expect_step(flow, CREDENCE_STEP_SEND);
    respond(flow, 401, LOG_IN_AGAIN);
    expect_login(flow, "/login");
    respond(flow, 200, last == 1 ? "{\"token\":\"t3\"}" : "{\"token\":\"t2\"}");
    expect_step(flow, CREDENCE_STEP_SEND);
    respond_at(flow, 401, CLOCK, date_in(HOUR));
    expect_step(flow, CREDENCE_STEP_SEND);
    expect_time(flow, HOUR);
    respond(flow, 401, SIGN_AGAIN);
    expect_step(flow, CREDENCE_STEP_SEND);
    expect_time(flow, HOUR);
    respond_at(flow, 401, reasons[last], date_in(-HOUR));
    expect_rejection(&flow, "answered 401", NULL);
    assert_int_equal(atomic_load(&profile->skew), 0);
  }
}

static void a_verdict_that_is_none(void **state)
{
  (void)state;
  credence_flow *flow = begin(request);
  expect_step(flow, CREDENCE_STEP_SEND);
  respond(flow, 200, "{\"verdict\":\"maybe\"}");
  expect_failure(&flow, CREDENCE_E_MALFORMED, "provider login-citizen: ");
}

/* --- the clock --------------------------------------------------------------------- */

static void the_servers_clock_is_taken(void **state)
{
  static const int64_t offsets[] = {600, -600, 5, 23 * HOUR, -23 * HOUR};
  (void)state;
  for (size_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
    atomic_store(&profile->skew, 0);
    credence_flow *flow = begin(request);
    expect_step(flow, CREDENCE_STEP_SEND);
    expect_time(flow, 0);
    respond_at(flow, 403, CLOCK, date_in(offsets[i]));
    expect_step(flow, CREDENCE_STEP_SEND);
    expect_time(flow, offsets[i]);
    respond(flow, 200, "");
    expect_done(&flow, 200);
    flow = begin(request); /* it was learnt */
    expect_step(flow, CREDENCE_STEP_SEND);
    expect_time(flow, offsets[i]);
    credence_flow_free(&flow);
  }
}

/* A second correction starts from the first. */
static void the_clock_is_corrected_anew(void **state)
{
  static const int64_t offsets[] = {HOUR, 2 * HOUR, 0, -HOUR};
  (void)state;
  for (size_t i = 0; i < 4; i++) {
    credence_flow *flow = begin(request);
    expect_step(flow, CREDENCE_STEP_SEND);
    expect_time(flow, i == 0 ? 0 : offsets[i - 1]);
    respond_at(flow, 403, CLOCK, date_in(offsets[i]));
    expect_step(flow, CREDENCE_STEP_SEND);
    expect_time(flow, offsets[i]);
    respond(flow, 200, "");
    expect_done(&flow, 200);
  }
}

static void expect_clock_kept(const char *const *headers, const char *words)
{
  credence_flow *flow = begin(request);
  expect_step(flow, CREDENCE_STEP_SEND);
  respond_with(flow, 401, CLOCK, headers);
  expect_rejection(&flow, words, NULL);
  assert_int_equal(atomic_load(&profile->skew), 0);
}

static void dates_that_do_not_help(void **state)
{
  static const char *const dates[] = {"Thu, 01 Jan 1970 00:00:00 GMT",
                                      "Thu, 31 Dec 2099 23:59:59 GMT",
                                      "Fri, 31 Dec 9999 23:59:59 GMT",
                                      "",
                                      "tomorrow",
                                      "1700000000",
                                      "Thu, 99 Jan 2030 00:00:00 GMT",
                                      "\xff\xfe"};
  const char *const none[] = {"Server", "x", NULL};
  (void)state;
  for (size_t i = 0; i < sizeof(dates) / sizeof(dates[0]); i++) {
    const char *const headers[] = {"Date", dates[i], NULL};
    expect_clock_kept(headers, "it does not accept the time of the request");
  }
  const char *const cached[] = {"date", date_in(600), "AGE", "0", NULL};
  expect_clock_kept(cached, "it does not accept the time of the request");
  expect_clock_kept(none, "it does not accept the time of the request");
  expect_clock_kept(NULL, "it does not accept the time of the request");
  const char *const far[] = {"Date", date_in(DAY + HOUR), NULL};
  expect_clock_kept(far, "it does not accept the time of the request");
  const char *const long_ago[] = {"Date", date_in(-DAY - HOUR), NULL};
  expect_clock_kept(long_ago, "it does not accept the time of the request");
  const char *const same[] = {"Date", date_in(0), NULL};
  expect_clock_kept(same, "although the clocks agree");
}

/* Wrong again with the server's own clock: it was not the clock. */
static void a_clock_that_did_not_help_is_taken_back(void **state)
{
  (void)state;
  atomic_store(&profile->skew, 7000);
  credence_flow *flow = begin(request);
  expect_step(flow, CREDENCE_STEP_SEND);
  respond_at(flow, 401, CLOCK, date_in(HOUR));
  expect_step(flow, CREDENCE_STEP_SEND);
  expect_time(flow, HOUR);
  respond_at(flow, 401, "{\"verdict\":\"clock\",\"words\":\"too old\"}", date_in(HOUR));
  expect_rejection(&flow, "provider login-citizen: too old", NULL);
  assert_int_equal(atomic_load(&profile->skew), 7000);
}

static void a_time_that_was_given_stays(void **state)
{
  credence_error *error = NULL;
  (void)state;
  expect_ok(credence_request_set_time(request, 5 * SECOND, &error), &error);
  credence_flow *flow = begin(request);
  expect_step(flow, CREDENCE_STEP_SEND);
  assert_string_equal(header_of(request, "X-Time"), "5000000");
  respond_at(flow, 401, SIGN_AGAIN, date_in(600));
  expect_step(flow, CREDENCE_STEP_SEND);
  assert_string_equal(header_of(request, "X-Time"), "5000000");
  respond_at(flow, 401, CLOCK, date_in(600));
  expect_rejection(&flow, "it does not accept the time of the request", "the time was given: sign as of now");
  assert_int_equal(atomic_load(&profile->skew), 0);
}

/* --- what the error says ----------------------------------------------------------- */

struct cause {
  int status;
  int64_t offset; /* of the Date; 0: there is none */
  const char *words;
  const char *remedy;
};

static const struct cause causes[] = {
    {401, 12 * 60 + 20, "https://a.example answered 401: it does not accept the credential of profile judge",
     "this machine's clock is 12 minutes behind the server's: set it"},
    {401, -5 * HOUR - 60, "answered 401", "this machine's clock is 5 hours ahead of the server's: set it"},
    {401, 3 * DAY + HOUR, "answered 401", "this machine's clock is 3 days behind the server's: set it"},
    {401, 0, "answered 401", "are key and secret right, and this machine's clock?"},
    {401, 10, "answered 401",
     "is it the right account and endpoint? credence login judge gets a new session"},
    {403, 0, "https://a.example answered 403: it does not let profile judge do this",
     "are key and secret right, and does the account have the permission?"},
};

static void the_likely_cause(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof(causes) / sizeof(causes[0]); i++) {
    const struct cause *cause = &causes[i];
    credence_flow *flow = begin(request);
    expect_step(flow, CREDENCE_STEP_SEND);
    if (cause->offset == 0)
      respond(flow, cause->status, "");
    else
      respond_at(flow, cause->status, "", date_in(cause->offset));
    expect_rejection(&flow, cause->words, cause->remedy);
  }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
  const struct CMUnitTest tests[] = {
      TEST(one_login_and_two_requests),
      TEST(a_new_session_is_not_renewed),
      TEST(two_signatures),
      TEST(each_reason_once),
      TEST(a_verdict_that_is_none),
      TEST(the_servers_clock_is_taken),
      TEST(the_clock_is_corrected_anew),
      TEST(dates_that_do_not_help),
      TEST(a_clock_that_did_not_help_is_taken_back),
      TEST(a_time_that_was_given_stays),
      TEST(the_likely_cause),
  };
  return cmocka_run_group_tests(tests, start_with_session, stop);
}
