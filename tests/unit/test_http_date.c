/* SPDX-License-Identifier: BSD-3-Clause */
/* Dates in headers.  Breaks when a form is read otherwise than RFC 9110 has it,
 * when the calendar is off by a day, or when the time zone or the locale of the
 * program gets in: the clock would be set wrong, and every signature with it. */
#include "testing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "http-date.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const int64_t of_the_rfc = 784111777;     /* the date that the RFC writes in three forms */
static const int64_t year_2026 = 1767225600;     /* 2026-01-01 00:00:00 */
static const int64_t last_second = 253402300799; /* of the year 9999 */

static void expect_at(const char *text, int64_t now, int64_t seconds)
{
  int64_t parsed = -1;
  if (http_date_parse(text, now, &parsed) != 0 || parsed != seconds)
    print_error("%s: %lld instead of %lld\n", text, (long long)parsed, (long long)seconds);
  assert_int_equal(parsed, seconds);
}

static void expect(const char *text, int64_t seconds)
{
  expect_at(text, year_2026, seconds);
}

static void expect_malformed_at(const char *text, int64_t now)
{
  int64_t parsed = -7;
  if (http_date_parse(text, now, &parsed) != CREDENCE_E_MALFORMED)
    print_error("accepted: %s\n", text);
  assert_int_equal(http_date_parse(text, now, &parsed), CREDENCE_E_MALFORMED);
  assert_int_equal(parsed, -7);
}

static void expect_malformed(const char *text)
{
  expect_malformed_at(text, year_2026);
}

static void three_forms_of_the_rfc(void **state)
{
  (void)state;
  expect("Sun, 06 Nov 1994 08:49:37 GMT", of_the_rfc);
  expect("Sunday, 06-Nov-94 08:49:37 GMT", of_the_rfc);
  expect("Sun Nov  6 08:49:37 1994", of_the_rfc);
}

static void edges_of_the_calendar(void **state)
{
  (void)state;
  expect("Thu, 01 Jan 1970 00:00:00 GMT", 0);
  expect("Fri, 31 Dec 9999 23:59:59 GMT", last_second);
  expect("Mon, 28 Feb 2000 23:59:59 GMT", 951782399);
  expect("Tue, 29 Feb 2000 00:00:00 GMT", 951782400);
  expect("Wed, 01 Mar 2000 00:00:00 GMT", 951868800);
  expect("Sun, 29 Feb 2032 12:00:00 GMT", 1961668800);
  expect("Sun Feb 29 12:00:00 2032", 1961668800);
  expect("Mon, 01 Mar 2100 00:00:00 GMT", 4107542400);
}

static void weekday_need_not_match(void **state)
{
  (void)state;
  expect("Mon, 06 Nov 1994 08:49:37 GMT", of_the_rfc);
  expect("Wednesday, 06-Nov-94 08:49:37 GMT", of_the_rfc);
  expect("Sat Nov  6 08:49:37 1994", of_the_rfc);
}

static void leap_seconds(void **state)
{
  (void)state;
  expect("Sat, 31 Dec 2016 23:59:60 GMT", 1483228800);
  expect("Saturday, 31-Dec-16 23:59:60 GMT", 1483228800);
  expect("Sat Dec 31 23:59:60 2016", 1483228800);
  expect_malformed("Sat, 31 Dec 2016 23:59:61 GMT");
}

static void two_digits_of_a_year(void **state)
{
  (void)state;
  /* Exactly fifty years after now is still the future, a second more is not. */
  expect_at("Wednesday, 01-Jan-76 00:00:00 GMT", year_2026, 3345062400);
  expect_at("Thursday, 01-Jan-76 00:00:01 GMT", year_2026, 189302401);
  expect_at("Thursday, 01-Jan-26 00:00:00 GMT", year_2026, year_2026);
  expect_at("Friday, 31-Dec-99 23:59:59 GMT", year_2026, 946684799);
  /* Over the end of a century: it is 2099 here and 2100 there, or the reverse. */
  expect_at("Friday, 01-Jan-00 00:00:00 GMT", 4102444799, 4102444800);
  expect_at("Thursday, 31-Dec-99 23:59:59 GMT", 4102444800, 4102444799);
  /* A leap day in the century that is meant, and none in the other. */
  expect_at("Tuesday, 29-Feb-00 00:00:00 GMT", year_2026, 951782400);
  expect_malformed_at("Monday, 29-Feb-00 00:00:00 GMT", 4102444800);
  /* What lies before 1970, or a clock that is far out. */
  expect_malformed_at("Sunday, 01-Jan-60 00:00:00 GMT", 0);
  expect_malformed_at("Sunday, 06-Nov-94 08:49:37 GMT", INT64_MIN);
  expect_at("Friday, 31-Dec-99 23:59:59 GMT", INT64_MAX, last_second);
}

static void malformed_dates(void **state)
{
  static const char *const bad[] = {
      "", " ", "0", "784111777", "1994-11-06T08:49:37Z",
      /* white space */
      " Sun, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 GMT ", "Sun,  06 Nov 1994 08:49:37 GMT",
      "Sun, 06 Nov 1994 08:49:37\tGMT", "Sun,06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37GMT",
      /* zones */
      "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 UTC", "Sun, 06 Nov 1994 08:49:37 gmt",
      "Sun, 06 Nov 1994 08:49:37 +0000", "Sun, 06 Nov 1994 08:49:37 GMT+1", "Sun Nov  6 08:49:37 1994 GMT",
      /* names */
      "Son, 06 Nov 1994 08:49:37 GMT", "sun, 06 Nov 1994 08:49:37 GMT", "SUN, 06 Nov 1994 08:49:37 GMT",
      "Sunday, 06 Nov 1994 08:49:37 GMT", "Sun, 06-Nov-94 08:49:37 GMT", "Sunday Nov  6 08:49:37 1994",
      "Sun, 06 nov 1994 08:49:37 GMT", "Sun, 06 November 1994 08:49:37 GMT", "Sun, 06 11 1994 08:49:37 GMT",
      ", 06 Nov 1994 08:49:37 GMT", "06 Nov 1994 08:49:37 GMT",
      /* numbers of another width */
      "Sun, 6 Nov 1994 08:49:37 GMT", "Sun,  6 Nov 1994 08:49:37 GMT", "Sun, 006 Nov 1994 08:49:37 GMT",
      "Sun, 06 Nov 94 08:49:37 GMT", "Sun, 06 Nov 19940 08:49:37 GMT", "Sunday, 06-Nov-1994 08:49:37 GMT",
      "Sunday,  6-Nov-94 08:49:37 GMT", "Sun Nov 6 08:49:37 1994", "Sun Nov   6 08:49:37 1994",
      "Sun Nov  06 08:49:37 1994", "Sun, 06 Nov 1994 8:49:37 GMT", "Sun, 06 Nov 1994 08:49 GMT",
      "Sun, 06 Nov 1994 08:49:37.5 GMT", "Sun, -6 Nov 1994 08:49:37 GMT", "Sun, +6 Nov 1994 08:49:37 GMT",
      "Sun, 06 Nov 1994 08:49:3a GMT", "Sun, 0\xd9\xa6 Nov 1994 08:49:37 GMT",
      /* what no calendar or clock has */
      "Sun, 00 Nov 1994 08:49:37 GMT", "Sun, 31 Nov 1994 08:49:37 GMT", "Sun, 32 Dec 1994 08:49:37 GMT",
      "Sun, 99 Dec 1994 08:49:37 GMT", "Tue, 29 Feb 2023 00:00:00 GMT", "Mon, 29 Feb 2100 00:00:00 GMT",
      "Sun, 30 Feb 2000 00:00:00 GMT", "Sun Nov  0 08:49:37 1994", "Sun, 06 Nov 1994 24:00:00 GMT",
      "Sun, 06 Nov 1994 08:60:37 GMT", "Sun, 06 Nov 1994 99:99:99 GMT",
      /* years out of range */
      "Wed, 31 Dec 1969 23:59:59 GMT", "Sat, 01 Jan 0000 00:00:00 GMT", "Wed Dec 31 23:59:60 1969"};
  (void)state;
  for (size_t i = 0; i < COUNT(bad); i++)
    expect_malformed(bad[i]);
}

/* A date that ends early, in memory of just its size. */
static void every_truncation(void **state)
{
  static const char *const whole[] = {"Sun, 06 Nov 1994 08:49:37 GMT", "Wednesday, 06-Nov-94 08:49:37 GMT",
                                      "Sun Nov  6 08:49:37 1994"};
  (void)state;
  for (size_t i = 0; i < COUNT(whole); i++)
    for (size_t size = 0; size < strlen(whole[i]); size++) {
      char *text = strndup(whole[i], size);
      assert_non_null(text);
      expect_malformed(text);
      free(text);
    }
}

/* Where a byte is changed, the date is refused or another digit or name stands
 * there. */
static void every_byte_counts(void **state)
{
  static const char date[] = "Sun, 06 Nov 1994 08:49:37 GMT";
  (void)state;
  for (size_t i = 0; i < sizeof(date) - 1; i++)
    for (int byte = 1; byte < 256; byte++) {
      char text[sizeof(date)];
      int64_t seconds = 0;
      memcpy(text, date, sizeof(date));
      text[i] = (char)byte;
      if (text[i] != date[i] && http_date_parse(text, year_2026, &seconds) == 0)
        assert_true(date[i] >= '0' && date[i] <= '9' && byte >= '0' && byte <= '9');
    }
}

static void expect_all_forms(int64_t seconds)
{
  char text[64];
  char rest[32];
  struct tm tm;
  time_t time = (time_t)seconds;
  assert_non_null(gmtime_r(&time, &tm));
  assert_true(strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT", &tm) > 0);
  expect_at(text, seconds, seconds);
  assert_true(strftime(text, sizeof(text), "%a %b %e %H:%M:%S %Y", &tm) > 0);
  expect_at(text, seconds, seconds);
  size_t length = strftime(text, sizeof(text), "%A, %d-%b-", &tm);
  assert_true(strftime(rest, sizeof(rest), "%H:%M:%S", &tm) > 0);
  snprintf(text + length, sizeof(text) - length, "%02d %s GMT", tm.tm_year % 100, rest);
  expect_at(text, seconds, seconds);
}

/* The C library writes in the locale "C" here, since nothing calls setlocale(). */
static void agrees_with_the_c_library(void **state)
{
  uint32_t seed = 20;
  (void)state;
  for (int i = 0; i < 20000; i++) {
    int64_t seconds = ((int64_t)dice(&seed, 1u << 30) << 10 | dice(&seed, 1024)) % (last_second + 1);
    expect_all_forms(seconds);
  }
  for (int64_t day = 0; day < 4 * 36525; day++)
    expect_all_forms(day * 86400);
}

static void time_zone_does_not_matter(void **state)
{
  (void)state;
  assert_int_equal(setenv("TZ", "AHEAD-12", 1), 0);
  tzset();
  three_forms_of_the_rfc(state);
  unsetenv("TZ");
  tzset();
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(three_forms_of_the_rfc),    cmocka_unit_test(edges_of_the_calendar),
      cmocka_unit_test(weekday_need_not_match),    cmocka_unit_test(leap_seconds),
      cmocka_unit_test(two_digits_of_a_year),      cmocka_unit_test(malformed_dates),
      cmocka_unit_test(every_truncation),          cmocka_unit_test(every_byte_counts),
      cmocka_unit_test(agrees_with_the_c_library), cmocka_unit_test(time_zone_does_not_matter),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
