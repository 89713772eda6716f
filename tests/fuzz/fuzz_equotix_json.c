/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fuzz_equotix_json.c - the canonical JSON of Equotix One, given anything
 *
 * Nothing may crash.  What is written must itself be a body that can be signed,
 * and reading it again must change nothing.  One round is allowed for minus
 * zero: -0.0 is written as -0, which PHP reads as the integer 0.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "canonical.h"
#include "credence-plugin.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int make(const char *body, size_t size, struct text *out)
{
  struct canonical canonical;
  int code;

  canonical_begin(&canonical);
  code = canonical_read(&canonical, body, size);
  if (code == CREDENCE_OK)
    code = canonical_write(&canonical, out);
  if (code != CREDENCE_OK && canonical.reason[0] == '\0')
    abort();
  canonical_free(&canonical);
  return code;
}

static void compare(const struct text *left, const struct text *right)
{
  if (left->size != right->size || memcmp(left->data, right->data, left->size) != 0)
    abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct text texts[3];

  for (size_t i = 0; i < 3; i++)
    text_begin(&texts[i], NULL, 0);
  /* PHP writes an object without members as a list, which is no body. */
  if (make((const char *)data, size, &texts[0]) == CREDENCE_OK && texts[0].data[0] == '{') {
    if (make(texts[0].data, texts[0].size, &texts[1]) != CREDENCE_OK ||
        make(texts[1].data, texts[1].size, &texts[2]) != CREDENCE_OK)
      abort();
    compare(&texts[1], &texts[2]);
  }
  for (size_t i = 0; i < 3; i++)
    text_free(&texts[i]);
  return 0;
}
