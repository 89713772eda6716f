/* SPDX-License-Identifier: BSD-3-Clause */
/* Making and changing profiles, with the real file keyring.  Breaks when one of
 * two people who change a profile at once loses what they did. */
#include "drafts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keyring.h"
#include "paths.h"
#include "record.h"
#include "secret.h"

static void a_new_profile(void **state)
{
  credence_draft *draft = NULL;
  credence_error *error = NULL;
  const char *label = NULL;
  unsigned flags = 0;
  struct stat st;
  (void)state;
  expect_ok(credence_draft_new(NULL, "lab", "6connect", &draft, &error), &error);
  assert_string_equal(credence_draft_missing(draft, 0, &label, &flags), "api_key");
  assert_string_equal(label, "API key");
  assert_string_equal(credence_draft_missing(draft, 1, &label, &flags), "secret_key");
  assert_true(flags & CREDENCE_FIELD_SECRET);
  assert_null(credence_draft_missing(draft, 2, &label, &flags));
  expect_error(credence_draft_save(draft, &error), CREDENCE_E_INVALID, &error, "lacks api_key");
  set_field(draft, "api_key", "K-1");
  set_secret(draft, "first secret");
  expect_error(credence_draft_save(draft, &error), CREDENCE_E_INVALID, &error, "endpoint");
  expect_ok(credence_draft_set_endpoint(draft, "https://A.Example/Api", &error), &error);
  expect_ok(credence_draft_set_keyring(draft, "file", &error), &error);
  expect_ok(credence_draft_add_allow(draft, "GET /Api*", &error), &error);
  assert_int_equal(access(sandbox_path(&sandbox, PROFILES "/lab.conf"), F_OK), -1); /* nothing before save */
  save(&draft);
  char *text = sandbox_read(&sandbox, PROFILES "/lab.conf");
  assert_null(strstr(text, "secret ")); /* "first secret" */
  assert_non_null(strstr(text, "endpoint = https://a.example/Api\n"));
  assert_non_null(strstr(text, "allow = GET /Api*\n"));
  assert_non_null(strstr(text, "[6connect]\napi_key = K-1\n"));
  free(text);
  assert_int_equal(stat(sandbox_path(&sandbox, PROFILES "/lab.conf"), &st), 0);
  assert_int_equal(st.st_mode & 077, 0);
  expect_secret("lab", "first secret");
}

static void names_that_are_taken(void **state)
{
  credence_draft *early = NULL;
  credence_draft *late = NULL;
  credence_error *error = NULL;
  (void)state;
  expect_ok(credence_draft_new(NULL, "lab", "6connect", &early, &error), &error);
  set_field(early, "api_key", "K-2");
  set_secret(early, "second secret");
  expect_ok(credence_draft_set_endpoint(early, ENDPOINT, &error), &error);
  expect_ok(credence_draft_set_keyring(early, "file", &error), &error);
  add("lab"); /* somebody else is quicker */
  expect_error(credence_draft_save(early, &error), CREDENCE_E_CONFLICT, &error,
               "there is a profile lab already");
  credence_draft_free(&early);
  expect_error(credence_draft_new(NULL, "lab", "6connect", &late, &error), CREDENCE_E_CONFLICT, &error,
               "already");
  expect_setting("lab", "6connect", "api_key", "K-1");
  expect_secret("lab", "first secret");
}

static void changes_of_two_people_both_survive(void **state)
{
  (void)state;
  add("lab");
  credence_draft *one = load("lab");
  credence_draft *two = load("lab");
  credence_error *error = NULL;
  set_field(one, "api_key", "K-2");
  set_field(one, "key_parameter", "k");
  expect_ok(credence_draft_add_allow(one, "GET /one", &error), &error);
  set_field(two, "hash_parameter", "h");
  set_secret(two, "second secret");
  expect_ok(credence_draft_add_allow(two, "GET /two", &error), &error);
  save(&one);
  save(&two);
  expect_setting("lab", "6connect", "api_key", "K-2");
  expect_setting("lab", "6connect", "key_parameter", "k");
  expect_setting("lab", "6connect", "hash_parameter", "h");
  expect_secret("lab", "second secret");
  credence_profile *profile = NULL;
  expect_ok(credence_profile_open(NULL, "lab", &profile, &error), &error);
  assert_string_equal(credence_profile_allow(profile, 0), "GET /one");
  assert_string_equal(credence_profile_allow(profile, 1), "GET /two");
  credence_profile_free(&profile);
}

static void who_saves_last_wins_a_field(void **state)
{
  (void)state;
  add("lab");
  credence_draft *one = load("lab");
  credence_draft *two = load("lab");
  set_field(one, "api_key", "K-2");
  set_field(two, "api_key", "K-3");
  set_field(two, "key_parameter", NULL); /* was not there: fine */
  save(&one);
  save(&two);
  expect_setting("lab", "6connect", "api_key", "K-3");
  expect_setting("lab", "6connect", "key_parameter", NULL);
}

static void nothing_is_left_lying_about(void **state)
{
  char **names = NULL;
  struct name_list list = {NULL, 0};
  credence_error *error = NULL;
  (void)state;
  add("lab");
  credence_draft *draft = load("lab");
  set_field(draft, "api_key", "K-2");
  save(&draft);
  expect_ok(list_folder(&list, sandbox_path(&sandbox, PROFILES), ".conf", &error), &error);
  assert_int_equal(list.count, 1);
  list_free(&list);
  expect_ok(credence_profile_list(NULL, &names, &error), &error);
  credence_strings_free(&names);
  assert_int_equal(remove(sandbox_path(&sandbox, PROFILES "/lab.conf")), 0);
  assert_int_equal(rmdir(sandbox_path(&sandbox, PROFILES)), 0); /* empty but for it */
}

static void fields(void **state)
{
  credence_draft *draft = NULL;
  credence_error *error = NULL;
  (void)state;
  add("lab");
  draft = load("lab");
  expect_error(credence_draft_set_field(draft, "none", "x", &error), CREDENCE_E_NOT_FOUND, &error,
               "no field none");
  expect_error(credence_draft_set_field(draft, "secret_key", "x", &error), CREDENCE_E_INVALID, &error,
               "is a secret");
  expect_error(credence_draft_set_field(draft, "api_key", "a b", &error), CREDENCE_E_INVALID, &error,
               "api_key");
  expect_error(credence_draft_set_field(draft, "api_key", "a\nb", &error), CREDENCE_E_INVALID, &error,
               "api_key");
  expect_error(credence_draft_set_secret(draft, "api_key", "x", 1, &error), CREDENCE_E_INVALID, &error,
               "not a secret");
  expect_error(credence_draft_set_secret(draft, "secret_key", "", 0, &error), CREDENCE_E_INVALID, &error,
               "empty");
  expect_error(credence_draft_set_secret(draft, "secret_key", "x", 32769, &error), CREDENCE_E_INVALID, &error,
               "long");
  expect_error(credence_draft_set_keyring(draft, "file", &error), CREDENCE_E_REFUSED, &error,
               "cannot be changed");
  expect_error(credence_draft_set_endpoint(draft, "https://u@a/", &error), CREDENCE_E_REFUSED, &error,
               "user name");
  expect_error(credence_draft_add_allow(draft, "nonsense", &error), CREDENCE_E_INVALID, &error, "not a rule");
  set_field(draft, "6connect.api_key", "K-9");
  set_field(draft, "key_parameter", "k");
  save(&draft);
  expect_setting("lab", "6connect", "api_key", "K-9");
  draft = load("lab");
  set_field(draft, "key_parameter", NULL); /* takes it away */
  save(&draft);
  expect_setting("lab", "6connect", "key_parameter", NULL);
}

static void fields_that_two_providers_share(void **state)
{
  credence_draft *draft = NULL;
  credence_error *error = NULL;
  (void)state;
  sandbox_profile(&sandbox, "two",
                  "[profile]\nstack = 6connect packetfabric-legacy\nendpoint = https://a.example/\n"
                  "keyring = file\n");
  draft = load("two");
  expect_error(credence_draft_set_field(draft, "api_key", "K", &error), CREDENCE_E_AMBIGUOUS, &error,
               "more than one");
  set_field(draft, "packetfabric-legacy.api_key", "K-2");
  set_field(draft, "6connect.api_key", "K-1");
  expect_ok(credence_draft_set_secret(draft, "6connect.secret_key", "s1", 2, &error), &error);
  save(&draft);
  expect_setting("two", "6connect", "api_key", "K-1");
  expect_setting("two", "packetfabric-legacy", "api_key", "K-2");
  expect_secret("two", "s1");
}

static void removing(void **state)
{
  credence_error *error = NULL;
  (void)state;
  add("lab");
  expect_error(credence_profile_remove(NULL, "none", &error), CREDENCE_E_NOT_FOUND, &error,
               "no profile none");
  expect_ok(credence_profile_remove(NULL, "lab", &error), &error);
  assert_int_equal(access(sandbox_path(&sandbox, PROFILES "/lab.conf"), F_OK), -1);
  expect_secret("lab", NULL);
  expect_error(credence_profile_remove(NULL, "lab", &error), CREDENCE_E_NOT_FOUND, &error, "no profile lab");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(a_new_profile, start, stop),
      cmocka_unit_test_setup_teardown(names_that_are_taken, start, stop),
      cmocka_unit_test_setup_teardown(changes_of_two_people_both_survive, start, stop),
      cmocka_unit_test_setup_teardown(who_saves_last_wins_a_field, start, stop),
      cmocka_unit_test_setup_teardown(nothing_is_left_lying_about, start, stop),
      cmocka_unit_test_setup_teardown(fields, start, stop),
      cmocka_unit_test_setup_teardown(fields_that_two_providers_share, start, stop),
      cmocka_unit_test_setup_teardown(removing, start, stop),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
