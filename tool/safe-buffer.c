/* SPDX-License-Identifier: BSD-3-Clause */
/* Protected memory, and reading a secret into it. */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "credence.h"
#include "safe-buffer.h"

int safe_buffer_new(struct safe_buffer *ret_buffer, size_t capacity)
{
  void *data = mmap(NULL, capacity, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

  if (data == MAP_FAILED)
    return CREDENCE_E_NOMEM;
  /* Both may be forbidden; the secret is only here for a moment. */
  (void)mlock(data, capacity);
  (void)madvise(data, capacity, MADV_DONTDUMP);
  *ret_buffer = (struct safe_buffer){.data = data, .size = 0, .capacity = capacity};
  return CREDENCE_OK;
}

void safe_buffer_free(struct safe_buffer *buffer)
{
  if (!buffer->data)
    return;
  explicit_bzero(buffer->data, buffer->capacity);
  munmap(buffer->data, buffer->capacity);
  *buffer = (struct safe_buffer){0};
}

static void drop_newline(struct safe_buffer *buffer)
{
  if (buffer->size > 0 && buffer->data[buffer->size - 1] == '\n') {
    buffer->size--;
    if (buffer->size > 0 && buffer->data[buffer->size - 1] == '\r')
      buffer->size--;
  }
}

int safe_buffer_read(struct safe_buffer *buffer, int descriptor)
{
  while (buffer->size < buffer->capacity) {
    ssize_t got = read(descriptor, buffer->data + buffer->size, buffer->capacity - buffer->size);

    if (got == 0)
      break;
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
      return CREDENCE_E_FAILED;
    buffer->size += (size_t)got;
  }
  drop_newline(buffer);
  if (buffer->size > SECRET_MAX)
    return CREDENCE_E_TOO_LARGE;
  return buffer->size > 0 ? CREDENCE_OK : CREDENCE_E_INVALID;
}
