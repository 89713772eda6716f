/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * quote.c - strings as PHP writes them in JSON
 */
#include "quote.h"

#include <string.h>

#include "scan.h"

static bool is_plain(unsigned char c)
{
  return c >= 0x20 && c < 0x80 && c != '"' && c != '\\' && c != '/';
}

static void write_unit(struct text *out, uint32_t unit)
{
  static const char hex[] = "0123456789abcdef";
  char escape[6] = {'\\', 'u'};

  for (int i = 0; i < 4; i++)
    escape[2 + i] = hex[unit >> (12 - 4 * i) & 15];
  text_add(out, escape, sizeof escape);
}

static void write_character(struct text *out, uint32_t character)
{
  static const char specials[] = "\"\\/\b\f\n\r\t", letters[] = "\"\\/bfnrt";
  const char *special = character < 0x80 ? memchr(specials, (int)character, sizeof specials - 1) : NULL;

  if (special != NULL) {
    text_add(out, "\\", 1);
    text_add(out, &letters[special - specials], 1);
  } else if (character < 0x80 && is_plain((unsigned char)character)) {
    text_add(out, &(char){(char)character}, 1);
  } else if (character < 0x10000) {
    write_unit(out, character);
  } else {
    write_unit(out, 0xD800 + ((character - 0x10000) >> 10));
    write_unit(out, 0xDC00 + (character & 0x3FF));
  }
}

static size_t count_plain(const char *at, const char *end)
{
  const char *from = at;

  while (at < end && is_plain((unsigned char)*at))
    at++;
  return (size_t)(at - from);
}

void quote_scanned(struct text *out, const char *string, size_t size)
{
  const char *at = string, *end = string + size, *problem;
  uint32_t character;

  text_add(out, "\"", 1);
  while (at < end) {
    size_t plain = count_plain(at, end);

    text_add(out, at, plain);
    at += plain;
    if (at < end) {
      at += scan_character(at, end, &character, &problem);
      write_character(out, character);
    }
  }
  text_add(out, "\"", 1);
}

bool quote_utf8(struct text *out, const char *string, size_t size)
{
  const char *at = string, *end = string + size, *problem;
  uint32_t character;

  text_add(out, "\"", 1);
  while (at < end) {
    size_t plain = count_plain(at, end);
    size_t used = 1;

    text_add(out, at, plain);
    at += plain;
    if (at == end)
      break;
    character = (unsigned char)*at;
    if (character >= 0x80)
      used = scan_character(at, end, &character, &problem);
    if (used == 0)
      return false;
    write_character(out, character);
    at += used;
  }
  text_add(out, "\"", 1);
  return true;
}

static char *put_utf8(char *at, uint32_t character)
{
  if (character < 0x80) {
    *at++ = (char)character;
    return at;
  }
  if (character < 0x800) {
    *at++ = (char)(0xC0 | character >> 6);
  } else {
    if (character < 0x10000) {
      *at++ = (char)(0xE0 | character >> 12);
    } else {
      *at++ = (char)(0xF0 | character >> 18);
      *at++ = (char)(0x80 | (character >> 12 & 0x3F));
    }
    *at++ = (char)(0x80 | (character >> 6 & 0x3F));
  }
  *at++ = (char)(0x80 | (character & 0x3F));
  return at;
}

size_t quote_take_away(char *to, const char *string, size_t size)
{
  const char *at = string, *end = string + size, *problem;
  char *from = to;
  uint32_t character;

  while (at < end) {
    at += scan_character(at, end, &character, &problem);
    to = put_utf8(to, character);
  }
  return (size_t)(to - from);
}
