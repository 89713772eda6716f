/* SPDX-License-Identifier: BSD-3-Clause */
/* http-date.c - the time in a Date header; see http-date.h */
#include "config.h"

#include <string.h>

#include "credence-plugin.h"
#include "http-date.h"

struct date {
  int year, month, day; /* month and day count from 1 */
  int hour, minute, second;
  int short_year; /* the year has no century yet */
};

static const char *const weekdays[] = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                       "Friday", "Saturday", "Sunday",    NULL};
static const char *const months[] = {"January",  "February", "March",  "April",     "May",
                                     "June",     "July",     "August", "September", "October",
                                     "November", "December", NULL};

enum { SHORT = 3, WHOLE = 9 }; /* letters of a name */

/* Each read_X() answers where the text goes on, or NULL when X is not there. */

static const char *read_digits(const char *at, int count, int *ret_number)
{
  int number = 0;
  for (; count > 0; count--, at++) {
    if (*at < '0' || *at > '9')
      return NULL;
    number = number * 10 + (*at - '0');
  }
  *ret_number = number;
  return at;
}

/* One of the names, cut to that many letters; its number counts from 1. */
static const char *read_name(const char *at, const char *const *names, size_t letters, int *ret_number)
{
  for (int i = 0; names[i] != NULL; i++) {
    size_t length = strnlen(names[i], letters);
    if (strncmp(at, names[i], length) == 0) {
      *ret_number = i + 1;
      return at + length;
    }
  }
  return NULL;
}

/* The letters are those of strptime(). */
static const char *read_field(const char *at, char letter, struct date *date)
{
  int weekday;
  switch (letter) {
  case 'a':
    return read_name(at, weekdays, SHORT, &weekday);
  case 'A':
    return read_name(at, weekdays, WHOLE, &weekday);
  case 'b':
    return read_name(at, months, SHORT, &date->month);
  case 'd':
    return read_digits(at, 2, &date->day);
  case 'e': /* a space instead of a leading zero */
    return *at == ' ' ? read_digits(at + 1, 1, &date->day) : read_digits(at, 2, &date->day);
  case 'y':
    date->short_year = 1;
    return read_digits(at, 2, &date->year);
  case 'Y':
    return read_digits(at, 4, &date->year);
  case 'H':
    return read_digits(at, 2, &date->hour);
  case 'M':
    return read_digits(at, 2, &date->minute);
  default: /* 'S' */
    return read_digits(at, 2, &date->second);
  }
}

static int read_form(const char *at, const char *form, struct date *date)
{
  memset(date, 0, sizeof(*date));
  for (; *form != '\0' && at != NULL; form++) {
    if (*form == '%')
      at = read_field(at, *++form, date);
    else
      at = *at == *form ? at + 1 : NULL;
  }
  return at != NULL && *at == '\0';
}

static int read_any_form(const char *text, struct date *date)
{
  return read_form(text, "%a, %d %b %Y %H:%M:%S GMT", date) || /* as it is written today */
         read_form(text, "%A, %d-%b-%y %H:%M:%S GMT", date) || /* RFC 850 */
         read_form(text, "%a %b %e %H:%M:%S %Y", date);        /* asctime() of C */
}

/* Days from 1970 to a date.  Years are taken to begin in March: a leap day is then
 * the last of its year, and the months have 31, 30, 31, 30, 31 days again and
 * again, which is what (153 * month + 2) / 5 adds up. */
static int64_t days_since_1970(int year, int month, int day)
{
  enum { DAYS_TO_1970 = 719468 }; /* from 1 March of the year 0 */
  int64_t y = month > 2 ? year : year - 1;
  int64_t m = month > 2 ? month - 3 : month + 9;
  return y * 365 + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + (day - 1) - DAYS_TO_1970;
}

static int64_t seconds_since_1970(const struct date *date, int year)
{
  int64_t days = days_since_1970(year, date->month, date->day);
  return ((days * 24 + date->hour) * 60 + date->minute) * 60 + date->second;
}

/* The last century in which the date is at most 50 years after now. */
static int full_year(const struct date *date, int64_t now)
{
  int year = 9900 + date->year;
  while (year >= 1970 && seconds_since_1970(date, year - 50) > now)
    year -= 100;
  return year;
}

/* Does the calendar have such a day, and the day such a time?  A leap second may
 * stand behind any minute. */
static int date_exists(const struct date *date)
{
  if (date->day < 1 || date->hour > 23 || date->minute > 59 || date->second > 60)
    return 0;
  int next_year = date->month == 12 ? date->year + 1 : date->year;
  int next_month = date->month % 12 + 1;
  return days_since_1970(date->year, date->month, date->day) < days_since_1970(next_year, next_month, 1);
}

int http_date_parse(const char *text, int64_t now, int64_t *ret_seconds)
{
  struct date date;
  if (!read_any_form(text, &date))
    return CREDENCE_E_MALFORMED;
  if (date.short_year)
    date.year = full_year(&date, now);
  if (date.year < 1970 || !date_exists(&date))
    return CREDENCE_E_MALFORMED;
  *ret_seconds = seconds_since_1970(&date, date.year);
  return CREDENCE_OK;
}
