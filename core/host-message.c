/* SPDX-License-Identifier: BSD-3-Clause */
/* host-message.c - the services about the request and the response; see credence-plugin.h */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "body.h"
#include "encode.h"
#include "error.h"
#include "host-call.h"
#include "json-find.h"
#include "secret.h"

static int body_part(struct call *call, const struct message *message, credence_bytes *out)
{
  if (message->reader.read != NULL)
    return error_set(&call->why, CREDENCE_E_UNSUPPORTED,
                     "send at most 64 MiB; a program gives them with credence_request_set_body()",
                     "it signs the body's bytes, which have to be in memory");
  *out = message->body;
  return 0;
}

static int content_length_part(credence_request *request, credence_bytes *out)
{
  char digits[24];
  *out = (credence_bytes){NULL, 0};
  if (!body_exists(&request->attempt))
    return 0;
  int size = snprintf(digits, sizeof(digits), "%" PRIu64, body_size(&request->attempt));
  const char *copy = arena_copy(&request->arena, digits, (size_t)size);
  if (copy == NULL)
    return CREDENCE_E_NOMEM;
  *out = (credence_bytes){copy, (size_t)size};
  return 0;
}

int host_request_part(credence_call *base, uint32_t part, credence_bytes *out)
{
  struct call *call = call_of(base);
  if (call->request == NULL)
    return CREDENCE_E_UNSUPPORTED;
  const struct message *message = &call->request->attempt;
  switch (part) {
  case CREDENCE_METHOD:
    *out = credence_text(message->method);
    return 0;
  case CREDENCE_SCHEME:
    *out = credence_text(call->request->place.scheme);
    return 0;
  case CREDENCE_AUTHORITY:
    *out = credence_text(call->request->place.host);
    return 0;
  case CREDENCE_PATH:
    *out = message->path;
    return 0;
  case CREDENCE_BASE_PATH:
    *out = credence_text(call->profile->base_path);
    return 0;
  case CREDENCE_QUERY:
    *out = message->query;
    return 0;
  case CREDENCE_BODY:
    return body_part(call, message, out);
  case CREDENCE_CONTENT_LENGTH:
    return content_length_part(call->request, out);
  default:
    return CREDENCE_E_UNSUPPORTED;
  }
}

static int header_at(const struct header *headers, size_t count, size_t index, credence_bytes *name,
                     credence_bytes *value)
{
  if (index >= count)
    return CREDENCE_E_NOT_FOUND;
  *name = headers[index].name;
  *value = headers[index].value;
  return 0;
}

int host_request_header(credence_call *base, size_t index, credence_bytes *name, credence_bytes *value)
{
  const credence_request *request = call_of(base)->request;
  if (request == NULL)
    return CREDENCE_E_UNSUPPORTED;
  return header_at(request->attempt.headers, request->attempt.header_count, index, name, value);
}

int host_request_query(credence_call *base, size_t index, credence_bytes *name, credence_bytes *value)
{
  const credence_request *request = call_of(base)->request;
  if (request == NULL)
    return CREDENCE_E_UNSUPPORTED;
  return query_at(request->attempt.query, index, name, value) ? 0 : CREDENCE_E_NOT_FOUND;
}

/* --- edits ---------------------------------------------------------------- */

static int preset(struct call *call, const char *what, const char *name)
{
  return error_set(&call->why, CREDENCE_E_REFUSED, "leave it out of the request",
                   "the request already has the %s %s, which the provider sets", what, name);
}

static int has_parameter(credence_bytes pairs, const char *name)
{
  credence_bytes at;
  credence_bytes value;
  while (query_next(&pairs, &at, &value))
    if (percent_equal(at.data, at.size, name))
      return 1;
  return 0;
}

/* Of two providers that set one header, the server would see one alone. */
static int check_other_providers(struct call *call, const char *name)
{
  size_t index = 0;
  const struct header *header = message_find_header(&call->request->attempt, name, &index);
  if (header == NULL || index >= call->headers_before)
    return 0;
  return error_set(&call->why, CREDENCE_E_REFUSED, "make a profile for each",
                   "another provider of the stack has set the header %s", name);
}

/* What a provider sets is its own: a caller who sets it as well would decide
 * what the server believes. */
static int check_preset(struct call *call, uint32_t change, const char *name)
{
  const struct message *pristine = &call->request->pristine;
  size_t index = 0;
  switch (change) {
  case CREDENCE_SET_HEADER:
  case CREDENCE_ADD_HEADER:
    if (is_transport_header(name))
      return error_set(&call->why, CREDENCE_E_REFUSED, "update the plugin",
                       "its plugin sets the header %s, which is the library's", name);
    if (message_find_header(pristine, name, &index) != NULL)
      return preset(call, "header", name);
    return check_other_providers(call, name);
  case CREDENCE_APPEND_QUERY:
  case CREDENCE_SET_QUERY:
    return has_parameter(pristine->query, name) ? preset(call, "query parameter", name) : 0;
  case CREDENCE_APPEND_FORM:
    return has_parameter(pristine->body, name) ? preset(call, "form field", name) : 0;
  default:
    return 0;
  }
}

static int set_place(struct call *call, credence_bytes value,
                     int (*set)(credence_request *request, const char *text, credence_error **error))
{
  const char *text = arena_copy(&call->request->arena, value.data, value.size);
  if (text == NULL)
    return CREDENCE_E_NOMEM;
  return strlen(text) == value.size ? set(call->request, text, &call->why) : CREDENCE_E_INVALID;
}

static int apply(struct call *call, uint32_t change, const char *name, credence_bytes value)
{
  struct arena *arena = &call->request->arena;
  struct message *message = &call->request->attempt;
  switch (change) {
  case CREDENCE_SET_HEADER:
    return message_set_header(arena, message, name, value, &call->why);
  case CREDENCE_ADD_HEADER:
    return message_add_header(arena, message, name, value, &call->why);
  case CREDENCE_APPEND_QUERY:
    return message_append_query(arena, message, name, value, &call->why);
  case CREDENCE_SET_QUERY:
    return message_set_query(arena, message, name, value, &call->why);
  case CREDENCE_APPEND_FORM:
    return message_append_form(arena, message, name, value, &call->why);
  case CREDENCE_SET_BODY:
    return message_set_body(arena, message, value, name, &call->why);
  case CREDENCE_SET_METHOD:
    return set_place(call, value, request_set_login_method);
  case CREDENCE_SET_TARGET:
    return set_place(call, value, request_set_login_target);
  default:
    return CREDENCE_E_UNSUPPORTED;
  }
}

/* What the body becomes may say its type or not; method and target have no name; the
 * rest must have one. */
static int check_name(struct call *call, uint32_t change, const char *name)
{
  int is_place = change == CREDENCE_SET_METHOD || change == CREDENCE_SET_TARGET;
  if (is_place && call->questions == NULL)
    return error_set(&call->why, CREDENCE_E_REFUSED, "update the plugin",
                     "its plugin changes where the request goes");
  return name == NULL && !is_place && change != CREDENCE_SET_BODY ? CREDENCE_E_INVALID : 0;
}

int host_edit(credence_call *base, uint32_t change, const char *name, const credence_bytes *value)
{
  struct call *call = call_of(base);
  if (call->request == NULL || call->response != NULL)
    return CREDENCE_E_UNSUPPORTED;
  if (value == NULL)
    return CREDENCE_E_INVALID;
  int r = check_name(call, change, name);
  if (r == 0)
    r = check_preset(call, change, name);
  return r < 0 ? r : apply(call, change, name, *value);
}

static int is_encoding(uint32_t encoding)
{
  return encoding == CREDENCE_PLAIN || encoding == CREDENCE_BASE64 || encoding == CREDENCE_FORM_BASE64;
}

/* lead and secret, the secret form-encoded when the encoding wants that. */
static char *join(const credence_bytes *lead, const struct secret_value *secret, uint32_t encoding,
                  size_t *ret_size)
{
  int is_form = encoding == CREDENCE_FORM_BASE64;
  size_t size = lead->size + (is_form ? percent_size(secret->data, secret->size) : secret->size);
  char *plain = secret_alloc(size + 1);
  if (plain == NULL)
    return NULL;
  if (lead->size > 0)
    memcpy(plain, lead->data, lead->size);
  if (is_form)
    percent_encode(plain + lead->size, secret->data, secret->size);
  else
    memcpy(plain + lead->size, secret->data, secret->size);
  *ret_size = size;
  return plain;
}

/* prefix, then lead and secret in the encoding, in secret memory. */
static int compose(const credence_bytes *prefix, const credence_bytes *lead,
                   const struct secret_value *secret, uint32_t encoding, char **ret_text, size_t *ret_size)
{
  size_t plain_size = 0;
  char *plain = join(lead, secret, encoding, &plain_size);
  size_t encoded = encoding == CREDENCE_PLAIN ? plain_size : base64_size(plain_size);
  char *text = secret_alloc(prefix->size + encoded + 1);
  if (plain == NULL || text == NULL) {
    secret_free(plain);
    secret_free(text);
    return CREDENCE_E_NOMEM;
  }
  if (prefix->size > 0)
    memcpy(text, prefix->data, prefix->size);
  if (encoding == CREDENCE_PLAIN)
    memcpy(text + prefix->size, plain, plain_size);
  else
    base64_encode(text + prefix->size, plain, plain_size);
  secret_free(plain);
  *ret_text = text;
  *ret_size = prefix->size + encoded;
  return 0;
}

int host_edit_secret(credence_call *base, uint32_t change, const char *name, const credence_bytes *prefix,
                     const credence_bytes *lead, const char *secret_name, uint32_t encoding)
{
  static const credence_bytes none = {"", 0};
  struct call *call = call_of(base);
  char *text = NULL;
  size_t size = 0;
  int r = 0;
  int is_place = change == CREDENCE_SET_METHOD || change == CREDENCE_SET_TARGET;
  if (call->request == NULL || call->response != NULL || !is_encoding(encoding) || is_place)
    return CREDENCE_E_UNSUPPORTED;
  struct secret_value *secret = host_secret(call, secret_name, &r);
  if (secret != NULL)
    r = compose(prefix == NULL ? &none : prefix, lead == NULL ? &none : lead, secret, encoding, &text, &size);
  if (r == 0) {
    const credence_bytes value = {text, size};
    r = host_edit(base, change, name, &value);
  }
  secret_free(text);
  return r;
}

/* --- the response --------------------------------------------------------- */

int host_response_status(credence_call *base)
{
  const credence_response *response = call_of(base)->response;
  return response == NULL ? CREDENCE_E_UNSUPPORTED : response->status;
}

int host_response_header(credence_call *base, size_t index, credence_bytes *name, credence_bytes *value)
{
  const credence_response *response = call_of(base)->response;
  if (response == NULL)
    return CREDENCE_E_UNSUPPORTED;
  return header_at(response->headers, response->header_count, index, name, value);
}

int host_response_body(credence_call *base, credence_bytes *out)
{
  const credence_response *response = call_of(base)->response;
  if (response == NULL)
    return CREDENCE_E_UNSUPPORTED;
  *out = (credence_bytes){response->body.data, response->body.size};
  return 0;
}

/* The value that pointer names in the body, which is checked once. */
static int find_json(credence_call *base, const char *pointer, struct json_value *ret_value)
{
  credence_response *response = call_of(base)->response;
  if (response == NULL)
    return CREDENCE_E_UNSUPPORTED;
  if (pointer == NULL)
    return CREDENCE_E_INVALID;
  if (response->json == JSON_UNCHECKED)
    response->json = json_valid(response->body.data, response->body.size) ? JSON_GOOD : JSON_BAD;
  if (response->json == JSON_BAD)
    return CREDENCE_E_MALFORMED;
  return json_find(response->body.data, response->body.size, pointer, ret_value);
}

/* A string decoded, and a number or word as it stands, with a NUL behind it, in
 * memory that is wiped. */
static int copy_text(struct arena *arena, const struct json_value *value, credence_bytes *text)
{
  char *copy = arena_alloc(arena, value->size + 1);
  size_t size = value->size;
  if (copy == NULL)
    return CREDENCE_E_NOMEM;
  if (value->type == CREDENCE_JSON_STRING)
    size = json_decode(copy, value->at, value->size);
  else
    memcpy(copy, value->at, size);
  copy[size] = '\0';
  *text = (credence_bytes){copy, size};
  return 0;
}

int host_response_json(credence_call *base, const char *pointer, uint32_t *type, credence_bytes *text)
{
  struct json_value value;
  int r = find_json(base, pointer, &value);
  if (r < 0)
    return r;
  *type = value.type;
  *text = (credence_bytes){NULL, 0};
  if (value.type != CREDENCE_JSON_STRING && value.type != CREDENCE_JSON_NUMBER &&
      value.type != CREDENCE_JSON_BOOLEAN)
    return 0;
  return copy_text(&call_of(base)->request->arena, &value, text);
}

int host_response_integer(credence_call *base, const char *pointer, int64_t *out)
{
  struct json_value value;
  int r = find_json(base, pointer, &value);
  if (r == 0 && value.type == CREDENCE_JSON_NULL)
    r = CREDENCE_E_NOT_FOUND;
  return r < 0 ? r : json_integer(&value, out);
}
