/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * canonical-headers.c - which headers are signed; see canonical.h
 *
 * All that the request has, but for those that change on the way.  Names in lower
 * case and sorted; values of one name stay in their order.
 *
 * Source: "Create a signed AWS API request", step 1, in the IAM User Guide.
 */
#include "canonical.h"

#include <string.h>

/* Proxies and tracing change the first two, and the last is the signature's own place.
 * Others of that kind, as Connection, no request of the host has. */
static int is_left_out(const struct signed_header *header)
{
  static const credence_bytes names[] = {{"user-agent", 10}, {"x-amzn-trace-id", 15}, {"authorization", 13}};
  for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
    if (header->name_size == names[i].size && memcmp(header->name, names[i].data, names[i].size) == 0)
      return 1;
  return 0;
}

static int is_behind(const struct signed_header *x, const struct signed_header *y)
{
  size_t common = x->name_size < y->name_size ? x->name_size : y->name_size;
  int order = memcmp(x->name, y->name, common);
  return order > 0 || (order == 0 && x->name_size > y->name_size);
}

/* The number of headers, and bytes of their names. */
static void measure(credence_call *call, size_t *ret_count, size_t *ret_size)
{
  credence_bytes name;
  credence_bytes value;
  size_t count = 0;
  size_t size = 0;
  for (; credence_header_at(call, count, &name, &value) == 0; count++)
    size += name.size;
  *ret_count = count;
  *ret_size = size;
}

static const char *lower_copy(char *out, credence_bytes name)
{
  const char *in = name.data;
  for (size_t i = 0; i < name.size; i++)
    out[i] = (char)(in[i] >= 'A' && in[i] <= 'Z' ? in[i] + ('a' - 'A') : in[i]);
  return out;
}

/* In its place among those that are there, behind others of its name.  There are at most a
 * hundred or so, and mostly three. */
static void add(struct signed_headers *headers, const char *name, size_t name_size, credence_bytes value)
{
  const struct signed_header header = {name, name_size, value};
  size_t place = headers->count;
  if (is_left_out(&header))
    return;
  for (; place > 0 && is_behind(&headers->items[place - 1], &header); place--)
    headers->items[place] = headers->items[place - 1];
  headers->items[place] = header;
  headers->count++;
}

static int add_all(credence_call *call, credence_bytes content_length, size_t count, char *names,
                   struct signed_headers *headers)
{
  credence_bytes name;
  credence_bytes value;
  int r = credence_request_part(call, CREDENCE_AUTHORITY, &value);
  if (r < 0)
    return r;
  add(headers, "host", 4, value);
  if (content_length.data != NULL)
    add(headers, "content-length", 14, content_length);
  for (size_t i = 0; i < count; i++) {
    r = credence_header_at(call, i, &name, &value);
    if (r < 0)
      return r;
    add(headers, lower_copy(names, name), name.size, value);
    names += name.size;
  }
  return 0;
}

static void join_names(struct signed_headers *headers, char *out)
{
  headers->names.data = out;
  for (size_t i = 0; i < headers->count; i++) {
    const struct signed_header *header = &headers->items[i];
    if (i > 0 && is_same_name(header, header - 1))
      continue;
    if (i > 0)
      *out++ = ';';
    out = put(out, header->name, header->name_size);
  }
  headers->names.size = (size_t)(out - (const char *)headers->names.data);
}

int signed_headers_collect(credence_call *call, credence_bytes content_length,
                           struct signed_headers *ret_headers)
{
  static const char own[] = "host;content-length;";
  struct signed_headers headers = {NULL, 0, {NULL, 0}};
  size_t count = 0;
  size_t size = 0;
  measure(call, &count, &size);
  headers.items =
      credence_memory(call, (count + 2) * sizeof(*headers.items) + 2 * size + count + sizeof(own));
  if (headers.items == NULL)
    return CREDENCE_E_NOMEM;
  char *names = (char *)(headers.items + count + 2);
  int r = add_all(call, content_length, count, names, &headers);
  if (r < 0)
    return r;
  join_names(&headers, names + size);
  *ret_headers = headers;
  return 0;
}
