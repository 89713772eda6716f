/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * protocol.c - write and read the messages between library and helper
 *
 * Both sides use this file, and the library may be called where nothing may
 * be allocated or printed, so all of it works on memory of the caller.  What
 * is read comes from another program: no length is believed before it was
 * compared with what is there.
 */
#include "protocol.h"

#include "big-endian.h"

#include <string.h>

#define PREFIX_SIZE 4u                  /* length of the message */
#define FIELD_HEADER_SIZE (1u + 4u)     /* tag and length of a field */
#define NUMBER_SIZE (3u * sizeof(long)) /* decimal digits of any long, and more */

void keyring_write_begin(struct keyring_writer *writer, void *data, size_t size)
{
  writer->data = data;
  writer->size = size;
  writer->used = PREFIX_SIZE;
  writer->overflow = size < PREFIX_SIZE;
}

void keyring_write_field(struct keyring_writer *writer, char tag, const void *data, size_t size)
{
  if (writer->overflow)
    return;
  /* Two comparisons, since the sum of the sizes might wrap. */
  if (writer->size - writer->used < FIELD_HEADER_SIZE || size > UINT32_MAX ||
      writer->size - writer->used - FIELD_HEADER_SIZE < size) {
    writer->overflow = 1;
    return;
  }
  writer->data[writer->used] = (unsigned char)tag;
  store_length(writer->data + writer->used + 1, size);
  if (size > 0)
    memcpy(writer->data + writer->used + FIELD_HEADER_SIZE, data, size);
  writer->used += FIELD_HEADER_SIZE + size;
}

void keyring_write_text(struct keyring_writer *writer, char tag, const char *text)
{
  keyring_write_field(writer, tag, text, strlen(text));
}

void keyring_write_number(struct keyring_writer *writer, char tag, long number)
{
  char text[NUMBER_SIZE];
  size_t at = sizeof text;
  /* Negating in unsigned arithmetic is defined for LONG_MIN too. */
  unsigned long rest = number < 0 ? 0ul - (unsigned long)number : (unsigned long)number;

  do {
    text[--at] = (char)('0' + rest % 10);
    rest /= 10;
  } while (rest > 0);
  if (number < 0)
    text[--at] = '-';
  keyring_write_field(writer, tag, text + at, sizeof text - at);
}

size_t keyring_write_end(struct keyring_writer *writer)
{
  if (writer->overflow || writer->used - PREFIX_SIZE > KEYRING_MESSAGE_MAX)
    return 0;
  store_length(writer->data, writer->used - PREFIX_SIZE);
  return writer->used;
}

/* The size of the field at the start of message, header not counted; -1 when
 * it is not whole. */
static int field_size(const unsigned char *message, size_t size, size_t *ret_size)
{
  size_t length;

  if (size < FIELD_HEADER_SIZE)
    return -1;
  length = load_length(message + 1);
  if (length > size - FIELD_HEADER_SIZE)
    return -1;
  *ret_size = length;
  return 0;
}

int keyring_read_field(const unsigned char *message, size_t size, char tag, size_t index,
                       const unsigned char **ret_data, size_t *ret_size)
{
  size_t length = 0;

  while (size > 0) {
    if (field_size(message, size, &length) < 0)
      return -1;
    if (message[0] == (unsigned char)tag && index-- == 0) {
      *ret_data = message + FIELD_HEADER_SIZE;
      *ret_size = length;
      return 1;
    }
    message += FIELD_HEADER_SIZE + length;
    size -= FIELD_HEADER_SIZE + length;
  }
  return 0;
}

int keyring_message_valid(const unsigned char *message, size_t size)
{
  size_t length = 0;

  if (size > KEYRING_MESSAGE_MAX)
    return 0;
  while (size > 0) {
    if (field_size(message, size, &length) < 0)
      return 0;
    message += FIELD_HEADER_SIZE + length;
    size -= FIELD_HEADER_SIZE + length;
  }
  return 1;
}
