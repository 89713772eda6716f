/* SPDX-License-Identifier: BSD-3-Clause */
/* What is known of a login without the keyring.  Breaks when a refusal is not there
 * any more when it is read back, for then a wrong password is sent again. */
#include "testing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "login-state.h"

#define PLACE ".local/state/credence/logins/api"

static struct sandbox sandbox;

static int start(void **state)
{
  (void)state;
  sandbox_open(&sandbox);
  return 0;
}

static int stop(void **state)
{
  (void)state;
  sandbox_close(&sandbox);
  return 0;
}

static void write_state(const struct login_state *state)
{
  credence_error *error = NULL;
  expect_ok(login_state_write("api", state, &error), &error);
}

static void expect_empty(int is_unreadable)
{
  struct login_state state;
  memset(&state, 0xa5, sizeof(state));
  login_state_read("api", &state);
  assert_int_equal(state.is_unreadable, is_unreadable);
  assert_int_equal(state.has_session, 0);
  assert_int_equal(state.expires, 0);
  assert_int_equal(state.refused, 0);
  assert_string_equal(state.fingerprint, "");
  assert_string_equal(state.message, "");
}

static void expect_nothing(void)
{
  expect_empty(0);
}

/* There may have been a refusal. */
static void expect_unreadable(void)
{
  expect_empty(1);
}

static struct login_state refusal(const char *message)
{
  struct login_state state = {.refused = 1700000000000000};
  memset(state.fingerprint, 'f', FINGERPRINT_SIZE - 1);
  snprintf(state.message, sizeof(state.message), "%s", message);
  return state;
}

static void nothing_yet(void **state)
{
  (void)state;
  expect_nothing();
  login_state_remove("api");
  expect_nothing();
}

static void a_session_comes_back(void **state)
{
  static const int64_t ends[] = {0, 1, 1700000000000000, INT64_MAX};
  struct login_state found;
  (void)state;
  for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
    const struct login_state written = {.has_session = 1, .expires = ends[i]};
    write_state(&written);
    login_state_read("api", &found);
    assert_int_equal(found.has_session, 1);
    assert_int_equal(found.expires, ends[i]);
    assert_int_equal(found.refused, 0);
  }
  login_state_remove("api");
  expect_nothing();
}

/* Whatever the server said, the refusal stays one; the file is a line each. */
static void expect_refusal(const char *message)
{
  const struct login_state written = refusal(message);
  struct login_state found;
  write_state(&written);
  login_state_read("api", &found);
  if (found.refused == 0)
    print_error("forgotten: %s\n", message);
  assert_int_equal(found.refused, written.refused);
  assert_int_equal(found.has_session, 0);
  assert_string_equal(found.fingerprint, written.fingerprint);
}

static void a_refusal_comes_back(void **state)
{
  static const char *const messages[] = {
      "",
      " ",
      "wrong password",
      "a = b",
      "[login]",
      "refused = 0",
      "; no",
      "no ; no",
      "# no",
      "no\nrefused = 0",
      "  in front and behind  ",
      "tab\there",
      "\x7f\x01\x1b[31m",
      "\xc3\xa9\xe6\xbc\xa2\xf0\x9f\x98\x80",
      "=",
      "\\",
  };
  (void)state;
  for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++)
    expect_refusal(messages[i]);
}

/* Where the message is cut there may stand a character of several bytes. */
static void long_messages_come_back(void **state)
{
  static const char *const characters[] = {"x", "\xc3\xa9", "\xe6\xbc\xa2", "\xf0\x9f\x98\x80"};
  (void)state;
  for (size_t i = 0; i < 4; i++)
    for (size_t before = 0; before < 4; before++) {
      char message[300] = "";
      memset(message, 'x', before);
      while (strlen(message) < 200)
        strcat(message, characters[i]);
      expect_refusal(message);
    }
}

static void the_words_come_back(void **state)
{
  const struct login_state written = refusal("the password is wrong: two tries left");
  struct login_state found;
  (void)state;
  write_state(&written);
  login_state_read("api", &found);
  assert_non_null(strstr(found.message, written.message));
}

static void what_says_nothing(void **state)
{
  static const char *const texts[] = {"[login]\n", "[login]\nsession = maybe\n",
                                      "[login]\nlater = addition\n"};
  (void)state;
  for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
    sandbox_write(&sandbox, PLACE, texts[i]);
    expect_nothing();
  }
}

static void what_cannot_be_read(void **state)
{
  static const char *const texts[] = {"",
                                      "refused",
                                      "[login]\nrefused = 1\nnonsense\n",
                                      "\xff\n",
                                      "\x01",
                                      "[login]\nrefused = -1\n",
                                      "[login]\nrefused = 1x\n",
                                      "[login]\nrefused = 99999999999999999999999\n",
                                      "[other]\nrefused = 1\n"};
  (void)state;
  for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
    sandbox_write(&sandbox, PLACE, texts[i]);
    expect_unreadable();
  }
}

/* A folder or a file that is open to others is no reason to forget a refusal. */
static void what_others_can_write_counts(void **state)
{
  const struct login_state written = refusal("no");
  struct login_state found;
  (void)state;
  write_state(&written);
  assert_int_equal(chmod(sandbox_path(&sandbox, PLACE), 0666), 0);
  assert_int_equal(chmod(sandbox_path(&sandbox, ".local/state/credence/logins"), 0777), 0);
  login_state_read("api", &found);
  assert_int_equal(found.refused, written.refused);
  assert_int_equal(chmod(sandbox_path(&sandbox, ".local/state/credence/logins"), 0700), 0);
  login_state_remove("api");
}

/* Neither is followed, waited for, or removed along with the state. */
static void what_is_no_file(void **state)
{
  (void)state;
  sandbox_write(&sandbox, "elsewhere", "[login]\nsession = yes\n");
  assert_int_equal(symlink(sandbox_path(&sandbox, "elsewhere"), sandbox_path(&sandbox, PLACE)), 0);
  expect_unreadable();
  login_state_remove("api");
  assert_int_equal(access(sandbox_path(&sandbox, "elsewhere"), F_OK), 0);
  assert_int_equal(mkfifo(sandbox_path(&sandbox, PLACE), 0600), 0);
  expect_unreadable();
  assert_int_equal(unlink(sandbox_path(&sandbox, PLACE)), 0);
  assert_int_equal(mkdir(sandbox_path(&sandbox, PLACE), 0700), 0);
  expect_unreadable();
  assert_int_equal(rmdir(sandbox_path(&sandbox, PLACE)), 0);
}

static void the_file_is_for_the_user_alone(void **state)
{
  const struct login_state written = {.has_session = 1};
  struct stat st;
  (void)state;
  write_state(&written);
  assert_int_equal(stat(sandbox_path(&sandbox, PLACE), &st), 0);
  assert_int_equal(st.st_mode & 077, 0);
  assert_int_equal(stat(sandbox_path(&sandbox, ".local/state/credence/logins"), &st), 0);
  assert_int_equal(st.st_mode & 077, 0);
}

static void without_a_home(void **state)
{
  const struct login_state written = {.has_session = 1};
  credence_error *error = NULL;
  (void)state;
  assert_int_equal(unsetenv("HOME"), 0);
  expect_nothing();
  login_state_remove("api");
  expect_error(login_state_write("api", &written, &error), CREDENCE_E_FAILED, &error, "no folder for logins");
  assert_int_equal(setenv("HOME", sandbox.root, 1), 0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(nothing_yet),          cmocka_unit_test(a_session_comes_back),
      cmocka_unit_test(a_refusal_comes_back), cmocka_unit_test(long_messages_come_back),
      cmocka_unit_test(the_words_come_back),  cmocka_unit_test(what_says_nothing),
      cmocka_unit_test(what_cannot_be_read),  cmocka_unit_test(what_others_can_write_counts),
      cmocka_unit_test(what_is_no_file),      cmocka_unit_test(the_file_is_for_the_user_alone),
      cmocka_unit_test(without_a_home),
  };
  return cmocka_run_group_tests(tests, start, stop);
}
