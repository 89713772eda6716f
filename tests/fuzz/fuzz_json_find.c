/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fuzz_json_find.c - a JSON Pointer and a JSON text, given anything
 *
 * The input is the pointer, a NUL byte, and the text.  Nothing behind the text
 * may be read, whether it is valid or not.  What is found in a valid text must be
 * a part of it and valid by itself; a decoded string is UTF-8 no longer than it
 * was; an integer is what strtod() reads, but for what that rounds.
 *
 * To build and run, in the top folder of a configured tree:
 *   clang -g -O1 -fsanitize=fuzzer,address,undefined -D_GNU_SOURCE -I. -Icore -Ibuild \
 *     tests/fuzz/fuzz_json_find.c core/{json-find,encode}.c -lm -o fuzz_json_find
 *   ./fuzz_json_find -max_total_time=300 -max_len=1024
 */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "credence-plugin.h"
#include "encode.h"
#include "json-find.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int holds)
{
  if (!holds)
    abort();
}

/* In memory of just its size, or with a NUL byte behind it. */
static char *copy_of(const void *data, size_t size, size_t nul)
{
  char *copy = malloc(size + nul);
  must(copy != NULL || size + nul == 0);
  if (size > 0)
    memcpy(copy, data, size);
  if (nul > 0)
    copy[size] = '\0';
  return copy;
}

static void try_string(const struct json_value *value)
{
  char *raw = copy_of(value->at, value->size, 0);
  char *out = copy_of(value->at, value->size, 0);
  size_t length = json_decode(out, raw, value->size);
  must(length <= value->size && utf8_valid(out, length));
  must(length > 0 || value->size == 0);
  free(out);
  free(raw);
}

/* Of a number and of a string; the latter need not be one. */
static void try_integer(const struct json_value *value)
{
  char *text = copy_of(value->at, value->size, 1);
  struct json_value copy = {value->type, text, value->size};
  int64_t integer = 0;
  double theirs = strtod(text, NULL);
  int code = json_integer(&copy, &integer);
  if (code == CREDENCE_OK) {
    must(json_valid(text, value->size) && integer > -(INT64_C(1) << 53) && integer < INT64_C(1) << 53);
    must(fabs(trunc(theirs) - (double)integer) <= 1.0);
  } else {
    must(code == CREDENCE_E_MALFORMED);
    must(value->type == CREDENCE_JSON_STRING || fabs(theirs) >= 9007199254740991.0);
  }
  free(text);
}

static void try_value(const char *text, size_t size, const struct json_value *value)
{
  size_t quote = value->type == CREDENCE_JSON_STRING;
  int64_t integer = 0;
  must(value->type >= CREDENCE_JSON_NULL && value->type <= CREDENCE_JSON_OBJECT);
  must(value->at >= text + quote && value->size + quote <= size - (size_t)(value->at - text));
  must(json_valid(value->at - quote, value->size + 2 * quote));
  if (quote)
    try_string(value);
  if (quote || value->type == CREDENCE_JSON_NUMBER)
    try_integer(value);
  else
    must(json_integer(value, &integer) == CREDENCE_E_MALFORMED);
}

static void try_pointer(const char *text, size_t size, const char *pointer)
{
  struct json_value value = {0, NULL, 0};
  int code = json_find(text, size, pointer, &value);
  must(code == CREDENCE_OK || code == CREDENCE_E_NOT_FOUND || code == CREDENCE_E_INVALID);
  if (!json_valid(text, size))
    return;
  must(code == CREDENCE_OK || *pointer != '\0');
  if (code == CREDENCE_OK)
    try_value(text, size, &value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static const char *const pointers[] = {"",     "/",    "/0",   "/1",     "/a",
                                         "/a/0", "/0/a", "/a/a", "/0/0/0", "/~0~1"};
  size_t length = strnlen((const char *)data, size);
  size_t rest = length < size ? length + 1 : size;
  char *pointer = copy_of(data, length, 1);
  char *text = copy_of(data + rest, size - rest, 0);
  if (size > rest) {
    try_pointer(text, size - rest, pointer);
    for (size_t i = 0; i < sizeof(pointers) / sizeof(pointers[0]); i++)
      try_pointer(text, size - rest, pointers[i]);
  }
  free(text);
  free(pointer);
  return 0;
}
