/* SPDX-License-Identifier: BSD-3-Clause */
/* A file that is too large for memory, as the body of a request. */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "body-file.h"
#include "credence.h"
#include "output.h"

void body_file_init(struct body_file *body)
{
  *body = (struct body_file){.file = -1};
}

bool body_file_take(struct body_file *body, int file, const char *name, uint64_t size)
{
  body->file = file;
  body->size = size;
  body->name = strdup(name);
  return body->name != NULL;
}

void body_file_clear(struct body_file *body)
{
  if (body->file >= 0)
    close(body->file);
  free(body->name);
  body_file_init(body);
}

int body_file_read(void *userdata, uint64_t offset, void *buffer, size_t size, size_t *ret_size)
{
  struct body_file *body = userdata;
  ssize_t got;

  do
    got = pread(body->file, buffer, size, (off_t)offset);
  while (got < 0 && errno == EINTR);
  if (got < 0) {
    body->read_error = errno;
    return CREDENCE_E_FAILED;
  }
  body->has_changed = (got == 0) != (offset >= body->size);
  if (body->has_changed)
    return CREDENCE_E_CONFLICT;
  *ret_size = (size_t)got;
  return CREDENCE_OK;
}

bool body_file_complain(const struct body_file *body)
{
  if (body->has_changed)
    complain(EXIT_FAILED, "send it when nothing writes to it", "%s has changed its size meanwhile",
             body->name);
  else if (body->read_error)
    complain(EXIT_FAILED, "give a file that can be read", "cannot read %s: %s", body->name,
             strerror(body->read_error));
  return body->has_changed || body->read_error;
}
