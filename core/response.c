/* SPDX-License-Identifier: BSD-3-Clause */
/* response.c - an answer, as it arrives and as it is read; see request.h and credence.h */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "encode.h"
#include "error.h"
#include "request.h"

#define BODY_MAX (64u * 1024u * 1024u)
#define HEADERS_MAX 512u
#define HEADER_BYTES_MAX (256u * 1024u)
#define LINE_OVERHEAD 4u    /* a colon, a space, the end of the line */
#define STATUS_OVERHEAD 32u /* a status line, about */

int credence_response_new(credence_response **ret_response, credence_error **error)
{
  credence_response *new = calloc(1, sizeof(*new));
  if (new == NULL)
    return error_nomem(error);
  buf_init(&new->body, BODY_MAX);
  *ret_response = new;
  return 0;
}

/* Answers to logins have tokens in them, in headers too. */
static void wipe(const credence_bytes *text)
{
  if (text->data != NULL)
    explicit_bzero((void *)(uintptr_t)text->data, text->size);
  free((void *)(uintptr_t)text->data);
}

static void forget_headers(credence_response *response)
{
  for (size_t i = 0; i < response->header_count; i++) {
    wipe(&response->headers[i].name);
    wipe(&response->headers[i].value);
  }
  response->header_count = 0;
}

void credence_response_free(credence_response **response)
{
  if (response == NULL || *response == NULL)
    return;
  forget_headers(*response);
  free((*response)->headers);
  buf_reset(&(*response)->body);
  free(*response);
  *response = NULL;
}

/* A new status: what came before was an interim response (RFC 9110, 15.2). */
void credence_response_set_status(credence_response *response, int status)
{
  response->status = status;
  forget_headers(response);
  response->header_bytes += STATUS_OVERHEAD;
  if (response->header_bytes > HEADER_BYTES_MAX)
    response->failed = CREDENCE_E_TOO_LARGE;
}

static int fail(credence_response *response, int code, const char *what, credence_error **error)
{
  if (response->failed == 0)
    response->failed = code;
  return code == CREDENCE_E_NOMEM ? error_nomem(error)
                                  : error_set(error, code, NULL, "the answer has more %s than fit", what);
}

static int grow_headers(credence_response *response)
{
  if ((response->header_count & 15u) != 0)
    return 0;
  struct header *headers = realloc(response->headers, (response->header_count + 16) * sizeof(*headers));
  if (headers == NULL)
    return CREDENCE_E_NOMEM;
  response->headers = headers;
  return 0;
}

int credence_response_add_header(credence_response *response, const char *name, const char *value,
                                 credence_error **error)
{
  response->header_bytes += strlen(name) + strlen(value) + LINE_OVERHEAD;
  if (response->header_count == HEADERS_MAX || response->header_bytes > HEADER_BYTES_MAX)
    return fail(response, CREDENCE_E_TOO_LARGE, "headers", error);
  if (grow_headers(response) < 0)
    return fail(response, CREDENCE_E_NOMEM, "", error);
  const struct header header = {{strdup(name), strlen(name)}, {strdup(value), strlen(value)}};
  if (header.name.data == NULL || header.value.data == NULL) {
    wipe(&header.name);
    wipe(&header.value);
    return fail(response, CREDENCE_E_NOMEM, "", error);
  }
  response->headers[response->header_count++] = header;
  return 0;
}

int credence_response_add_body(credence_response *response, const void *data, size_t size,
                               credence_error **error)
{
  buf_append(&response->body, data, size);
  int r = buf_ok(&response->body);
  return r == 0 ? 0 : fail(response, r, "body", error);
}

int response_check(const credence_response *response, const char *origin, credence_error **error)
{
  if (response->failed == CREDENCE_E_NOMEM)
    return error_nomem(error);
  if (response->failed != 0)
    return error_set(error, response->failed, NULL, "%s answered with more %s than fit", origin,
                     buf_ok(&response->body) != 0 ? "body" : "headers");
  if (response->status < 100)
    return error_set(error, CREDENCE_E_NETWORK, "is an HTTP server there?", "%s did not answer as HTTP does",
                     origin);
  return 0;
}

const char *response_header(const credence_response *response, const char *name)
{
  for (size_t i = 0; i < response->header_count; i++)
    if (ascii_equal(response->headers[i].name.data, response->headers[i].name.size, name, strlen(name)))
      return response->headers[i].value.data;
  return NULL;
}

int credence_response_status(const credence_response *response)
{
  return response->status;
}

int credence_response_header(const credence_response *response, size_t index, const char **ret_name,
                             const char **ret_value)
{
  if (index >= response->header_count)
    return CREDENCE_E_NOT_FOUND;
  *ret_name = response->headers[index].name.data;
  *ret_value = response->headers[index].value.data;
  return 0;
}

const char *credence_response_body(const credence_response *response, size_t *ret_size)
{
  if (ret_size != NULL)
    *ret_size = response->body.size;
  return response->body.data == NULL ? "" : response->body.data;
}
