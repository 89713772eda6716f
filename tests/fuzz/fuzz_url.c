/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fuzz_url.c - URLs and targets, given anything
 *
 * Nothing may crash, and what is accepted must mean the same when it is put
 * together from its parts and read again: then nobody between us and the server
 * can understand it otherwise.
 *
 * To build and run, in the top folder of a configured tree:
 *   clang -g -O1 -fsanitize=fuzzer,address,undefined -D_GNU_SOURCE -I. -Icore -Ibuild \
 *     tests/fuzz/fuzz_url.c core/{url,endpoint,error,encode}.c -o fuzz_url
 *   ./fuzz_url -max_total_time=300 -max_len=512
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "credence.h"
#include "profile.h"
#include "url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int holds)
{
  if (!holds)
    abort();
}

static int same(const char *a, size_t a_size, const char *b, size_t b_size)
{
  if (a == NULL || b == NULL)
    return a == b;
  return a_size == b_size && memcmp(a, b, a_size) == 0;
}

static void must_be_same(const struct url *a, const struct url *b)
{
  must(same(a->path, a->path_size, b->path, b->path_size));
  must(same(a->query, a->query_size, b->query, b->query_size));
}

/* All that is accepted is printable ASCII, and has no byte that means something
 * to those who write requests. */
static void must_be_plain(const char *text)
{
  for (; *text != '\0'; text++)
    must(*text > ' ' && *text < 0x7f && strchr("\\\"<>^`{|}#", *text) == NULL);
}

static void try_absolute(const char *text)
{
  struct url url;
  struct url again;
  char *joined = NULL;
  if (url_parse(text, &url, NULL) < 0)
    return;
  must_be_plain(text);
  must(url_is_absolute(text) && url.host_size > 0 && url.port > 0 && url.port < 65536);
  must(memchr(url.host, '@', url.host_size) == NULL);
  char *origin = url_origin(&url);
  must(origin != NULL);
  must(asprintf(&joined, "%s%.*s%s%.*s", origin, (int)url.path_size, url.path, url.query == NULL ? "" : "?",
                (int)url.query_size, url.query == NULL ? "" : url.query) >= 0);
  must(url_parse(joined, &again, NULL) == 0);
  must(strcmp(url.scheme, again.scheme) == 0 && url.port == again.port);
  must(same(url.host, url.host_size, again.host, again.host_size));
  must_be_same(&url, &again);
  free(joined);
  free(origin);
}

static void try_target(const char *text)
{
  struct url url;
  struct url again;
  credence_error *error = NULL;
  int r = url_parse_target(text, &url, &error);
  must(r == credence_error_code(error));
  credence_error_free(&error);
  if (r < 0)
    return;
  must_be_plain(text);
  must(url_parse_target(text, &again, NULL) == 0);
  must_be_same(&url, &again);
  must(url.path_size + (url.query == NULL ? 0 : 1 + url.query_size) == strlen(text));
}

static void try_endpoint(const char *text)
{
  struct url url;
  if (endpoint_parse(text, &url, NULL) == 0)
    must(url.query == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  char *text = malloc(size + 9);
  must(text != NULL);
  memcpy(text, "https://", 8);
  memcpy(text + 8, data, size);
  text[size + 8] = '\0';
  try_absolute(text);
  try_absolute(text + 8);
  try_endpoint(text);
  try_target(text + 8);
  (void)allow_rule_is_valid(text + 8);
  free(text);
  return 0;
}
