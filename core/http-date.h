/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * http-date.h - the time in a Date header
 *
 * By hand, since strptime() follows the locale of the program and mktime() its
 * time zone.
 */
#ifndef CORE_HTTP_DATE_H
#define CORE_HTTP_DATE_H

#include <stdint.h>

/* A date in one of the three forms of RFC 9110, section 5.6.7, without white
 * space around it, as seconds since 1970 UTC; the years are 1970 to 9999.  now,
 * in the same unit, tells which century a year of two digits is in: the date is
 * never more than 50 years after now.  The day of the week need not match.  0 or
 * CREDENCE_E_MALFORMED. */
int http_date_parse(const char *text, int64_t now, int64_t *ret_seconds);

#endif
