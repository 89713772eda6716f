/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * test_equotix_number.c - numbers as PHP reads and writes them
 *
 * Every expected text was written by PHP 8.2.
 */
#include <fenv.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "number.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct pair {
  const char *in, *out;
};

static const struct pair numbers[] = {
    {"0", "0"},
    {"-0", "0"},
    {"-0.0", "-0"},
    {"0.0", "0"},
    {"-0e7", "-0"},
    {"1.0", "1"},
    {"1E2", "100"},
    {"1e-400", "0"},
    {"-1e-400", "-0"},
    {"9223372036854775807", "9223372036854775807"},
    {"9223372036854775808", "9.223372036854776e+18"},
    {"-9223372036854775808", "-9223372036854775808"},
    {"-9223372036854775809", "-9.223372036854776e+18"},
    {"18446744073709551616", "1.8446744073709552e+19"},
    {"100000000000000000000", "1.0e+20"},
    {"1e15", "1000000000000000"},
    {"1e16", "10000000000000000"},
    {"1e17", "1.0e+17"},
    {"1e23", "1.0e+23"},
    {"1e25", "1.0e+25"},
    {"123456789012345678", "123456789012345678"},
    {"123456789012345678.0", "1.2345678901234568e+17"},
    {"0.001", "0.001"},
    {"0.0001", "0.0001"},
    {"0.00001", "1.0e-5"},
    {"1.5e-5", "1.5e-5"},
    {"0.000123", "0.000123"},
    {"12.5", "12.5"},
    {"0.1", "0.1"},
    {"0.30000000000000004", "0.30000000000000004"},
    {"5e-324", "5.0e-324"},
    {"2.2250738585072014e-308", "2.2250738585072014e-308"},
    {"1.7976931348623157e308", "1.7976931348623157e+308"},
    /* exactly half-way, and a little more, far behind */
    {"1.00000000000000011102230246251565404236316680908203125", "1"},
    {"1.000000000000000111022302462515654042363166809082031250000000000000000000000000000000001",
     "1.0000000000000002"},
    /* powers of two: below them, doubles lie closer */
    {"5.6843418860808015e-14", "5.684341886080802e-14"},
    {"5.9604644775390625e-8", "5.960464477539063e-8"},
    {"7.1202363472230444e-307", "7.120236347223045e-307"},
    {"6.1897001964269014e+26", "6.189700196426902e+26"},
    {"6.3866889905111034e+293", "6.386688990511104e+293"},
    {"1e0000000000000000005", "100000"},
};

static void check_numbers(void)
{
  for (size_t i = 0; i < COUNT(numbers); i++) {
    char lent[64];
    struct text text;

    text_begin(&text, lent, sizeof lent);
    assert_null(number_write(&text, numbers[i].in, strlen(numbers[i].in)));
    assert_true(text.size < sizeof lent);
    text_add(&text, "", 1);
    assert_string_equal(text.data, numbers[i].out);
    text_free(&text);
  }
}

static void test_numbers(void **state)
{
  (void)state;
  check_numbers();
}

/* PHP's strtod takes exponents beyond 19999 for 19999. */
static void test_long_exponents(void **state)
{
  enum { ZEROS = 30000 };
  char *number = malloc(ZEROS + 32);
  char lent[64];
  struct text text;

  (void)state;
  assert_non_null(number);
  memset(number, '0', ZEROS);
  number[1] = '.';
  memcpy(number + ZEROS, "1e30000", sizeof "1e30000");
  text_begin(&text, lent, sizeof lent);
  assert_null(number_write(&text, number, strlen(number)));
  assert_int_equal(text.size, 1);
  assert_int_equal(text.data[0], '0');

  memset(number, '0', ZEROS);
  number[0] = '1';
  memcpy(number + ZEROS, "e-29999", sizeof "e-29999");
  assert_non_null(number_write(&text, number, strlen(number)));
  text_free(&text);
  free(number);
}

static void test_too_large(void **state)
{
  static const char *const large[] = {"1e309", "-1e400", "1.7976931348623159e308", "1e99999999999999999999"};
  struct text text;

  (void)state;
  text_begin(&text, NULL, 0);
  for (size_t i = 0; i < COUNT(large); i++)
    assert_non_null(strstr(number_write(&text, large[i], strlen(large[i])), "too large"));
  assert_int_equal(text.size, 0);
  text_free(&text);
}

/* valgrind takes the call and rounds to the nearest all the same. */
static bool rounding_works(void)
{
  volatile double one = 1.0, little = 1e-30;
  bool works;

  if (fesetround(FE_UPWARD) != 0)
    return false;
  works = one + little > 1.0;
  return fesetround(FE_TONEAREST) == 0 && works;
}

static void test_rounding_mode(void **state)
{
  static const int modes[] = {FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO};
  struct text text;

  (void)state;
  text_begin(&text, NULL, 0);
  for (size_t i = 0; i < COUNT(modes) && rounding_works(); i++) {
    assert_int_equal(fesetround(modes[i]), 0);
    assert_non_null(strstr(number_write(&text, "0.1", 3), "rounded"));
    assert_null(number_write(&text, "1", 1));
  }
  assert_int_equal(fesetround(FE_TONEAREST), 0);
  text_free(&text);
}

static void expect_kind(const char *const *names, size_t count, enum name_kind kind)
{
  for (size_t i = 0; i < count; i++)
    assert_int_equal(number_name_kind(names[i], strlen(names[i])), kind);
}

static void test_name_kinds(void **state)
{
  static const char *const integers[] = {"0", "5", "-5", "9223372036854775807", "-9223372036854775808"};
  static const char *const numeric[] = {"1.5",
                                        "1e3",
                                        " 1",
                                        "1 ",
                                        "+1",
                                        ".5",
                                        "1.",
                                        "-0",
                                        "1.e3",
                                        "007",
                                        "\t-1",
                                        "\v1\f",
                                        "1e+1 \n",
                                        "9223372036854775808",
                                        "-9223372036854775809",
                                        "1E400"};
  static const char *const texts[] = {"",  " ", "a", "1a",  "1e",  "1e+", "0x1", "- 1",   "e3",
                                      ".", "-", "+", ".e3", "1 1", "INF", "--1", "1.5.5", "1\xc2\xa0"};

  (void)state;
  expect_kind(integers, COUNT(integers), NAME_INTEGER);
  expect_kind(numeric, COUNT(numeric), NAME_NUMERIC);
  expect_kind(texts, COUNT(texts), NAME_TEXT);
  assert_int_equal(number_name_kind("1\0", 2), NAME_TEXT);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_numbers),    cmocka_unit_test(test_long_exponents),
      cmocka_unit_test(test_too_large),  cmocka_unit_test(test_rounding_mode),
      cmocka_unit_test(test_name_kinds),
  };

  return cmocka_run_group_tests_name("equotix number", tests, NULL, NULL);
}
