/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * canonical.c - the canonical request; see canonical.h
 *
 * Source: "Create a signed AWS API request", step 1, in the IAM User Guide.  The rules
 * for paths, which that page leaves in part to the reader, are those of AWS's public
 * test suite.
 */
#include "canonical.h"

#include <stdlib.h>
#include <string.h>

/* --- bytes ------------------------------------------------------------------------ */

/* RFC 3986, section 2.3.  A table, since every signature asks for every byte. */
static const unsigned char unreserved[256] = {
    ['A' ... 'Z'] = 1, ['a' ... 'z'] = 1, ['0' ... '9'] = 1, ['-'] = 1, ['.'] = 1, ['_'] = 1, ['~'] = 1,
};

static char *put_encoded(char *out, unsigned char c)
{
  static const char digits[] = "0123456789ABCDEF";
  if (unreserved[c]) {
    *out++ = (char)c;
    return out;
  }
  *out++ = '%';
  *out++ = digits[c >> 4];
  *out++ = digits[c & 15];
  return out;
}

static unsigned hex_value(char c)
{
  if (c >= '0' && c <= '9')
    return (unsigned)(c - '0');
  return (unsigned)((c | 0x20) - 'a') + 10;
}

/* The byte that stands at *at, which may be written as %XX: the host lets no other "%"
 * pass. */
static unsigned char take_decoded(const char **at)
{
  const char *in = *at;
  if (*in != '%') {
    *at = in + 1;
    return (unsigned char)*in;
  }
  *at = in + 3;
  return (unsigned char)(hex_value(in[1]) << 4 | hex_value(in[2]));
}

/* --- path --------------------------------------------------------------------------- */

/* Without empty segments, "." and "..".  At most as long as path. */
static credence_bytes normalized(credence_bytes path, char *out)
{
  const char *at = path.data;
  const char *end = at + path.size;
  char *start = out;
  while (at < end) {
    const char *slash = memchr(at, '/', (size_t)(end - at));
    size_t size = (size_t)((slash == NULL ? end : slash) - at);
    if (size == 2 && memcmp(at, "..", 2) == 0) {
      while (out > start && *--out != '/')
        continue;
    } else if (size > 0 && !(size == 1 && *at == '.')) {
      *out++ = '/';
      out = put(out, at, size);
    }
    at += size + 1;
  }
  if (out == start || end[-1] == '/')
    *out++ = '/';
  return (credence_bytes){start, (size_t)(out - start)};
}

/* Encoded as it is, "%" and all. */
static char *put_encoded_path(char *out, credence_bytes path)
{
  const unsigned char *in = path.data;
  for (size_t i = 0; i < path.size; i++) {
    if (in[i] == '/')
      *out++ = '/';
    else
      out = put_encoded(out, in[i]);
  }
  return out;
}

/* Each byte encoded once, however the caller wrote it. */
static char *put_path(char *out, credence_bytes path)
{
  const char *at = path.data;
  const char *end = at + path.size;
  while (at < end) {
    if (*at == '/')
      *out++ = *at++;
    else
      out = put_encoded(out, take_decoded(&at));
  }
  return out;
}

static char *put_canonical_path(char *out, credence_bytes path, struct path_rules rules, char *work)
{
  if (rules.normalize)
    path = normalized(path, work);
  return rules.double_encode ? put_encoded_path(out, path) : put_path(out, path);
}

/* --- query -------------------------------------------------------------------------- */

struct parameter {
  credence_bytes name; /* encoded once, as the values are */
  credence_bytes value;
};

static int compare_bytes(credence_bytes a, credence_bytes b)
{
  int order = memcmp(a.data, b.data, a.size < b.size ? a.size : b.size);
  return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}

static int compare_parameters(const void *a, const void *b)
{
  const struct parameter *x = a;
  const struct parameter *y = b;
  int order = compare_bytes(x->name, y->name);
  return order != 0 ? order : compare_bytes(x->value, y->value);
}

static credence_bytes encoded_once(const char *at, const char *end, char **out)
{
  char *start = *out;
  char *to = start; /* not *out, which the compiler would write back for each byte */
  while (at < end) {
    if (unreserved[(unsigned char)*at])
      *to++ = *at++;
    else
      to = put_encoded(to, take_decoded(&at));
  }
  *out = to;
  return (credence_bytes){start, (size_t)(to - start)};
}

static size_t parse_query(credence_bytes query, struct parameter *parameters, char *work)
{
  const char *at = query.data;
  const char *end = at + query.size;
  size_t count = 0;
  while (at < end) {
    const char *stop = memchr(at, '&', (size_t)(end - at));
    stop = stop == NULL ? end : stop;
    const char *equals = memchr(at, '=', (size_t)(stop - at));
    if (stop > at) {
      parameters[count].name = encoded_once(at, equals == NULL ? stop : equals, &work);
      parameters[count].value = encoded_once(equals == NULL ? stop : equals + 1, stop, &work);
      count++;
    }
    at = stop + 1;
  }
  return count;
}

static size_t count_parameters(credence_bytes query)
{
  const char *at = query.data;
  size_t count = 1;
  for (size_t i = 0; i < query.size; i++)
    count += at[i] == '&';
  return count;
}

/* Out has room for three times the query, and one byte for each parameter. */
static int put_query(credence_call *call, credence_bytes query, char **out)
{
  if (query.size == 0)
    return 0;
  if (memchr(query.data, '+', query.size) != NULL)
    return credence_fail(call, CREDENCE_E_INVALID,
                         "the query has a +, which some services read as a space and some as a plus: write "
                         "%20 or %2B");
  size_t count = count_parameters(query);
  struct parameter *parameters = credence_memory(call, count * sizeof(*parameters));
  char *work = credence_memory(call, 3 * query.size);
  if (parameters == NULL || work == NULL)
    return CREDENCE_E_NOMEM;
  count = parse_query(query, parameters, work);
  qsort(parameters, count, sizeof(*parameters), compare_parameters);
  for (size_t i = 0; i < count; i++) {
    if (i > 0)
      *(*out)++ = '&';
    *out = put(*out, parameters[i].name.data, parameters[i].name.size);
    *(*out)++ = '=';
    *out = put(*out, parameters[i].value.data, parameters[i].value.size);
  }
  return 0;
}

/* --- headers -------------------------------------------------------------------------- */

/* With one space where there were several; the host takes those at the ends. */
static char *put_value(char *out, credence_bytes value)
{
  const char *in = value.data;
  if (memchr(in, ' ', value.size) == NULL)
    return put(out, in, value.size);
  for (size_t i = 0; i < value.size; i++)
    if (in[i] != ' ' || i == 0 || in[i - 1] != ' ')
      *out++ = in[i];
  return out;
}

/* "name:value" and a line feed each; values of one name with "," between. */
static char *put_headers(char *out, const struct signed_headers *headers)
{
  for (size_t i = 0; i < headers->count; i++) {
    const struct signed_header *header = &headers->items[i];
    if (i > 0 && is_same_name(header, header - 1)) {
      out[-1] = ',';
    } else {
      out = put(out, header->name, header->name_size);
      *out++ = ':';
    }
    out = put_value(out, header->value);
    *out++ = '\n';
  }
  return out;
}

static size_t headers_size(const struct signed_headers *headers)
{
  size_t size = 0;
  for (size_t i = 0; i < headers->count; i++)
    size += headers->items[i].name_size + headers->items[i].value.size + 2;
  return size;
}

/* --- all of it -------------------------------------------------------------------------- */

int canonical_request(credence_call *call, const struct signed_headers *headers, struct path_rules rules,
                      credence_bytes payload, credence_bytes *ret_text)
{
  credence_bytes method;
  credence_bytes path;
  credence_bytes query;
  int r = credence_request_part(call, CREDENCE_METHOD, &method);
  if (r == 0)
    r = credence_request_part(call, CREDENCE_PATH, &path);
  if (r == 0)
    r = credence_request_part(call, CREDENCE_QUERY, &query);
  if (r < 0)
    return r;
  size_t room = method.size + 3 * path.size + 4 * query.size + headers_size(headers) + headers->names.size +
                payload.size + 8;
  char *start = credence_memory(call, room + path.size + 1);
  if (start == NULL)
    return CREDENCE_E_NOMEM;
  char *out = put(start, method.data, method.size);
  *out++ = '\n';
  out = put_canonical_path(out, path, rules, start + room);
  *out++ = '\n';
  r = put_query(call, query, &out);
  if (r < 0)
    return r;
  *out++ = '\n';
  out = put_headers(out, headers);
  *out++ = '\n';
  out = put(out, headers->names.data, headers->names.size);
  *out++ = '\n';
  out = put(out, payload.data, payload.size);
  *ret_text = (credence_bytes){start, (size_t)(out - start)};
  return 0;
}
