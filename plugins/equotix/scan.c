/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * scan.c - find the pieces of a JSON text
 */
#include "scan.h"

#include <string.h>

void scan_begin(struct scan *scan, const char *text, size_t size)
{
  scan->start = scan->at = text;
  scan->end = text + size;
  scan->problem = NULL;
}

bool scan_fail(struct scan *scan, const char *problem)
{
  if (scan->problem == NULL)
    scan->problem = problem;
  return false;
}

void scan_space(struct scan *scan)
{
  while (scan->at < scan->end &&
         (*scan->at == ' ' || *scan->at == '\t' || *scan->at == '\n' || *scan->at == '\r'))
    scan->at++;
}

/* Like scan_take, but no space may come before. */
static bool take_at_once(struct scan *scan, char character)
{
  if (scan->at == scan->end || *scan->at != character)
    return false;
  scan->at++;
  return true;
}

bool scan_take(struct scan *scan, char character)
{
  scan_space(scan);
  return take_at_once(scan, character);
}

/* --- characters of a string ------------------------------------------------ */

static bool read_hex4(const char *at, const char *end, uint32_t *value)
{
  *value = 0;
  if (end - at < 4)
    return false;
  for (int i = 0; i < 4; i++) {
    char c = at[i];

    if (c >= '0' && c <= '9')
      *value = *value * 16 + (uint32_t)(c - '0');
    else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
      *value = *value * 16 + (uint32_t)((c | 0x20) - 'a') + 10;
    else
      return false;
  }
  return true;
}

/* at stands behind "\u".  Returns the size of what follows. */
static size_t read_unicode_escape(const char *at, const char *end, uint32_t *character, const char **problem)
{
  uint32_t low;

  *problem = "\\u needs four hexadecimal digits";
  if (!read_hex4(at, end, character))
    return 0;
  if (*character < 0xD800 || *character > 0xDFFF)
    return 4;
  *problem = "half of a UTF-16 surrogate pair stands alone";
  if (*character > 0xDBFF || end - at < 10 || at[4] != '\\' || at[5] != 'u' ||
      !read_hex4(at + 6, end, &low) || low < 0xDC00 || low > 0xDFFF)
    return 0;
  *character = 0x10000 + ((*character - 0xD800) << 10) + (low - 0xDC00);
  return 10;
}

/* at stands on a backslash. */
static size_t read_escape(const char *at, const char *end, uint32_t *character, const char **problem)
{
  static const char letters[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
  const char *letter;
  size_t size;

  if (end - at >= 2 && at[1] == 'u') {
    size = read_unicode_escape(at + 2, end, character, problem);
    return size == 0 ? 0 : size + 2;
  }
  letter = end - at >= 2 ? memchr(letters, at[1], sizeof letters - 1) : NULL;
  if (letter == NULL) {
    *problem = "there is no such escape";
    return 0;
  }
  *character = (unsigned char)meanings[letter - letters];
  return 2;
}

/* UTF-8 as RFC 3629 has it: no surrogates, nothing written longer than needed,
 * nothing beyond U+10FFFF. */
static size_t read_utf8(const char *at, const char *end, uint32_t *character, const char **problem)
{
  static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
  unsigned char lead = (unsigned char)*at;
  size_t size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;

  *problem = "not UTF-8";
  if (lead < 0xC2 || lead > 0xF4 || (size_t)(end - at) < size)
    return 0;
  *character = lead & (0x7Fu >> size);
  for (size_t i = 1; i < size; i++) {
    unsigned char next = (unsigned char)at[i];

    if ((next & 0xC0) != 0x80)
      return 0;
    *character = *character << 6 | (next & 0x3F);
  }
  if (*character < smallest[size] || *character > 0x10FFFF || (*character >= 0xD800 && *character <= 0xDFFF))
    return 0;
  return size;
}

size_t scan_character(const char *at, const char *end, uint32_t *character, const char **problem)
{
  unsigned char first = (unsigned char)*at;

  if (first == '\\')
    return read_escape(at, end, character, problem);
  if (first >= 0x80)
    return read_utf8(at, end, character, problem);
  if (first < 0x20) {
    *problem = "a control character in a string must be escaped";
    return 0;
  }
  *character = first;
  return 1;
}

static bool scan_string(struct scan *scan, struct scan_piece *string)
{
  uint32_t character;

  if (!scan_take(scan, '"'))
    return scan_fail(scan, "a string in quotation marks should stand here");
  string->text = scan->at;
  string->escaped = false;
  while (scan->at < scan->end && *scan->at != '"') {
    size_t size = scan_character(scan->at, scan->end, &character, &scan->problem);

    if (size == 0)
      return false;
    string->escaped = string->escaped || *scan->at == '\\';
    scan->at += size;
  }
  scan->problem = NULL;
  string->size = (size_t)(scan->at - string->text);
  return scan_take(scan, '"') || scan_fail(scan, "the string does not end");
}

/* --- values ------------------------------------------------------------------ */

static size_t scan_digits(struct scan *scan)
{
  const char *from = scan->at;

  while (scan->at < scan->end && *scan->at >= '0' && *scan->at <= '9')
    scan->at++;
  return (size_t)(scan->at - from);
}

static bool scan_number(struct scan *scan)
{
  static const char problem[] = "a number is not complete";

  (void)take_at_once(scan, '-');
  if (!take_at_once(scan, '0') && scan_digits(scan) == 0)
    return scan_fail(scan, problem);
  if (take_at_once(scan, '.') && scan_digits(scan) == 0)
    return scan_fail(scan, problem);
  if (!take_at_once(scan, 'e') && !take_at_once(scan, 'E'))
    return true;
  if (!take_at_once(scan, '+'))
    (void)take_at_once(scan, '-');
  return scan_digits(scan) > 0 || scan_fail(scan, problem);
}

static bool scan_word(struct scan *scan, const char *word)
{
  size_t size = strlen(word);

  if ((size_t)(scan->end - scan->at) < size || memcmp(scan->at, word, size) != 0)
    return scan_fail(scan, "a value should stand here");
  scan->at += size;
  return true;
}

static bool scan_scalar(struct scan *scan)
{
  struct scan_piece string;

  switch (scan->at < scan->end ? *scan->at : '\0') {
  case '"':
    return scan_string(scan, &string);
  case 't':
    return scan_word(scan, "true");
  case 'f':
    return scan_word(scan, "false");
  case 'n':
    return scan_word(scan, "null");
  case '-':
    return scan_number(scan);
  default:
    if (scan->at < scan->end && *scan->at >= '0' && *scan->at <= '9')
      return scan_number(scan);
    return scan_fail(scan, "a value should stand here");
  }
}

bool scan_name(struct scan *scan, struct scan_piece *name)
{
  if (!scan_string(scan, name))
    return false;
  return scan_take(scan, ':') || scan_fail(scan, "a colon should follow the name");
}

/* The objects and arrays around the place where the scanner is. */
struct nesting {
  size_t depth;
  char open[SCAN_DEPTH - 1]; /* '{' or '[' */
};

static bool scan_closing(struct scan *scan, struct nesting *nesting)
{
  if (!scan_take(scan, nesting->open[nesting->depth - 1] == '{' ? '}' : ']'))
    return false;
  nesting->depth--;
  return true;
}

/* Go inwards until a value without members has been passed. */
static bool scan_inwards(struct scan *scan, struct nesting *nesting)
{
  struct scan_piece name;

  for (;;) {
    scan_space(scan);
    if (scan->at == scan->end || (*scan->at != '{' && *scan->at != '['))
      return scan_scalar(scan);
    if (nesting->depth == sizeof nesting->open)
      return scan_fail(scan, "objects and arrays are nested deeper than the 511 levels that PHP reads");
    nesting->open[nesting->depth++] = *scan->at++;
    if (scan_closing(scan, nesting))
      return true;
    if (nesting->open[nesting->depth - 1] == '{' && !scan_name(scan, &name))
      return false;
  }
}

/* Go outwards to the next value, or out of all of them. */
static bool scan_outwards(struct scan *scan, struct nesting *nesting)
{
  struct scan_piece name;

  while (nesting->depth > 0) {
    if (scan_take(scan, ','))
      return nesting->open[nesting->depth - 1] == '[' || scan_name(scan, &name);
    if (!scan_closing(scan, nesting))
      return scan_fail(scan, "a comma or the closing bracket should stand here");
  }
  return true;
}

bool scan_value(struct scan *scan, struct scan_piece *value)
{
  struct nesting nesting;

  nesting.depth = 0;
  scan_space(scan);
  value->text = scan->at;
  value->escaped = false;
  do {
    if (!scan_inwards(scan, &nesting) || !scan_outwards(scan, &nesting))
      return false;
  } while (nesting.depth > 0);
  value->size = (size_t)(scan->at - value->text);
  return true;
}
