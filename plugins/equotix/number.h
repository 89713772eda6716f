/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * number.h - numbers as PHP reads and writes them
 */
#ifndef EQUOTIX_NUMBER_H
#define EQUOTIX_NUMBER_H

#include <stddef.h>

#include "text.h"

/* Write a JSON number as PHP's json_encode(json_decode(...)) does.  Returns
 * NULL, or why that cannot be done. */
const char *number_write(struct text *out, const char *number, size_t size);

/* What PHP's ksort sees in the name of a member. */
enum name_kind {
  NAME_TEXT,    /* compared byte by byte */
  NAME_NUMERIC, /* a "numeric string": with another one compared as numbers */
  NAME_INTEGER  /* becomes an integer key */
};

enum name_kind number_name_kind(const char *name, size_t size);

#endif
