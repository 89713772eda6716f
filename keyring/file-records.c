/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * file-records.c - read and change the plaintext of the file keyring
 *
 * A keyring holds a few dozen records, so finding one by reading all of them
 * is fast and leaves no index that could be wrong.
 */
#include "file-records.h"

#include "big-endian.h"

#include <string.h>

#define LENGTH_SIZE 4u

static int next_field(const unsigned char *plain, size_t size, size_t *offset, struct record_part *field)
{
  const unsigned char *at = plain + *offset;
  size_t left = size - *offset, length;

  if (left < LENGTH_SIZE)
    return -1;
  length = load_length(at);
  if (length > left - LENGTH_SIZE)
    return -1;
  field->data = at + LENGTH_SIZE;
  field->size = length;
  *offset += LENGTH_SIZE + length;
  return 0;
}

int record_next(const unsigned char *plain, size_t size, size_t *offset, struct record *record)
{
  if (*offset == size)
    return 0;
  record->start = plain + *offset;
  for (int i = 0; i < RECORD_FIELDS; i++)
    if (next_field(plain, size, offset, &record->field[i]) < 0)
      return -1;
  record->size = (size_t)(plain + *offset - record->start);
  return 1;
}

int record_field_is(const struct record *record, enum record_field field, const char *text)
{
  const struct record_part *part = &record->field[field];

  return part->size == strlen(text) && memcmp(part->data, text, part->size) == 0;
}

void record_set_field(struct record *record, enum record_field field, const char *text)
{
  record->field[field].data = (const unsigned char *)text;
  record->field[field].size = strlen(text);
}

int record_find(const unsigned char *plain, size_t size, const char *profile, const char *kind,
                struct record *ret_record)
{
  size_t offset = 0;
  int r;

  while ((r = record_next(plain, size, &offset, ret_record)) == 1)
    if (record_field_is(ret_record, RECORD_PROFILE, profile) &&
        record_field_is(ret_record, RECORD_KIND, kind))
      return 1;
  return r;
}

size_t record_encoded_size(const struct record *record)
{
  size_t size = 0;

  for (int i = 0; i < RECORD_FIELDS; i++)
    size += LENGTH_SIZE + record->field[i].size;
  return size;
}

static unsigned char *append_field(unsigned char *out, const struct record_part *field)
{
  store_length(out, field->size);
  memcpy(out + LENGTH_SIZE, field->data, field->size);
  return out + LENGTH_SIZE + field->size;
}

size_t record_replace(const unsigned char *plain, size_t size, const struct record *old,
                      const struct record *record, unsigned char *out)
{
  size_t before = old ? (size_t)(old->start - plain) : size;
  size_t after = old ? size - before - old->size : 0;
  unsigned char *end = out;

  if (before > 0)
    memcpy(end, plain, before);
  end += before;
  if (after > 0)
    memcpy(end, plain + size - after, after);
  end += after;
  for (int i = 0; record && i < RECORD_FIELDS; i++)
    end = append_field(end, &record->field[i]);
  return (size_t)(end - out);
}
