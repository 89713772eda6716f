/* SPDX-License-Identifier: BSD-3-Clause */
/* conf-line.c - the file of a profile as one printable line; see conf-line.h */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "conf-line.h"
#include "encode.h"
#include "error.h"
#include "inifile.h"
#include "secret.h"

#define PREFIX "p1:"
#define PREFIX_SIZE 3u

int conf_line_encode(const struct profile_file *file, char **ret_line, credence_error **error)
{
  struct buf text;
  char *line = NULL;
  buf_init(&text, INIFILE_MAX);
  int r = profile_file_render(file, &text, error);
  if (r == 0) {
    line = secret_alloc(PREFIX_SIZE + base64url_size(text.size) + 1);
    r = line == NULL ? error_nomem(error) : 0;
  }
  if (r == 0) {
    memcpy(line, PREFIX, PREFIX_SIZE);
    base64url_encode(line + PREFIX_SIZE, (const unsigned char *)text.data, text.size);
    *ret_line = line;
  }
  buf_reset(&text);
  return r;
}

int conf_line_decode(const char *path, const char *line, struct profile_file *ret_file,
                     credence_error **error)
{
  size_t size = strlen(line);
  char *text = malloc(size + 1);
  if (text == NULL)
    return error_nomem(error);
  long used = strncmp(line, PREFIX, PREFIX_SIZE) != 0
                  ? -1
                  : base64url_decode((unsigned char *)text, line + PREFIX_SIZE, size - PREFIX_SIZE);
  int r = 0;
  if (used < 0) {
    r = error_set(error, CREDENCE_E_MALFORMED, "export it again", "%s: is not the file of a profile", path);
  } else {
    text[used] = '\0';
    r = profile_file_parse(path, text, (size_t)used, ret_file, error);
  }
  free(text);
  return r;
}
