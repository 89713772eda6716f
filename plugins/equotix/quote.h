/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * quote.h - strings as PHP writes them in JSON
 *
 * json_encode escapes the slash and everything beyond ASCII, the latter as
 * UTF-16 in lower-case hexadecimal, and leaves DEL as it is.
 */
#ifndef EQUOTIX_QUOTE_H
#define EQUOTIX_QUOTE_H

#include <stdbool.h>
#include <stddef.h>

#include "text.h"

/* Append a string, quotation marks and all.  False when it is not UTF-8. */
bool quote_utf8(struct text *out, const char *string, size_t size);

/* The same for the inside of a JSON string that the scanner has accepted. */
void quote_scanned(struct text *out, const char *string, size_t size);

/* Write the inside of an accepted JSON string without its escapes.  It needs
 * size bytes at most.  Returns how many it took. */
size_t quote_take_away(char *to, const char *string, size_t size);

#endif
