/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * equotix_driver.c - the canonical JSON of Equotix One as a filter
 *
 * Reads one body a line in base64, and writes the text that would be signed in
 * base64, or "refused REASON".  equotix_differential.py compares it with PHP.
 */
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include <openssl/evp.h>

#include "canonical.h"
#include "credence-plugin.h"

/* Decodes in place.  Returns the size, or -1. */
static int decode(char *line, int size)
{
  int padding = 0;
  int decoded;

  while (padding < 2 && padding < size && line[size - 1 - padding] == '=')
    padding++;
  decoded = EVP_DecodeBlock((unsigned char *)line, (unsigned char *)line, size);
  return decoded < padding ? -1 : decoded - padding;
}

static int print_base64(const struct text *text)
{
  unsigned char *encoded = malloc(text->size / 3 * 4 + 8);

  if (encoded == NULL)
    return -1;
  (void)EVP_EncodeBlock(encoded, (const unsigned char *)text->data, (int)text->size);
  (void)puts((const char *)encoded);
  free(encoded);
  return 0;
}

/* The library escapes control characters in errors; here a line must stay one. */
static int print_refusal(char *reason)
{
  for (char *at = reason; *at != '\0'; at++) {
    if ((unsigned char)*at < 0x20)
      *at = '?';
  }
  return printf("refused %s\n", reason) < 0 ? -1 : 0;
}

static int answer(const char *body, size_t size)
{
  struct canonical canonical;
  struct text text;
  char *exact = malloc(size + (size == 0)); /* so that reading behind the body is noticed */
  int result = -1, code;

  canonical_begin(&canonical);
  text_begin(&text, NULL, 0);
  if (exact == NULL)
    goto out;
  memcpy(exact, body, size);
  code = canonical_read(&canonical, exact, size);
  if (code == CREDENCE_OK)
    code = canonical_write(&canonical, &text);
  if (code == CREDENCE_OK)
    result = print_base64(&text);
  else
    result = print_refusal(canonical.reason);

out:
  text_free(&text);
  canonical_free(&canonical);
  free(exact);
  return result;
}

int main(void)
{
  char *line = NULL;
  size_t room = 0;
  ssize_t size;
  int decoded, result = 0;

  /* The locale's decimal point must not matter. */
  (void)setlocale(LC_ALL, "");
  while (result == 0 && (size = getline(&line, &room, stdin)) >= 0) {
    if (size > 0 && line[size - 1] == '\n')
      size--;
    decoded = decode(line, (int)size);
    result = decoded < 0 ? -1 : answer(line, (size_t)decoded);
    (void)fflush(stdout);
  }
  free(line);
  return result == 0 ? 0 : 1;
}
