/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fuzz_protocol.c - what a keyring helper answers, and the records it stores
 *
 * A message that counts as whole must be readable to its end, and only such a
 * one; written anew from its fields it must be the same bytes.  A record that is
 * accepted must be the one form of what it holds.
 *
 * To build and run, in the top folder of a configured tree:
 *   clang -g -O1 -fsanitize=fuzzer,address,undefined -D_GNU_SOURCE -I. -Icore -Ibuild \
 *     tests/fuzz/fuzz_protocol.c keyring/protocol.c core/{record,encode,error,secret}.c -o fuzz_protocol
 *   ./fuzz_protocol -max_total_time=300 -max_len=2048
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../keyring/protocol.h"
#include "encode.h"
#include "record.h"
#include "secret.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int holds)
{
  if (!holds)
    abort();
}

/* Walk over the fields by themselves, and write each again. */
static void try_message(const unsigned char *message, size_t size)
{
  struct keyring_writer writer;
  unsigned char *copy = malloc(size + 4);
  size_t at = 0;
  must(copy != NULL);
  int valid = keyring_message_valid(message, size);
  keyring_write_begin(&writer, copy, size + 4);
  while (at < size) {
    const unsigned char *field = NULL;
    size_t length = 0;
    int r = keyring_read_field(message + at, size - at, (char)message[at], 0, &field, &length);
    must(valid ? r == 1 : r == 1 || r == -1);
    if (r < 0)
      break;
    must(field == message + at + 5 && length <= size - at - 5);
    keyring_write_field(&writer, (char)message[at], field, length);
    at += 5 + length;
  }
  must(valid == (at == size));
  if (valid) {
    must(keyring_write_end(&writer) == size + 4);
    must(memcmp(copy + 4, message, size) == 0);
  }
  free(copy);
}

/* Indices count up to some number, and every field lies within the message. */
static void try_indices(const unsigned char *message, size_t size)
{
  for (int tag = 0; tag < 256; tag += 5)
    for (size_t i = 0;; i++) {
      const unsigned char *field = NULL;
      size_t length = 0;
      if (keyring_read_field(message, size, (char)tag, i, &field, &length) != 1)
        break;
      must(field >= message && length <= size && field + length <= message + size);
    }
}

static void try_record(const uint8_t *data, size_t size, const char *prefix)
{
  struct record record = {NULL, 0};
  credence_error *error = NULL;
  size_t lead = strlen(prefix);
  char *text = malloc(lead + size + 1);
  must(text != NULL);
  memcpy(text, prefix, lead);
  memcpy(text + lead, data, size);
  text[lead + size] = '\0';
  int r = record_decode(text, &record, &error);
  must(r == credence_error_code(error));
  if (r == 0) {
    const unsigned char *found = NULL;
    size_t length = 0;
    char *again = malloc(base64url_size(record.size));
    must(again != NULL && base64url_size(record.size) == strlen(text) - 3);
    base64url_encode(again, record.data, record.size);
    must(memcmp(again, text + 3, strlen(text) - 3) == 0);
    free(again);
    (void)record_origin(&record, &found, &length);
    (void)record_get(&record, "6connect", "secret_key", &found, &length);
    record_clear(&record);
  }
  credence_error_free(&error);
  free(text);
}

/* The input as the fields of a record: encoded, it must come back. */
static void try_round(const uint8_t *data, size_t size)
{
  struct record record = {NULL, 0};
  char *text = NULL;
  const unsigned char *found = NULL;
  size_t length = 0;
  const struct record_entry entries[] = {{"p", "one", data, size / 2},
                                         {"p", "two", data + size / 2, size - size / 2}};
  const struct record_head head = {"https://a.example", "stamp", NULL, 0, NULL};
  must(record_encode(&head, entries, 2, &text, NULL) == 0);
  must(record_decode(text, &record, NULL) == 0);
  must(record_origin(&record, &found, &length) && length == 17 &&
       memcmp(found, "https://a.example", 17) == 0);
  for (size_t i = 0; i < 2; i++) {
    must(record_get(&record, "p", entries[i].field, &found, &length));
    must(length == entries[i].size && (length == 0 || memcmp(found, entries[i].data, length) == 0));
  }
  must(!record_get(&record, "p", "on", &found, &length) &&
       !record_get(&record, "p.one", "", &found, &length));
  record_clear(&record);
  secret_free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  try_message(data, size);
  try_indices(data, size);
  try_record(data, size, "");
  try_record(data, size, "c1:");
  if (size > 0 && size < 1024)
    try_round(data, size);
  return 0;
}
