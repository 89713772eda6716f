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

#include <stdlib.h>
#include <string.h>

char *put(char *out, const void *data, size_t size)
{
  if (size > 0)
    memcpy(out, data, size);
  return out + size;
}

char *put_text(char *out, const char *text)
{
  return put(out, text, strlen(text));
}

/* Proxies and tracing change the first two, and the last is the signature's own place.
 * Others of that kind, as Connection, no request of the host has. */
static int is_left_out(const struct signed_header *header)
{
  static const char *const names[] = {"user-agent", "x-amzn-trace-id", "authorization"};
  for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
    if (header->name_size == strlen(names[i]) && memcmp(header->name, names[i], header->name_size) == 0)
      return 1;
  return 0;
}

static int compare(const void *a, const void *b)
{
  const struct signed_header *x = a;
  const struct signed_header *y = b;
  size_t common = x->name_size < y->name_size ? x->name_size : y->name_size;
  int order = memcmp(x->name, y->name, common);
  if (order == 0)
    order = (x->name_size > y->name_size) - (x->name_size < y->name_size);
  return order != 0 ? order : (x->index > y->index) - (x->index < y->index);
}

/* The number of headers, and bytes of their names. */
static void measure(credence_call *call, size_t *ret_count, size_t *ret_size)
{
  credence_bytes name;
  credence_bytes value;
  *ret_size = 0;
  for (*ret_count = 0; credence_header_at(call, *ret_count, &name, &value) == 0; ++*ret_count)
    *ret_size += name.size;
}

static const char *lower_copy(char *out, credence_bytes name)
{
  const char *in = name.data;
  for (size_t i = 0; i < name.size; i++)
    out[i] = (char)(in[i] >= 'A' && in[i] <= 'Z' ? in[i] + ('a' - 'A') : in[i]);
  return out;
}

static void add(struct signed_headers *headers, const char *name, size_t name_size, credence_bytes value)
{
  struct signed_header *header = &headers->items[headers->count];
  *header = (struct signed_header){name, name_size, value, headers->count};
  if (!is_left_out(header))
    headers->count++;
}

static int add_all(credence_call *call, size_t count, char *names, struct signed_headers *headers)
{
  credence_bytes name;
  credence_bytes value;
  int r = credence_request_part(call, CREDENCE_AUTHORITY, &value);
  if (r < 0)
    return r;
  add(headers, "host", 4, value);
  r = credence_request_part(call, CREDENCE_CONTENT_LENGTH, &value);
  if (r < 0)
    return r;
  /* A length of 0 is sent by some clients and not by others. */
  if (value.data != NULL && !(value.size == 1 && *(const char *)value.data == '0'))
    add(headers, "content-length", 14, value);
  for (size_t i = 0; i < count; i++) {
    r = credence_header_at(call, i, &name, &value);
    if (r < 0)
      return r;
    add(headers, lower_copy(names, name), name.size, value);
    names += name.size;
  }
  return 0;
}

static int is_same_name(const struct signed_header *a, const struct signed_header *b)
{
  return a->name_size == b->name_size && memcmp(a->name, b->name, a->name_size) == 0;
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

int signed_headers_collect(credence_call *call, struct signed_headers *ret_headers)
{
  static const char own[] = "host;content-length;";
  struct signed_headers headers = {NULL, 0, {NULL, 0}};
  size_t count = 0;
  size_t size = 0;
  measure(call, &count, &size);
  headers.items = credence_memory(call, (count + 2) * sizeof(*headers.items));
  char *names = credence_memory(call, 2 * size + count + sizeof(own));
  if (headers.items == NULL || names == NULL)
    return CREDENCE_E_NOMEM;
  int r = add_all(call, count, names, &headers);
  if (r < 0)
    return r;
  qsort(headers.items, headers.count, sizeof(*headers.items), compare);
  join_names(&headers, names + size);
  *ret_headers = headers;
  return 0;
}
