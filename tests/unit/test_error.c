/* SPDX-License-Identifier: BSD-3-Clause */
/* Errors.  Breaks when text from a server or a file reaches a terminal as
 * control characters, when a cut splits a character, or when a code has no
 * word. */
#include "testing.h"

#include <stdio.h>
#include <string.h>

#include "encode.h"
#include "error.h"

static void no_error(void **state)
{
  (void)state;
  assert_int_equal(credence_error_code(NULL), CREDENCE_OK);
  assert_string_equal(credence_error_message(NULL), "");
  assert_string_equal(credence_error_remedy(NULL), "");
  credence_error *none = NULL;
  credence_error_free(&none);
  credence_error_free(NULL);
}

static void null_pointer_takes_no_error(void **state)
{
  (void)state;
  assert_int_equal(error_set(NULL, CREDENCE_E_LOCKED, "r", "%s", "m"), CREDENCE_E_LOCKED);
  assert_int_equal(error_nomem(NULL), CREDENCE_E_NOMEM);
}

static void code_message_remedy(void **state)
{
  credence_error *error = NULL;
  (void)state;
  assert_int_equal(error_set(&error, CREDENCE_E_LOCKED, "unlock it", "keyring %s: locked", "file"),
                   CREDENCE_E_LOCKED);
  assert_int_equal(credence_error_code(error), CREDENCE_E_LOCKED);
  assert_string_equal(credence_error_message(error), "keyring file: locked");
  assert_string_equal(credence_error_remedy(error), "unlock it");
  credence_error_free(&error);
  assert_null(error);
}

static void a_new_error_may_quote_the_old(void **state)
{
  credence_error *error = NULL;
  (void)state;
  (void)error_set(&error, CREDENCE_E_FAILED, "old remedy", "old");
  (void)error_set(&error, CREDENCE_E_INVALID, credence_error_remedy(error), "new: %s",
                  credence_error_message(error));
  assert_int_equal(credence_error_code(error), CREDENCE_E_INVALID);
  assert_string_equal(credence_error_message(error), "new: old");
  assert_string_equal(credence_error_remedy(error), "old remedy");
  (void)error_set(&error, CREDENCE_E_FAILED, NULL, "third");
  assert_string_equal(credence_error_remedy(error), "");
  credence_error_free(&error);
}

static void expect_escaped(const char *text, const char *wanted)
{
  credence_error *error = NULL;
  (void)error_set(&error, CREDENCE_E_FAILED, text, "%s", text);
  assert_string_equal(credence_error_message(error), wanted);
  assert_string_equal(credence_error_remedy(error), wanted);
  credence_error_free(&error);
}

static void control_characters_are_escaped(void **state)
{
  (void)state;
  expect_escaped("a\nb", "a\\x0ab");
  expect_escaped("\x1b[2J", "\\x1b[2J");
  expect_escaped("\r\t\x7f", "\\x0d\\x09\\x7f");
  expect_escaped("h\xc3\xa9\xf0\x9f\x98\x80", "h\xc3\xa9\xf0\x9f\x98\x80");
  expect_escaped("\xc2\x9b"
                 "2J",
                 "\\xc2\\x9b2J"); /* C1 */
  expect_escaped("\xff\xe9t\xe9", "\\xff\\xe9t\\xe9");
  expect_escaped("\xed\xa0\x80", "\\xed\\xa0\\x80"); /* a surrogate */
  expect_escaped("\xe2\x82", "\\xe2\\x82");          /* cut short */
}

/* Texts of one kind of character that are longer than fits, shifted so that the
 * end falls on each place within the character. */
static void cut_between_characters(void **state)
{
  static const char *const characters[] = {"a", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80"};
  char text[6000];
  (void)state;
  for (size_t kind = 0; kind < 4; kind++)
    for (size_t shift = 0; shift < 4; shift++) {
      credence_error *error = NULL;
      size_t size = strlen(characters[kind]);
      memset(text, 'x', shift);
      for (int i = 0; i < 1200; i++)
        memcpy(text + shift + (size_t)i * size, characters[kind], size + 1);
      (void)error_set(&error, CREDENCE_E_FAILED, text, "%s", text);
      const char *message = credence_error_message(error);
      assert_true(strlen(message) > 1000 && strlen(message) < 1024);
      assert_true(utf8_valid(message, strlen(message)));
      assert_memory_equal(message, text, strlen(message));
      assert_string_equal(credence_error_remedy(error), message);
      credence_error_free(&error);
    }
}

static void escapes_are_not_cut(void **state)
{
  char text[1200];
  credence_error *error = NULL;
  (void)state;
  for (size_t shift = 0; shift < 4; shift++) {
    memset(text, 1, sizeof(text));
    memset(text, 'x', shift);
    text[sizeof(text) - 1] = '\0';
    (void)error_set(&error, CREDENCE_E_FAILED, NULL, "%s", text);
    const char *message = credence_error_message(error);
    assert_int_equal((strlen(message) - shift) % 4, 0);
    assert_string_equal(message + strlen(message) - 4, "\\x01");
  }
  credence_error_free(&error);
}

static void every_code_has_its_word(void **state)
{
  (void)state;
  assert_string_equal(credence_strerror(0), "done");
  assert_string_equal(credence_strerror(CREDENCE_E_LOCKED), "locked");
  assert_string_equal(credence_strerror(CREDENCE_E_CONFLICT), "conflict");
  assert_string_equal(credence_strerror(CREDENCE_E_MALFORMED), "malformed");
  assert_string_equal(credence_strerror(CREDENCE_E_NO_SESSION), "no session");
  for (int code = CREDENCE_E_NO_SESSION; code <= 0; code++) {
    assert_string_not_equal(credence_strerror(code), "unknown code");
    for (int other = CREDENCE_E_NO_SESSION; other < code; other++)
      assert_string_not_equal(credence_strerror(code), credence_strerror(other));
  }
  assert_string_equal(credence_strerror(1), "unknown code");
  assert_string_equal(credence_strerror(CREDENCE_E_NO_SESSION - 1), "unknown code");
  assert_string_equal(credence_strerror(INT32_MIN), "unknown code");
  assert_string_equal(credence_strerror(INT32_MAX), "unknown code");
  assert_true(strlen(credence_version()) >= 5);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(no_error),
      cmocka_unit_test(null_pointer_takes_no_error),
      cmocka_unit_test(code_message_remedy),
      cmocka_unit_test(a_new_error_may_quote_the_old),
      cmocka_unit_test(control_characters_are_escaped),
      cmocka_unit_test(cut_between_characters),
      cmocka_unit_test(escapes_are_not_cut),
      cmocka_unit_test(every_code_has_its_word),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
