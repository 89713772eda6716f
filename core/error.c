/* SPDX-License-Identifier: BSD-3-Clause */
/* error.c - error objects; see error.h */
#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "encode.h"

#define TEXT_MAX 1024

struct credence_error {
  int code;
  int is_static;
  char message[TEXT_MAX];
  char remedy[TEXT_MAX];
};

/* There is no memory for this one. */
static credence_error out_of_memory = {CREDENCE_E_NOMEM, 1, "out of memory", ""};

/* Copy src, escaped; what does not fit is cut before the character that does
 * not fit. */
static void copy_escaped(char *dst, const char *src)
{
  size_t used = 0;
  size_t left = strlen(src);
  while (left > 0) {
    char escape[8];
    size_t length = utf8_length(src, left);
    size_t size = length;
    const char *from = src;
    if (length == 0 || is_control(src, length)) {
      length = 1;
      size = (size_t)snprintf(escape, sizeof(escape), "\\x%02x", (unsigned)(unsigned char)*src);
      from = escape;
    }
    if (used + size >= TEXT_MAX)
      break;
    memcpy(dst + used, from, size);
    used += size;
    src += length;
    left -= length;
  }
  dst[used] = '\0';
}

__attribute__((format(printf, 3, 0))) static credence_error *error_new(int code, const char *remedy,
                                                                       const char *format, va_list args)
{
  char *text = NULL;
  credence_error *new = calloc(1, sizeof(*new));
  if (new == NULL || vasprintf(&text, format, args) < 0) {
    free(new);
    return &out_of_memory;
  }
  new->code = code;
  copy_escaped(new->message, text);
  copy_escaped(new->remedy, remedy == NULL ? "" : remedy);
  free(text);
  return new;
}

int error_set(credence_error **error, int code, const char *remedy, const char *format, ...)
{
  if (error == NULL)
    return code;
  va_list args;
  va_start(args, format);
  credence_error *new = error_new(code, remedy, format, args);
  va_end(args);
  /* Only now: the text may quote the error that it replaces. */
  credence_error_free(error);
  *error = new;
  return code;
}

int error_pass(credence_error **error, int code, credence_error **from)
{
  if (error == NULL) {
    credence_error_free(from);
  } else if (*from != NULL) {
    credence_error_free(error);
    *error = *from;
    *from = NULL; /* transferred */
  }
  return code;
}

int error_nomem(credence_error **error)
{
  return error_set(error, CREDENCE_E_NOMEM, NULL, "out of memory");
}

int credence_error_code(const credence_error *error)
{
  return error == NULL ? CREDENCE_OK : error->code;
}

const char *credence_error_message(const credence_error *error)
{
  return error == NULL ? "" : error->message;
}

const char *credence_error_remedy(const credence_error *error)
{
  return error == NULL ? "" : error->remedy;
}

void credence_error_free(credence_error **error)
{
  if (error == NULL || *error == NULL)
    return;
  if (!(*error)->is_static)
    free(*error);
  *error = NULL;
}

const char *credence_strerror(int code)
{
  static const char *const words[] = {
      "done",         "failed",          "out of memory", "invalid",    "not found",    "locked",
      "would prompt", "dismissed",       "timed out",     "no keyring", "keyring lost", "ambiguous",
      "conflict",     "corrupt",         "too large",     "denied",     "refused",      "unsupported",
      "rejected",     "network failure", "malformed",     "no session",
  };
  size_t index = (size_t) - (long)code;
  if (code > 0 || index >= sizeof(words) / sizeof(words[0]))
    return "unknown code";
  return words[index];
}

const char *credence_version(void)
{
  return PACKAGE_VERSION;
}
