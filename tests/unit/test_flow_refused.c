/* SPDX-License-Identifier: BSD-3-Clause */
/* A login that was refused, and logging out: what is remembered, in the file and in the
 * program, and what is not; also where the profile stores no secret.  Breaks when a
 * wrong password is sent twice by itself, or when trouble passes for a refusal. */
#include "flows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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
  expect_no_session(profile);
  credence_profile_free(&profile);
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
  expect_no_session(profile);
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

/* --- logging out ------------------------------------------------------------------- */

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
  expect_no_session(profile);
  expect_ok(credence_profile_logout(profile, &held, &error), &error);
  assert_int_equal(held, 0);
  credence_profile_free(&profile);
  profile = open_profile("logout");
  expect_no_session(profile);
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
  expect_no_session(profile);
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

/* --- a provider that stores no secret ---------------------------------------------- */

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

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_refusal_is_remembered),
      cmocka_unit_test(a_refusal_counts_in_the_program),
      cmocka_unit_test(somebody_may_try_again),
      cmocka_unit_test(a_refusal_in_many_words),
      cmocka_unit_test(a_refusal_that_repeats_the_password),
      cmocka_unit_test(a_refusal_that_could_not_be_kept),
      cmocka_unit_test(trouble_is_no_refusal),
      cmocka_unit_test(logging_out),
      cmocka_unit_test(logging_out_during_a_login),
      cmocka_unit_test(logging_out_forgets_no_refusal),
      cmocka_unit_test(a_session_without_a_secret_is_shared),
      cmocka_unit_test(without_a_secret_the_settings_count),
      cmocka_unit_test(without_a_secret_the_origin_counts),
  };
  return cmocka_run_group_tests(tests, start, stop);
}
