/* SPDX-License-Identifier: BSD-3-Clause */
/* buf.c - a growing run of bytes; see buf.h */
#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "credence.h"

void buf_init(struct buf *buf, size_t max)
{
  memset(buf, 0, sizeof(*buf));
  buf->max = max;
}

void buf_reset(struct buf *buf)
{
  if (buf->data != NULL) {
    explicit_bzero(buf->data, buf->capacity);
    free(buf->data);
  }
  buf_init(buf, buf->max);
}

static void buf_fail(struct buf *buf, int code)
{
  buf_reset(buf);
  buf->failed = code;
}

/* Not realloc(), which would leave the old bytes behind in freed memory. */
static int buf_grow(struct buf *buf, size_t need)
{
  size_t capacity = buf->capacity < 64 ? 64 : buf->capacity;
  while (capacity < need)
    capacity *= 2;
  if (capacity > buf->max + 1)
    capacity = buf->max + 1;
  char *data = malloc(capacity);
  if (data == NULL)
    return CREDENCE_E_NOMEM;
  if (buf->data != NULL) {
    memcpy(data, buf->data, buf->size);
    explicit_bzero(buf->data, buf->capacity);
    free(buf->data);
  }
  buf->data = data;
  buf->capacity = capacity;
  return 0;
}

void buf_append(struct buf *buf, const void *data, size_t size)
{
  if (buf->failed != 0)
    return;
  if (size > buf->max || buf->size > buf->max - size) {
    buf_fail(buf, CREDENCE_E_TOO_LARGE);
    return;
  }
  if (buf->size + size + 1 > buf->capacity && buf_grow(buf, buf->size + size + 1) < 0) {
    buf_fail(buf, CREDENCE_E_NOMEM);
    return;
  }
  if (size > 0)
    memcpy(buf->data + buf->size, data, size);
  buf->size += size;
  buf->data[buf->size] = '\0';
}

void buf_text(struct buf *buf, const char *text)
{
  buf_append(buf, text, strlen(text));
}

void buf_char(struct buf *buf, char c)
{
  buf_append(buf, &c, 1);
}

void buf_format(struct buf *buf, const char *format, ...)
{
  char *text = NULL;
  va_list args;
  va_start(args, format);
  int size = vasprintf(&text, format, args);
  va_end(args);
  if (size < 0) {
    buf_fail(buf, CREDENCE_E_NOMEM);
    return;
  }
  buf_append(buf, text, (size_t)size);
  explicit_bzero(text, (size_t)size);
  free(text);
}

int buf_ok(const struct buf *buf)
{
  return buf->failed;
}

char *buf_take(struct buf *buf, size_t *ret_size)
{
  buf_append(buf, "", 0);
  if (buf->failed != 0)
    return NULL;
  char *data = buf->data;
  if (ret_size != NULL)
    *ret_size = buf->size;
  buf_init(buf, buf->max); /* transferred */
  return data;
}
