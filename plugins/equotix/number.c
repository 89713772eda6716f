/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * number.c - numbers as PHP reads and writes them
 *
 * PHP keeps a number without point and exponent as an integer when 64 bits
 * hold it, and everything else as a double.  It writes a double with the
 * fewest digits that read back as the same double (serialize_precision -1).
 *
 * The C library reads and writes doubles with the decimal point of the
 * program's locale.  Nothing here ever shows it one: it reads "DIGITSeEXPONENT"
 * and takes only the digits and the exponent from what it writes.
 */
#include "number.h"

#include <float.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* PHP's zend_strtod takes every larger exponent for this one, which shows when
 * thousands of digits stand against it. */
#define EXPONENT_MAX 19999

/* --- reading ------------------------------------------------------------------ */

static bool is_digit(char c)
{
  return c >= '0' && c <= '9';
}

static size_t count_digits(const char *at, const char *end)
{
  const char *from = at;

  while (at < end && is_digit(*at))
    at++;
  return (size_t)(at - from);
}

/* at stands behind the "e". */
static long read_exponent(const char *at, const char *end)
{
  long exponent = 0;
  bool negative = at < end && *at == '-';

  if (at < end && (*at == '-' || *at == '+'))
    at++;
  for (; at < end && exponent <= EXPONENT_MAX; at++)
    exponent = exponent * 10 + (*at - '0');
  if (exponent > EXPONENT_MAX)
    exponent = EXPONENT_MAX;
  return negative ? -exponent : exponent;
}

/* The number has no sign.  False when memory runs out. */
static bool read_double(const char *number, size_t size, double *value)
{
  const char *end = number + size;
  const char *whole_end = number + count_digits(number, end);
  const char *fraction = whole_end < end && *whole_end == '.' ? whole_end + 1 : whole_end;
  size_t fraction_size = count_digits(fraction, end);
  const char *rest = fraction + fraction_size;
  long exponent = rest < end ? read_exponent(rest + 1, end) : 0;
  char lent[128];
  struct text text;
  bool done;

  text_begin(&text, lent, sizeof lent);
  text_add(&text, number, (size_t)(whole_end - number));
  text_add(&text, fraction, fraction_size);
  text_add_string(&text, "e");
  text_add_integer(&text, exponent - (long)fraction_size);
  text_add(&text, "", 1);
  done = !text.failed;
  if (done)
    *value = strtod(text.data, NULL);
  text_free(&text);
  return done;
}

static bool fits_integer(const char *number, size_t size)
{
  static const char border[] = "9223372036854775808"; /* 2^63, fits only with a minus */
  bool negative = *number == '-';
  const char *digits = number + negative;
  size_t count = count_digits(digits, number + size);
  int order;

  if (count != size - negative)
    return false;
  if (count != sizeof border - 1)
    return count < sizeof border - 1;
  order = memcmp(digits, border, count);
  return order < 0 || (order == 0 && negative);
}

/* --- writing ------------------------------------------------------------------ */

/* 0.DIGITS times ten to the power of point */
struct decimal {
  char digits[24];
  size_t count;
  int point;
};

/* From the form "D.DDDe-NN", whatever bytes the locale has for the point. */
static void decimal_parse(struct decimal *decimal, const char *text)
{
  decimal->count = 0;
  for (; *text != 'e'; text++) {
    if (is_digit(*text))
      decimal->digits[decimal->count++] = *text;
  }
  decimal->digits[decimal->count] = '\0';
  decimal->point = (int)strtol(text + 1, NULL, 10) + 1;
}

/* Compared as bits: a program may let the processor flush tiny numbers to
 * zero, and then == finds them all equal. */
static bool decimal_reads_as(const struct decimal *decimal, double value)
{
  char text[48];
  double other;

  (void)snprintf(text, sizeof text, "%se%d", decimal->digits, decimal->point - (int)decimal->count);
  other = strtod(text, NULL);
  return memcmp(&other, &value, sizeof value) == 0;
}

/* The next larger decimal with as many digits. */
static void decimal_increment(struct decimal *decimal)
{
  size_t i = decimal->count;

  while (i > 0 && decimal->digits[i - 1] == '9')
    decimal->digits[--i] = '0';
  if (i > 0) {
    decimal->digits[i - 1]++;
  } else {
    decimal->digits[0] = '1';
    decimal->point++;
  }
}

/* The shortest decimal that reads as value, which is positive.  The C library
 * gives the nearest decimal of each length.  Below a power of two doubles lie
 * twice as close as above it, so that the nearest may miss it where the next
 * larger decimal of the same length does not. */
static void decimal_shortest(struct decimal *decimal, double value)
{
  char text[64];
  /* 15 digits survive the way through a normal double: fewer need no trial. */
  int precision = value < DBL_MIN ? 1 : DBL_DIG;

  for (;; precision++) {
    (void)snprintf(text, sizeof text, "%.*e", precision - 1, value);
    decimal_parse(decimal, text);
    if (precision == DBL_DECIMAL_DIG || decimal_reads_as(decimal, value))
      break;
    decimal_increment(decimal);
    if (decimal_reads_as(decimal, value))
      break;
  }
  while (decimal->count > 1 && decimal->digits[decimal->count - 1] == '0')
    decimal->digits[--decimal->count] = '\0';
}

static void write_exponential(struct text *out, const struct decimal *decimal)
{
  int exponent = decimal->point - 1;

  text_add(out, decimal->digits, 1);
  text_add_string(out, ".");
  text_add_string(out, decimal->count > 1 ? decimal->digits + 1 : "0");
  text_add_string(out, exponent < 0 ? "e" : "e+");
  text_add_integer(out, exponent);
}

static void write_fixed(struct text *out, const struct decimal *decimal)
{
  size_t before = decimal->point > 0 ? (size_t)decimal->point : 0;

  if (before >= decimal->count) {
    text_add(out, decimal->digits, decimal->count);
    text_add_repeated(out, '0', before - decimal->count);
    return;
  }
  text_add(out, before > 0 ? decimal->digits : "0", before > 0 ? before : 1);
  text_add_string(out, ".");
  text_add_repeated(out, '0', decimal->point < 0 ? (size_t)-decimal->point : 0);
  text_add(out, decimal->digits + before, decimal->count - before);
}

static void write_double(struct text *out, double value)
{
  struct decimal decimal;

  decimal_shortest(&decimal, value);
  if (decimal.point < -3 || decimal.point > 17)
    write_exponential(out, &decimal);
  else
    write_fixed(out, &decimal);
}

/* The C library obeys the rounding that the program has set for its thread;
 * PHP rounds to nearest. */
static bool rounds_to_nearest(void)
{
  volatile double one = 1, less_than_half = 0.375 * DBL_EPSILON, more_than_half = 0.625 * DBL_EPSILON;
  volatile double down = one + less_than_half, up = one + more_than_half;

  return down == one && up > one;
}

const char *number_write(struct text *out, const char *number, size_t size)
{
  bool negative = *number == '-';
  double value = 0;

  if (fits_integer(number, size)) {
    if (negative && size == 2 && number[1] == '0')
      text_add_string(out, "0"); /* an integer has no negative zero */
    else
      text_add(out, number, size);
    return NULL;
  }
  if (!rounds_to_nearest())
    return "the program has changed how its floating-point numbers are rounded (undo that while signing)";
  if (!read_double(number + negative, size - negative, &value)) {
    out->failed = true;
    return NULL;
  }
  if (value > DBL_MAX)
    return "the number is too large for PHP (send it as a string)";
  text_add_string(out, negative ? "-" : "");
  if (memcmp(&value, &(double){0}, sizeof value) == 0)
    text_add_string(out, "0");
  else
    write_double(out, value);
  return NULL;
}

/* --- names -------------------------------------------------------------------- */

static const char *pass_space(const char *at, const char *end)
{
  while (at < end && (*at == ' ' || (*at >= '\t' && *at <= '\r')))
    at++;
  return at;
}

/* Pass over "e", a sign and digits, if they are complete. */
static const char *pass_exponent(const char *at, const char *end)
{
  const char *digits = at + 1;

  if (at == end || (*at != 'e' && *at != 'E'))
    return at;
  if (digits < end && (*digits == '+' || *digits == '-'))
    digits++;
  return digits + count_digits(digits, end) == digits ? at : digits + count_digits(digits, end);
}

/* What PHP's is_numeric accepts. */
static bool is_numeric(const char *name, const char *end)
{
  const char *at = pass_space(name, end);
  size_t digits;

  if (at < end && (*at == '+' || *at == '-'))
    at++;
  digits = count_digits(at, end);
  at += digits;
  if (at < end && *at == '.') {
    at++;
    digits += count_digits(at, end);
    at += count_digits(at, end);
  }
  if (digits == 0)
    return false;
  return pass_space(pass_exponent(at, end), end) == end;
}

/* Written as PHP itself would write that integer? */
static bool is_integer(const char *name, size_t size)
{
  const char *digits = name + (size > 0 && *name == '-');
  size_t count = size - (size_t)(digits - name);

  if (count == 0 || count_digits(digits, name + size) != count)
    return false;
  if (*digits == '0')
    return size == 1;
  return fits_integer(name, size);
}

enum name_kind number_name_kind(const char *name, size_t size)
{
  if (is_integer(name, size))
    return NAME_INTEGER;
  return is_numeric(name, name + size) ? NAME_NUMERIC : NAME_TEXT;
}
