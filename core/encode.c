/* SPDX-License-Identifier: BSD-3-Clause */
/* encode.c - bytes as text and back; see encode.h */
#include "config.h"

#include <stdint.h>
#include <string.h>

#include "encode.h"

static const char base64_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char base64url_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

size_t base64_size(size_t size)
{
  return (size + 2) / 3 * 4;
}

size_t base64url_size(size_t size)
{
  return (size * 4 + 2) / 3;
}

/* Write the digits that size bytes need, without padding. */
static char *encode64(char *out, const unsigned char *in, size_t size, const char *digits)
{
  for (; size >= 3; size -= 3, in += 3) {
    *out++ = digits[in[0] >> 2];
    *out++ = digits[(in[0] & 3) << 4 | in[1] >> 4];
    *out++ = digits[(in[1] & 15) << 2 | in[2] >> 6];
    *out++ = digits[in[2] & 63];
  }
  if (size > 0) {
    unsigned second = size > 1 ? in[1] : 0u;
    *out++ = digits[in[0] >> 2];
    *out++ = digits[(in[0] & 3u) << 4 | second >> 4];
    if (size > 1)
      *out++ = digits[(second & 15u) << 2];
  }
  return out;
}

void base64_encode(char *out, const void *data, size_t size)
{
  char *end = out + base64_size(size);
  out = encode64(out, data, size, base64_digits);
  memset(out, '=', (size_t)(end - out));
}

void base64url_encode(char *out, const void *data, size_t size)
{
  (void)encode64(out, data, size, base64url_digits);
}

static int base64url_digit(char c)
{
  if (c >= 'A' && c <= 'Z')
    return c - 'A';
  if (c >= 'a' && c <= 'z')
    return c - 'a' + 26;
  if (c >= '0' && c <= '9')
    return c - '0' + 52;
  return c == '-' ? 62 : c == '_' ? 63 : -1;
}

long base64url_decode(void *out, const char *text, size_t size)
{
  unsigned char *bytes = out;
  unsigned long bits = 0;
  unsigned count = 0;
  long used = 0;
  for (size_t i = 0; i < size; i++) {
    int digit = base64url_digit(text[i]);
    if (digit < 0)
      return -1;
    bits = (bits << 6 | (unsigned long)digit) & 0xffffff;
    count += 6;
    if (count >= 8) {
      count -= 8;
      bytes[used++] = (unsigned char)(bits >> count & 0xff);
    }
  }
  /* One text for one value: no lone digit, no bits left over. */
  if (count >= 6 || (bits & ((1ul << count) - 1)) != 0)
    return -1;
  return used;
}

int ascii_equal(const void *a, size_t a_size, const void *b, size_t b_size)
{
  const unsigned char *x = a;
  const unsigned char *y = b;
  if (a_size != b_size)
    return 0;
  for (size_t i = 0; i < a_size; i++)
    if (ascii_lower(x[i]) != ascii_lower(y[i]))
      return 0;
  return 1;
}

/* RFC 3986, section 2.3.  A table, since every signature asks for every byte. */
static const unsigned char unreserved[256] = {
    ['A' ... 'Z'] = 1, ['a' ... 'z'] = 1, ['0' ... '9'] = 1, ['-'] = 1, ['.'] = 1, ['_'] = 1, ['~'] = 1,
};

size_t percent_size(const void *data, size_t size)
{
  const unsigned char *in = data;
  size_t total = size;
  for (size_t i = 0; i < size; i++)
    total += unreserved[in[i]] ? 0 : 2;
  return total;
}

void percent_encode(char *out, const void *data, size_t size)
{
  static const char digits[] = "0123456789ABCDEF";
  const unsigned char *in = data;
  for (size_t i = 0; i < size; i++) {
    if (unreserved[in[i]]) {
      *out++ = (char)in[i];
    } else {
      *out++ = '%';
      *out++ = digits[in[i] >> 4];
      *out++ = digits[in[i] & 15];
    }
  }
}

static int hex_digit(char c)
{
  if (c >= '0' && c <= '9')
    return c - '0';
  int lower = ascii_lower((unsigned char)c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

int percent_equal(const char *encoded, size_t size, const char *plain)
{
  size_t i = 0;
  for (; *plain != '\0'; plain++) {
    if (i >= size)
      return 0;
    int byte = (unsigned char)encoded[i];
    if (byte == '%' && size - i >= 3 && hex_digit(encoded[i + 1]) >= 0 && hex_digit(encoded[i + 2]) >= 0) {
      byte = hex_digit(encoded[i + 1]) * 16 + hex_digit(encoded[i + 2]);
      i += 2;
    }
    i++;
    if (byte != (unsigned char)*plain)
      return 0;
  }
  return i == size;
}

size_t utf8_length(const char *data, size_t size)
{
  const unsigned char *s = (const unsigned char *)data;
  if (size == 0)
    return 0;
  if (s[0] < 0x80)
    return 1;
  size_t length = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
  if (s[0] < 0xc2 || s[0] > 0xf4 || size < length)
    return 0;
  for (size_t i = 1; i < length; i++)
    if ((s[i] & 0xc0) != 0x80)
      return 0;
  /* Overlong forms, surrogates, and what lies beyond U+10FFFF. */
  if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) || (s[0] == 0xf0 && s[1] < 0x90) ||
      (s[0] == 0xf4 && s[1] > 0x8f))
    return 0;
  return length;
}

int utf8_valid(const char *data, size_t size)
{
  while (size > 0) {
    size_t length = utf8_length(data, size);
    if (length == 0)
      return 0;
    data += length;
    size -= length;
  }
  return 1;
}

/* The highest bit of a byte is set where one of eight bytes may be a control character, and
 * only then is any set: a byte below 0x20 borrows when 0x20 is taken from it, and 0x7f
 * becomes 0x80 when one is added, as no byte below it does. */
static uint64_t control_bits(uint64_t bytes)
{
  const uint64_t ones = UINT64_C(0x0101010101010101);
  return ((bytes - ones * 0x20) | (bytes + ones)) & ~bytes & (ones * 0x80);
}

size_t find_control(const char *data, size_t size)
{
  size_t i = 0;
  uint64_t bytes[2];
  uint64_t found = 0;
  for (; size - i >= sizeof(bytes); i += sizeof(bytes)) {
    memcpy(bytes, data + i, sizeof(bytes));
    found |= control_bits(bytes[0]) | control_bits(bytes[1]);
  }
  /* The last bytes, some of them once more. */
  if (size >= sizeof(bytes)) {
    memcpy(bytes, data + size - sizeof(bytes), sizeof(bytes));
    if ((found | control_bits(bytes[0]) | control_bits(bytes[1])) == 0)
      return size;
  }
  for (i = 0; i < size && !is_control(&data[i], 1); i++)
    continue;
  return i;
}

int is_control(const char *data, size_t length)
{
  const unsigned char *s = (const unsigned char *)data;
  if (length == 1)
    return s[0] < 0x20 || s[0] == 0x7f;
  return length == 2 && s[0] == 0xc2 && s[1] < 0xa0;
}
