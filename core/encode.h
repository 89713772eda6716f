/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * encode.h - bytes as text and back: hex, base64, percent-encoding, UTF-8
 *
 * Encoders write to memory of the caller, who has asked for the size first.
 * None adds a NUL byte.
 */
#ifndef CORE_ENCODE_H
#define CORE_ENCODE_H

#include <stddef.h>

/* RFC 4648 base64 with padding. */
size_t base64_size(size_t size);
void base64_encode(char *out, const void *data, size_t size);

/* RFC 4648 base64url without padding.  decode answers the number of bytes, at
 * most size, or -1 when text is not base64url. */
size_t base64url_size(size_t size);
void base64url_encode(char *out, const void *data, size_t size);
long base64url_decode(void *out, const char *text, size_t size);

/* RFC 3986: all but letters, digits and - . _ ~ become %XX in upper case. */
size_t percent_size(const void *data, size_t size);
void percent_encode(char *out, const void *data, size_t size);
/* Do the percent-encoded text and the plain text mean the same bytes? */
int percent_equal(const char *encoded, size_t size, const char *plain);

/* Bytes of the well-formed UTF-8 character that data begins with; 0 when there
 * is none. */
size_t utf8_length(const char *data, size_t size);
int utf8_valid(const char *data, size_t size);
/* Is the character of that length a control character (C0, DEL, C1)? */
int is_control(const char *data, size_t length);
/* Where the first ASCII control character (C0, DEL) of data stands; size when there is
 * none. */
size_t find_control(const char *data, size_t size);
/* ASCII only; the locale of the program does not matter. */
static inline int ascii_is_alnum(char c)
{
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static inline int ascii_lower(int c)
{
  return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
}

int ascii_equal(const void *a, size_t a_size, const void *b, size_t b_size); /* ignoring case */

#endif
