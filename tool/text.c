/* SPDX-License-Identifier: BSD-3-Clause */
/* UTF-8, escaping, JSON strings and base64. */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

/* Bytes of a sequence by its first one, and the lowest character that needs so
 * many. */
static size_t sequence_size(unsigned char first, uint32_t *ret_least)
{
  if (first >= 0xc2 && first <= 0xdf) {
    *ret_least = 0x80;
    return 2;
  }
  if (first >= 0xe0 && first <= 0xef) {
    *ret_least = 0x800;
    return 3;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    *ret_least = 0x10000;
    return 4;
  }
  return 0;
}

size_t text_step(const char *text, size_t size)
{
  const unsigned char *bytes = (const unsigned char *)text;
  uint32_t least = 0, character;
  size_t count;

  if (size == 0)
    return 0;
  if (bytes[0] < 0x80)
    return 1;
  count = sequence_size(bytes[0], &least);
  if (count == 0 || count > size)
    return 0;
  character = bytes[0] & (0x7fu >> count);
  for (size_t i = 1; i < count; i++) {
    if ((bytes[i] & 0xc0) != 0x80)
      return 0;
    character = character << 6 | (bytes[i] & 0x3fu);
  }
  if (character < least || character > 0x10ffff || (character >= 0xd800 && character <= 0xdfff))
    return 0;
  return count;
}

bool text_is_utf8(const char *text, size_t size)
{
  for (size_t i = 0, step; i < size; i += step) {
    step = text_step(text + i, size - i);
    if (step == 0)
      return false;
  }
  return true;
}

/* The second block of control characters, U+0080 to U+009F, counts as well:
 * terminals obey it. */
static bool is_control(const char *character, size_t bytes)
{
  unsigned char first = (unsigned char)character[0];

  if (bytes == 1)
    return first < 0x20 || first == 0x7f;
  return bytes == 2 && first == 0xc2 && (unsigned char)character[1] < 0xa0;
}

void put_escaped(FILE *stream, const char *text, size_t size)
{
  for (size_t i = 0, step; i < size; i += step) {
    step = text_step(text + i, size - i);
    if (step > 0 && !is_control(text + i, step)) {
      fwrite(text + i, 1, step, stream);
      continue;
    }
    if (step == 0)
      step = 1;
    for (size_t j = 0; j < step; j++)
      fprintf(stream, "\\x%02x", (unsigned char)text[i + j]);
  }
}

bool needs_escape(const char *text, size_t size)
{
  for (size_t i = 0, step; i < size; i += step) {
    step = text_step(text + i, size - i);
    if (step == 0 || is_control(text + i, step))
      return true;
  }
  return false;
}

char *escape_text(const char *text)
{
  char *result = NULL;
  size_t size = 0;
  FILE *stream = open_memstream(&result, &size);

  if (!stream)
    return NULL;
  put_escaped(stream, text, strlen(text));
  if (fclose(stream) != 0) {
    free(result);
    return NULL;
  }
  return result;
}

static void put_json_byte(FILE *stream, char byte)
{
  static const char short_forms[] = "\b\f\n\r\t\"\\";
  const char *found = byte ? strchr(short_forms, byte) : NULL;

  if (found)
    fprintf(stream, "\\%c", "bfnrt\"\\"[found - short_forms]);
  else if ((unsigned char)byte < 0x20)
    fprintf(stream, "\\u%04x", (unsigned char)byte);
  else
    fputc(byte, stream);
}

void put_json_string(FILE *stream, const char *text, size_t size)
{
  fputc('"', stream);
  for (size_t i = 0, step; i < size; i += step) {
    step = text_step(text + i, size - i);
    if (step == 1)
      put_json_byte(stream, text[i]);
    else if (step > 1)
      fwrite(text + i, 1, step, stream);
    else
      fputs("\xef\xbf\xbd", stream);
    if (step == 0)
      step = 1;
  }
  fputc('"', stream);
}

void put_json(FILE *stream, const char *text)
{
  if (text)
    put_json_string(stream, text, strlen(text));
  else
    fputs("null", stream);
}

void put_base64(FILE *stream, const void *data, size_t size)
{
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const unsigned char *bytes = data;

  for (size_t i = 0; i < size; i += 3) {
    size_t left = size - i;
    uint32_t group = (uint32_t)bytes[i] << 16;

    if (left > 1)
      group |= (uint32_t)bytes[i + 1] << 8;
    if (left > 2)
      group |= bytes[i + 2];
    fputc(digits[group >> 18], stream);
    fputc(digits[group >> 12 & 63], stream);
    fputc(left > 1 ? digits[group >> 6 & 63] : '=', stream);
    fputc(left > 2 ? digits[group & 63] : '=', stream);
  }
}
