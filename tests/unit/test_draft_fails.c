/* SPDX-License-Identifier: BSD-3-Clause */
/* Changes to profiles that fail half way, with the real file keyring.  Breaks when
 * a file is left without its secrets, or secrets without their file. */
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

static void a_profile_that_went_away(void **state)
{
  credence_error *error = NULL;
  (void)state;
  add("lab");
  credence_draft *draft = load("lab");
  set_secret(draft, "second secret");
  expect_ok(credence_profile_remove(NULL, "lab", &error), &error);
  expect_error(credence_draft_save(draft, &error), CREDENCE_E_NOT_FOUND, &error, "no profile lab");
  credence_draft_free(&draft);
  expect_secret("lab", NULL);
}

/* Put a file in the place of the profiles' folder after the draft was loaded, so
 * that writing fails whoever runs the tests: mkstemp() cannot make a file in it. */
static void fail_while_writing(const char *words, credence_draft **draft)
{
  credence_error *error = NULL;
  char moved[600];
  snprintf(moved, sizeof(moved), "%s", sandbox_path(&sandbox, "moved"));
  assert_int_equal(rename(sandbox_path(&sandbox, PROFILES), moved), 0);
  sandbox_write(&sandbox, PROFILES, "a file, not a folder");
  int r = credence_draft_save(*draft, &error);
  assert_true(r < 0);
  expect_error(r, r, &error, words);
  credence_draft_free(draft);
  assert_int_equal(unlink(sandbox_path(&sandbox, PROFILES)), 0);
  assert_int_equal(rename(moved, sandbox_path(&sandbox, PROFILES)), 0);
}

static void a_new_profile_that_cannot_be_written_leaves_no_secret(void **state)
{
  credence_draft *draft = NULL;
  credence_error *error = NULL;
  (void)state;
  add("other"); /* so that the folder and the keyring are there */
  expect_ok(credence_draft_new(NULL, "lab", "6connect", &draft, &error), &error);
  set_field(draft, "api_key", "K-1");
  set_secret(draft, "first secret");
  expect_ok(credence_draft_set_endpoint(draft, ENDPOINT, &error), &error);
  expect_ok(credence_draft_set_keyring(draft, "file", &error), &error);
  fail_while_writing(PROFILES, &draft);
  expect_secret("lab", NULL);
  expect_secret("other", "first secret");
}

/* Too large a file, which shows only when the keyring has its new secret. */
static void a_change_that_cannot_be_written_changes_no_secret(void **state)
{
  credence_error *error = NULL;
  char rule[146] = "GET /";
  (void)state;
  add("lab");
  credence_draft *draft = load("lab");
  set_secret(draft, "second secret");
  set_field(draft, "api_key", "K-2");
  memset(rule + 5, 'x', 140);
  for (int i = 0; i < 500; i++)
    expect_ok(credence_draft_add_allow(draft, rule, &error), &error);
  expect_error(credence_draft_save(draft, &error), CREDENCE_E_TOO_LARGE, &error, "too large");
  credence_draft_free(&draft);
  expect_secret("lab", "first secret");
  expect_setting("lab", "6connect", "api_key", "K-1");
}

static void a_keyring_that_refuses(void **state)
{
  credence_context *context = NULL;
  credence_draft *draft = NULL;
  credence_error *error = NULL;
  (void)state;
  add("other");
  sandbox_write(&sandbox, "passphrase", "wrong\n");
  expect_ok(credence_context_new(&context, &error), &error); /* NULL remembers the right one */
  credence_context_set_timeout(context, 60000);
  expect_ok(credence_draft_new(context, "lab", "6connect", &draft, &error), &error);
  set_field(draft, "api_key", "K-1");
  set_secret(draft, "first secret");
  expect_ok(credence_draft_set_endpoint(draft, ENDPOINT, &error), &error);
  expect_ok(credence_draft_set_keyring(draft, "file", &error), &error);
  expect_error(credence_draft_save(draft, &error), CREDENCE_E_LOCKED, &error, "keyring file: ");
  credence_draft_free(&draft);
  assert_int_equal(access(sandbox_path(&sandbox, PROFILES "/lab.conf"), F_OK), -1);
  expect_ok(credence_draft_load(context, "other", &draft, &error), &error);
  set_field(draft, "api_key", "K-2");
  set_secret(draft, "second secret");
  expect_error(credence_draft_save(draft, &error), CREDENCE_E_LOCKED, &error, "keyring file: ");
  credence_draft_free(&draft);
  credence_context_free(&context);
  expect_setting("other", "6connect", "api_key", "K-1");
  expect_secret("lab", NULL);
  expect_secret("other", "first secret");
}

static void a_keyring_that_is_not_there(void **state)
{
  credence_draft *draft = NULL;
  credence_error *error = NULL;
  (void)state;
  expect_ok(credence_draft_new(NULL, "lab", "6connect", &draft, &error), &error);
  set_field(draft, "api_key", "K-1");
  set_secret(draft, "first secret");
  expect_ok(credence_draft_set_endpoint(draft, ENDPOINT, &error), &error);
  expect_error(credence_draft_save(draft, &error), CREDENCE_E_NO_KEYRING, &error,
               "secret-service"); /* no bus here */
  expect_ok(credence_draft_set_keyring(draft, "nonesuch", &error), &error);
  expect_error(credence_draft_save(draft, &error), CREDENCE_E_NO_KEYRING, &error, "no keyring nonesuch");
  expect_error(credence_draft_set_keyring(draft, "../file", &error), CREDENCE_E_INVALID, &error,
               "name of a keyring");
  credence_draft_free(&draft);
  assert_int_equal(access(sandbox_path(&sandbox, PROFILES "/lab.conf"), F_OK), -1);
}

/* A damaged record: what is there is kept until all of it is replaced. */
static void a_damaged_record_can_be_replaced(void **state)
{
  struct keyring *keyring = NULL;
  credence_profile *profile = NULL;
  credence_error *error = NULL;
  (void)state;
  add("lab");
  expect_ok(keyring_open(context_or_default(NULL), "file", NULL, &keyring, &error), &error);
  expect_ok(keyring_put(keyring, "lab", "credential", "l", "c1:@@@", NULL, &error), &error);
  keyring_close(&keyring);
  expect_ok(credence_profile_open(NULL, "lab", &profile, &error), &error);
  expect_error(credence_profile_unlock(profile, &error), CREDENCE_E_CORRUPT, &error, "not a Credence record");
  credence_profile_free(&profile);
  credence_draft *draft = load("lab");
  set_secret(draft, "second secret"); /* which is what the error says to do */
  save(&draft);
  expect_secret("lab", "second secret");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(a_profile_that_went_away, start, stop),
      cmocka_unit_test_setup_teardown(a_new_profile_that_cannot_be_written_leaves_no_secret, start, stop),
      cmocka_unit_test_setup_teardown(a_change_that_cannot_be_written_changes_no_secret, start, stop),
      cmocka_unit_test_setup_teardown(a_keyring_that_refuses, start, stop),
      cmocka_unit_test_setup_teardown(a_keyring_that_is_not_there, start, stop),
      cmocka_unit_test_setup_teardown(a_damaged_record_can_be_replaced, start, stop),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
