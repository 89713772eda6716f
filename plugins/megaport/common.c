/* SPDX-License-Identifier: BSD-3-Clause */
/* common.c - what both ways of logging in to Megaport share; see common.h */
#include "common.h"

#include "../oauth2-client-credentials/token.h"

#include <stdio.h>
#include <string.h>

#define TRACE_SIZE 80

int option_is(credence_call *call, const char *option, const char *text, int *ret_is)
{
  credence_bytes value;
  int r = credence_value(call, option, &value);
  if (r == 0)
    *ret_is = strcmp(value.data, text) == 0;
  return r;
}

/* From the header Trace-Id or the member trace_id. */
static void read_trace_id(credence_call *call, char out[TRACE_SIZE])
{
  credence_bytes name;
  credence_bytes value;
  const char *member = json_string(call, "/trace_id");
  snprintf(out, TRACE_SIZE, "%s", member == NULL ? "" : member);
  for (size_t i = 0; credence_response_header_at(call, i, &name, &value) == 0; i++)
    if (same_word(name, "Trace-Id"))
      snprintf(out, TRACE_SIZE, "%.*s", (int)(value.size < TRACE_SIZE ? value.size : TRACE_SIZE - 1),
               (const char *)value.data);
}

int words_of(credence_call *call, char out[WORDS_SIZE])
{
  char trace_id[TRACE_SIZE];
  char status[48];
  const char *message = json_string(call, "/message");
  read_trace_id(call, trace_id);
  snprintf(status, sizeof(status), "the server answered %d", credence_status(call));
  snprintf(out, WORDS_SIZE, "%.280s%s%s%s", message == NULL ? status : message,
           *trace_id == '\0' ? "" : " (trace id ", trace_id, *trace_id == '\0' ? "" : ")");
  return message != NULL;
}
