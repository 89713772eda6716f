/* SPDX-License-Identifier: BSD-3-Clause */
/* params.c - the parameters of a request, as a CloudStack-like server sees them; see params.h */
#include "params.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void params_begin(struct params *params, const char *space)
{
  params->count = 0;
  params->space = space;
}

static int hex_value(char c)
{
  if (c >= '0' && c <= '9')
    return c - '0';
  if (c >= 'a' && c <= 'f')
    return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* A form-encoded text as the server decodes it; *ret_size bytes and a NUL. */
static char *decode(credence_call *call, credence_bytes text, size_t *ret_size)
{
  const char *in = text.data;
  size_t size = 0;
  char *out = credence_memory(call, text.size + 1);
  if (out == NULL)
    return NULL;
  for (size_t i = 0; i < text.size; i++) {
    int byte = in[i] == '+' ? ' ' : (unsigned char)in[i];
    if (byte == '%' && text.size - i >= 3 && hex_value(in[i + 1]) >= 0 && hex_value(in[i + 2]) >= 0) {
      byte = hex_value(in[i + 1]) * 16 + hex_value(in[i + 2]);
      i += 2;
    }
    out[size++] = (char)byte;
  }
  out[size] = '\0';
  *ret_size = size;
  return out;
}

/* Java's URLEncoder leaves these; "~" is not among them, and "*" is. */
static int java_leaves(char c)
{
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         (c != '\0' && strchr(".-*_", c) != NULL);
}

static char *encode(credence_call *call, const char *in, size_t size, const char *space)
{
  static const char digits[] = "0123456789ABCDEF";
  char *text = credence_memory(call, 3 * size + 1);
  char *out = text;
  if (text == NULL)
    return NULL;
  for (size_t i = 0; i < size; i++) {
    if (java_leaves(in[i])) {
      *out++ = in[i];
    } else if (in[i] == ' ') {
      out = memcpy(out, space, strlen(space));
      out += strlen(space);
    } else {
      *out++ = '%';
      *out++ = digits[(unsigned char)in[i] >> 4];
      *out++ = digits[(unsigned char)in[i] & 15];
    }
  }
  *out = '\0';
  return text;
}

/* Well-formed UTF-8?  Java would put U+FFFD for anything else, and sign that. */
static int is_utf8(const char *text, size_t size)
{
  const unsigned char *s = (const unsigned char *)text;
  for (size_t i = 0; i < size;) {
    size_t more = s[i] < 0x80 ? 0 : s[i] < 0xe0 ? 1 : s[i] < 0xf0 ? 2 : 3;
    if (s[i] >= 0x80 && (s[i] < 0xc2 || s[i] > 0xf4 || size - i <= more))
      return 0;
    if ((s[i] == 0xe0 && s[i + 1] < 0xa0) || (s[i] == 0xed && s[i + 1] > 0x9f) ||
        (s[i] == 0xf0 && s[i + 1] < 0x90) || (s[i] == 0xf4 && s[i + 1] > 0x8f))
      return 0;
    for (i++; more > 0; more--, i++)
      if ((s[i] & 0xc0) != 0x80)
        return 0;
  }
  return 1;
}

/* Names go into the text as they are, so they must be beyond doubt. */
static int is_plain_name(const char *name, size_t size)
{
  if (size == 0 || strlen(name) != size)
    return 0;
  for (size_t i = 0; i < size; i++)
    if (name[i] <= ' ' || name[i] > '~' || name[i] == '&' || name[i] == '=')
      return 0;
  return 1;
}

static int add(struct params *params, credence_call *call, credence_bytes name, credence_bytes value)
{
  size_t name_size = 0;
  size_t value_size = 0;
  char *decoded = decode(call, value, &value_size);
  char *plain = decode(call, name, &name_size);
  if (decoded == NULL || plain == NULL)
    return CREDENCE_E_NOMEM;
  if (!is_plain_name(plain, name_size) || !is_utf8(decoded, value_size))
    return credence_fail(call, CREDENCE_E_INVALID,
                         "a parameter has a name that is not plain ASCII, or a value that is not UTF-8");
  char *encoded = encode(call, decoded, value_size, params->space);
  if (encoded == NULL)
    return CREDENCE_E_NOMEM;
  params->items[params->count].name = plain;
  params->items[params->count].value = encoded;
  params->count++;
  return 0;
}

static int collect_pairs(struct params *params, credence_call *call, credence_bytes pairs)
{
  const char *at = pairs.data;
  const char *end = at == NULL ? NULL : at + pairs.size;
  int r = 0;
  while (r == 0 && at != NULL && at < end) {
    const char *stop = memchr(at, '&', (size_t)(end - at));
    size_t size = (size_t)((stop == NULL ? end : stop) - at);
    const char *equals = memchr(at, '=', size);
    size_t name_size = equals == NULL ? size : (size_t)(equals - at);
    const credence_bytes name = {at, name_size};
    const credence_bytes value = {equals == NULL ? "" : equals + 1,
                                  equals == NULL ? 0 : size - name_size - 1};
    if (params->count == PARAMS_MAX)
      r = credence_fail(call, CREDENCE_E_TOO_LARGE, "the request has more than 256 parameters");
    else if (size > 0)
      r = add(params, call, name, value);
    at = stop == NULL ? NULL : stop + 1;
  }
  return r;
}

/* Is the body a form?  Anything else is not among the parameters. */
static int has_form(credence_call *call)
{
  static const char form[] = "application/x-www-form-urlencoded";
  credence_bytes name;
  credence_bytes value;
  for (size_t i = 0; credence_header_at(call, i, &name, &value) == 0; i++)
    if (name.size == 12 && strncasecmp(name.data, "Content-Type", 12) == 0)
      return value.size >= sizeof(form) - 1 && strncmp(value.data, form, sizeof(form) - 1) == 0;
  return 0;
}

int params_collect(struct params *params, credence_call *call)
{
  credence_bytes query;
  credence_bytes body;
  int r = credence_request_part(call, CREDENCE_QUERY, &query);
  if (r == 0)
    r = collect_pairs(params, call, query);
  if (r < 0 || !has_form(call))
    return r;
  r = credence_request_part(call, CREDENCE_BODY, &body);
  return r < 0 ? r : collect_pairs(params, call, body);
}

int ascii_lower(int c)
{
  return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
}

static int compare_bytes(const void *a, const void *b)
{
  return strcmp(((const struct param *)a)->name, ((const struct param *)b)->name);
}

static int compare_lower(const void *a, const void *b)
{
  const unsigned char *x = (const unsigned char *)((const struct param *)a)->name;
  const unsigned char *y = (const unsigned char *)((const struct param *)b)->name;
  while (*x != '\0' && ascii_lower(*x) == ascii_lower(*y)) {
    x++;
    y++;
  }
  return ascii_lower(*x) - ascii_lower(*y);
}

static int compare_underscore(const void *a, const void *b)
{
  int first = strcmp(((const struct param *)a)->name, "_") == 0;
  int second = strcmp(((const struct param *)b)->name, "_") == 0;
  return first != second ? second - first : compare_bytes(a, b);
}

int params_sort(struct params *params, enum params_order order, credence_call *call)
{
  char text[160];
  int (*compare)(const void *, const void *) = compare_bytes;
  if (order == PARAMS_LOWER_CASE)
    compare = compare_lower;
  else if (order == PARAMS_UNDERSCORE_FIRST)
    compare = compare_underscore;
  qsort(params->items, params->count, sizeof(params->items[0]), compare);
  for (size_t i = 1; i < params->count; i++)
    if (compare(&params->items[i - 1], &params->items[i]) == 0) {
      snprintf(text, sizeof(text), "the parameter %.60s stands twice, and the server signs only one",
               params->items[i].name);
      return credence_fail(call, CREDENCE_E_REFUSED, text);
    }
  return 0;
}

static char *put_lower(char *out, const char *text)
{
  for (; *text != '\0'; text++)
    *out++ = (char)ascii_lower((unsigned char)*text);
  return out;
}

char *params_text(const struct params *params, credence_bytes prefix, credence_call *call, size_t *ret_size)
{
  size_t size = prefix.size;
  for (size_t i = 0; i < params->count; i++)
    size += strlen(params->items[i].name) + strlen(params->items[i].value) + 2;
  char *text = credence_memory(call, size + 1);
  if (text == NULL)
    return NULL;
  if (prefix.size > 0)
    memcpy(text, prefix.data, prefix.size);
  char *out = text + prefix.size;
  for (size_t i = 0; i < params->count; i++) {
    if (i > 0)
      *out++ = '&';
    out = put_lower(out, params->items[i].name);
    *out++ = '=';
    out = put_lower(out, params->items[i].value);
  }
  *out = '\0';
  *ret_size = (size_t)(out - text);
  return text;
}
