/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * text.c - a text that grows
 */
#include "text.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void text_begin(struct text *text, char *lent, size_t room)
{
  text->data = lent;
  text->size = 0;
  text->room = room;
  text->heap = NULL;
  text->failed = false;
}

void text_free(struct text *text)
{
  if (text == NULL)
    return;
  free(text->heap);
  text_begin(text, NULL, 0);
}

static bool make_room(struct text *text, size_t more)
{
  size_t room = text->room < 64 ? 64 : text->room;
  char *heap;

  if (text->failed || more > SIZE_MAX / 2 - text->size)
    goto failed;
  while (room < text->size + more)
    room *= 2;
  heap = realloc(text->heap, room);
  if (heap == NULL)
    goto failed;
  if (text->heap == NULL && text->size > 0)
    memcpy(heap, text->data, text->size);
  text->heap = text->data = heap;
  text->room = room;
  return true;

failed:
  text->failed = true;
  return false;
}

void text_add(struct text *text, const void *data, size_t size)
{
  if (size == 0 || (size > text->room - text->size && !make_room(text, size)))
    return;
  memcpy(text->data + text->size, data, size);
  text->size += size;
}

void text_add_string(struct text *text, const char *string)
{
  text_add(text, string, strlen(string));
}

void text_add_repeated(struct text *text, char character, size_t count)
{
  while (count-- > 0)
    text_add(text, &character, 1);
}

void text_add_integer(struct text *text, long long value)
{
  char digits[24];
  int size = snprintf(digits, sizeof digits, "%lld", value);

  text_add(text, digits, (size_t)size);
}
