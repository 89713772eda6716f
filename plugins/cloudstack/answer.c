/* SPDX-License-Identifier: BSD-3-Clause */
/* answer.c - what CloudStack says about a failure; see answer.h */
#include "answer.h"

#include "params.h"

#include <stdio.h>
#include <string.h>

#define COMMAND_MAX 80u
#define POINTER_SIZE (COMMAND_MAX + 32u)

/* "/listusersresponse/errortext"; the name of a command has letters and digits alone. */
static int make_pointer(const char *command, const char *member, char out[POINTER_SIZE])
{
  size_t size = command == NULL ? 0 : strlen(command);
  if (size == 0 || size > COMMAND_MAX)
    return -1;
  out[0] = '/';
  for (size_t i = 0; i < size; i++) {
    char c = (char)ascii_lower((unsigned char)command[i]);
    if ((c < 'a' || c > 'z') && (c < '0' || c > '9'))
      return -1;
    out[1 + i] = c;
  }
  snprintf(out + 1 + size, POINTER_SIZE - 1 - size, "response/%s", member);
  return 0;
}

static const char *text_at(credence_call *call, const char *pointer)
{
  uint32_t type = 0;
  credence_bytes text;
  if (credence_response_json(call, pointer, &type, &text) < 0 || type != CREDENCE_JSON_STRING)
    return NULL;
  return text.data;
}

const char *answer_errortext(credence_call *call, const char *command)
{
  char pointer[POINTER_SIZE];
  const char *text = make_pointer(command, "errortext", pointer) < 0 ? NULL : text_at(call, pointer);
  return text == NULL ? text_at(call, "/errorresponse/errortext") : text;
}

int64_t answer_code(credence_call *call, const char *command)
{
  char pointer[POINTER_SIZE];
  int64_t code = 0;
  if (make_pointer(command, "errorcode", pointer) == 0 &&
      credence_response_integer(call, pointer, &code) == 0)
    return code;
  if (credence_response_integer(call, "/errorresponse/errorcode", &code) == 0)
    return code;
  return credence_status(call);
}
