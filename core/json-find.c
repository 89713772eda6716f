/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * json-find.c - read one value of a JSON text; see json-find.h
 *
 * One strict scanner does for checking and for finding: a function skip_X()
 * answers 1 and stands behind X, or 0 when there is no X here.  Nothing
 * recurses; what a bracket closes is known from a stack of bits.
 */
#include "config.h"

#include <string.h>

#include "credence-plugin.h"
#include "encode.h"
#include "json-find.h"

enum { DEPTH_MAX = 64 }; /* bits of nesting.objects */

#define INTEGER_MAX ((INT64_C(1) << 53) - 1)
#define EXPONENT_ENOUGH (INT64_C(1) << 50)

struct reader {
  const char *at;
  const char *end;
};

/* --- characters --------------------------------------------------------- */

/* The byte that comes next; NUL at the end, which stands nowhere in valid JSON. */
static char peek(const struct reader *r)
{
  return r->at < r->end ? *r->at : '\0';
}

static int take(struct reader *r, char c)
{
  if (r->at == r->end || *r->at != c)
    return 0;
  r->at++;
  return 1;
}

static void skip_space(struct reader *r)
{
  while (take(r, ' ') || take(r, '\t') || take(r, '\n') || take(r, '\r'))
    continue;
}

static int skip_word(struct reader *r, const char *word)
{
  for (; *word != '\0'; word++)
    if (!take(r, *word))
      return 0;
  return 1;
}

/* --- strings ------------------------------------------------------------ */

static size_t write_utf8(char *out, uint32_t code)
{
  static const unsigned char marks[] = {0, 0, 0xc0, 0xe0, 0xf0};
  size_t length = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  for (size_t i = length - 1; i > 0; i--) {
    out[i] = (char)(0x80 | (code & 0x3f));
    code >>= 6;
  }
  out[0] = (char)(marks[length] | code);
  return length;
}

static int read_hex4(struct reader *r, uint32_t *ret_code)
{
  static const char digits[] = "0123456789abcdef";
  uint32_t code = 0;
  for (int i = 0; i < 4; i++) {
    const char *digit = memchr(digits, ascii_lower(peek(r)), sizeof(digits) - 1);
    if (digit == NULL)
      return 0;
    code = code << 4 | (uint32_t)(digit - digits);
    r->at++;
  }
  *ret_code = code;
  return 1;
}

/* What follows \u.  Characters beyond U+FFFF are two surrogates, high and low. */
static size_t read_unicode(struct reader *r, char *out)
{
  uint32_t code = 0;
  uint32_t low = 0;
  if (!read_hex4(r, &code))
    return 0;
  if (code >= 0xd800 && code <= 0xdfff) {
    if (code >= 0xdc00 || !skip_word(r, "\\u") || !read_hex4(r, &low) || low < 0xdc00 || low > 0xdfff)
      return 0;
    code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
  }
  return write_utf8(out, code);
}

/* What follows a backslash. */
static size_t read_escape(struct reader *r, char *out)
{
  static const char letters[] = "\"\\/bfnrt";
  static const char meanings[] = "\"\\/\b\f\n\r\t";
  if (take(r, 'u'))
    return read_unicode(r, out);
  const char *letter = memchr(letters, peek(r), sizeof(letters) - 1);
  if (letter == NULL)
    return 0;
  r->at++;
  out[0] = meanings[letter - letters];
  return 1;
}

/* Decode one character of a string; a quote that ends it was seen before.  Answers how many bytes it wrote, 4
 * at most and never more than it read; 0 when no character can stand here. */
static size_t read_char(struct reader *r, char *out)
{
  if (take(r, '\\'))
    return read_escape(r, out);
  size_t length = utf8_length(r->at, (size_t)(r->end - r->at));
  if (length == 0 || (unsigned char)*r->at < 0x20)
    return 0;
  memcpy(out, r->at, length);
  r->at += length;
  return length;
}

static int skip_string(struct reader *r)
{
  char ignored[4];
  if (!take(r, '"'))
    return 0;
  while (!take(r, '"'))
    if (read_char(r, ignored) == 0)
      return 0;
  return 1;
}

size_t json_decode(char *out, const char *raw, size_t size)
{
  struct reader r = {raw, raw + size};
  size_t total = 0;
  size_t length = 1;
  while (r.at < r.end && length > 0) {
    length = read_char(&r, out + total);
    total += length;
  }
  return total;
}

/* --- values ------------------------------------------------------------- */

static int skip_digits(struct reader *r)
{
  const char *begin = r->at;
  while (peek(r) >= '0' && peek(r) <= '9')
    r->at++;
  return r->at > begin;
}

static int skip_number(struct reader *r)
{
  (void)take(r, '-');
  if (!take(r, '0') && !skip_digits(r))
    return 0;
  if (take(r, '.') && !skip_digits(r))
    return 0;
  if (take(r, 'e') || take(r, 'E')) {
    if (!take(r, '+'))
      (void)take(r, '-');
    return skip_digits(r);
  }
  return 1;
}

static unsigned type_of(char first)
{
  switch (first) {
  case '{':
    return CREDENCE_JSON_OBJECT;
  case '[':
    return CREDENCE_JSON_ARRAY;
  case '"':
    return CREDENCE_JSON_STRING;
  case 't':
  case 'f':
    return CREDENCE_JSON_BOOLEAN;
  case 'n':
    return CREDENCE_JSON_NULL;
  default:
    return CREDENCE_JSON_NUMBER;
  }
}

/* A value that is neither array nor object. */
static int skip_scalar(struct reader *r)
{
  switch (type_of(peek(r))) {
  case CREDENCE_JSON_STRING:
    return skip_string(r);
  case CREDENCE_JSON_BOOLEAN:
    return skip_word(r, peek(r) == 't' ? "true" : "false");
  case CREDENCE_JSON_NULL:
    return skip_word(r, "null");
  default:
    return skip_number(r);
  }
}

/* The name of a member, with its colon.  The name as a value is a string. */
static int skip_name(struct reader *r, struct json_value *ret_name)
{
  skip_space(r);
  const char *begin = r->at;
  if (!skip_string(r))
    return 0;
  *ret_name = (struct json_value){CREDENCE_JSON_STRING, begin + 1, (size_t)(r->at - begin) - 2};
  skip_space(r);
  return take(r, ':');
}

/* The arrays and objects that have begun and not ended.  The lowest bit is for
 * the innermost of them: 1 for an object. */
struct nesting {
  uint64_t objects;
  unsigned depth;
};

static int enter(struct reader *r, struct nesting *nesting)
{
  nesting->objects = nesting->objects << 1 | (*r->at == '{');
  r->at++;
  return ++nesting->depth <= DEPTH_MAX;
}

/* Does the innermost array or object end here? */
static int at_its_end(struct reader *r, const struct nesting *nesting)
{
  skip_space(r);
  return peek(r) == (nesting->objects & 1 ? '}' : ']');
}

static void leave_all_that_end(struct reader *r, struct nesting *nesting)
{
  while (nesting->depth > 0 && at_its_end(r, nesting)) {
    r->at++;
    nesting->objects >>= 1;
    nesting->depth--;
  }
}

/* What stands in front of the value of the next member or element. */
static int begin_item(struct reader *r, const struct nesting *nesting)
{
  struct json_value ignored;
  return (nesting->objects & 1) == 0 || skip_name(r, &ignored);
}

/* White space in front, a value, and all that is in it. */
static int skip_value(struct reader *r)
{
  struct nesting nesting = {0, 0};
  for (;;) {
    skip_space(r);
    if (peek(r) == '{' || peek(r) == '[') {
      if (!enter(r, &nesting))
        return 0;
      if (!at_its_end(r, &nesting)) {
        if (!begin_item(r, &nesting))
          return 0;
        continue;
      }
    } else if (!skip_scalar(r)) {
      return 0;
    }
    leave_all_that_end(r, &nesting);
    if (nesting.depth == 0)
      return 1;
    if (!take(r, ',') || !begin_item(r, &nesting))
      return 0;
  }
}

int json_valid(const char *text, size_t size)
{
  if (size == 0) /* text may be NULL */
    return 0;
  struct reader r = {text, text + size};
  if (!skip_value(&r))
    return 0;
  skip_space(&r);
  return r.at == r.end;
}

/* --- pointers ----------------------------------------------------------- */

/* "" or a slash in front of each token; "~" only as "~0" and "~1". */
static int pointer_valid(const char *pointer)
{
  if (*pointer != '\0' && *pointer != '/')
    return 0;
  for (; *pointer != '\0'; pointer++)
    if (*pointer == '~' && pointer[1] != '0' && pointer[1] != '1')
      return 0;
  return 1;
}

/* Take one byte of a token that has not ended. */
static char next_of_token(struct reader *token)
{
  char c = *token->at++;
  return c != '~' ? c : *token->at++ == '0' ? '~' : '/';
}

/* Compares decoded characters, so that nothing has to be kept. */
static int is_named(const struct json_value *name, struct reader token)
{
  struct reader r = {name->at, name->at + name->size};
  while (r.at < r.end) {
    char bytes[4];
    size_t length = read_char(&r, bytes);
    for (size_t i = 0; i < length; i++)
      if (token.at == token.end || next_of_token(&token) != bytes[i])
        return 0;
  }
  return token.at == token.end;
}

/* Behind "{": go to the value of the last member of that name. */
static int find_member(struct reader *r, struct reader token)
{
  const char *found = NULL;
  struct json_value name;
  while (skip_name(r, &name)) {
    if (is_named(&name, token))
      found = r->at;
    if (!skip_value(r))
      return 0;
    skip_space(r);
    if (!take(r, ','))
      break;
  }
  if (found == NULL)
    return 0;
  r->at = found;
  return 1;
}

/* Eighteen digits are more than any text has elements. */
static int read_index(struct reader token, uint64_t *ret_index)
{
  uint64_t index = 0;
  const char *begin = token.at;
  if (!skip_digits(&token) || token.at != token.end || token.at - begin > 18)
    return 0;
  if (*begin == '0' && token.at - begin > 1)
    return 0;
  for (; begin < token.end; begin++)
    index = index * 10 + (uint64_t)(*begin - '0');
  *ret_index = index;
  return 1;
}

/* Behind "[": go to the element of that index. */
static int find_element(struct reader *r, struct reader token)
{
  uint64_t index = 0;
  if (!read_index(token, &index))
    return 0;
  for (; index > 0; index--) {
    if (!skip_value(r))
      return 0;
    skip_space(r);
    if (!take(r, ','))
      return 0;
  }
  return 1; /* in front of "]" if there is no such element: no value, as the caller will see */
}

static int find_child(struct reader *r, struct reader token)
{
  skip_space(r);
  if (take(r, '{'))
    return find_member(r, token);
  return take(r, '[') && find_element(r, token);
}

int json_find(const char *text, size_t size, const char *pointer, struct json_value *ret_value)
{
  struct reader r = {text, text + size};
  if (!pointer_valid(pointer))
    return CREDENCE_E_INVALID;
  while (*pointer != '\0') {
    struct reader token = {pointer + 1, pointer + 1 + strcspn(pointer + 1, "/")};
    if (!find_child(&r, token))
      return CREDENCE_E_NOT_FOUND;
    pointer = token.end;
  }
  skip_space(&r);
  const char *begin = r.at;
  if (!skip_value(&r))
    return CREDENCE_E_NOT_FOUND;
  size_t quote = *begin == '"';
  *ret_value = (struct json_value){type_of(*begin), begin + quote, (size_t)(r.at - begin) - 2 * quote};
  return CREDENCE_OK;
}

/* --- integers ----------------------------------------------------------- */

/* What follows the "e" of a number.  Cut off where no text can have as many
 * digits. */
static int64_t read_exponent(struct reader r)
{
  int64_t exponent = 0;
  int negative = take(&r, '-');
  (void)take(&r, '+');
  for (; r.at < r.end; r.at++)
    if (exponent < EXPONENT_ENOUGH)
      exponent = exponent * 10 + (*r.at - '0');
  return negative ? -exponent : exponent;
}

/* The first digits, as many as there are places in front of the point; zeros
 * follow them when they are not enough. */
static int read_places(struct reader digits, int64_t places, int64_t *ret_integer)
{
  int64_t integer = 0;
  while (places > 0 && (digits.at < digits.end || integer > 0)) {
    if (take(&digits, '.'))
      continue;
    integer = integer * 10 + (digits.at < digits.end ? *digits.at++ - '0' : 0);
    if (integer > INTEGER_MAX)
      return CREDENCE_E_MALFORMED;
    places--;
  }
  *ret_integer = integer;
  return CREDENCE_OK;
}

int json_integer(const struct json_value *value, int64_t *ret_integer)
{
  struct reader digits = {value->at, value->at + value->size};
  struct reader r = digits;
  if (value->type != CREDENCE_JSON_NUMBER && value->type != CREDENCE_JSON_STRING)
    return CREDENCE_E_MALFORMED;
  if (!skip_number(&r) || r.at != r.end)
    return CREDENCE_E_MALFORMED;
  int negative = take(&digits, '-');
  r = digits;
  (void)skip_digits(&r);
  int64_t places = r.at - digits.at;
  while (r.at < r.end && *r.at != 'e' && *r.at != 'E')
    r.at++;
  digits.end = r.at;
  if (r.at < r.end) {
    r.at++;
    places += read_exponent(r); /* which moves the point */
  }
  int64_t integer = 0;
  int code = read_places(digits, places, &integer);
  if (code == CREDENCE_OK)
    *ret_integer = negative ? -integer : integer;
  return code;
}
