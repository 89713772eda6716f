/* SPDX-License-Identifier: BSD-3-Clause */
/* host-message.c - the services about the request and the response; see credence-plugin.h */
#include "config.h"

#include <json-c/json.h>
#include <string.h>

#include "encode.h"
#include "error.h"
#include "host-call.h"
#include "secret.h"

int host_request_part(credence_call *base, uint32_t part, credence_bytes *out)
{
  const struct call *call = call_of(base);
  if (call->request == NULL)
    return CREDENCE_E_UNSUPPORTED;
  const struct message *message = &call->request->attempt;
  switch (part) {
  case CREDENCE_METHOD:
    *out = credence_text(message->method);
    return 0;
  case CREDENCE_SCHEME:
    *out = credence_text(call->profile->url.scheme);
    return 0;
  case CREDENCE_AUTHORITY:
    *out = credence_text(call->profile->host);
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
    *out = message->body;
    return 0;
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
    return message_find_header(pristine, name, &index) == NULL ? 0 : preset(call, "header", name);
  case CREDENCE_APPEND_QUERY:
  case CREDENCE_SET_QUERY:
    return has_parameter(pristine->query, name) ? preset(call, "query parameter", name) : 0;
  case CREDENCE_APPEND_FORM:
    return has_parameter(pristine->body, name) ? preset(call, "form field", name) : 0;
  default:
    return 0;
  }
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
  default:
    return CREDENCE_E_UNSUPPORTED;
  }
}

int host_edit(credence_call *base, uint32_t change, const char *name, const credence_bytes *value)
{
  struct call *call = call_of(base);
  if (call->request == NULL || call->response != NULL)
    return CREDENCE_E_UNSUPPORTED;
  if (value == NULL || (name == NULL && change != CREDENCE_SET_BODY))
    return CREDENCE_E_INVALID;
  int r = check_preset(call, change, name);
  return r < 0 ? r : apply(call, change, name, *value);
}

/* prefix, then lead and secret in the encoding, in secret memory. */
static int compose(const credence_bytes *prefix, const credence_bytes *lead,
                   const struct secret_value *secret, uint32_t encoding, char **ret_text, size_t *ret_size)
{
  size_t plain_size = lead->size + secret->size;
  size_t encoded = encoding == CREDENCE_BASE64 ? base64_size(plain_size) : plain_size;
  char *plain = secret_alloc(plain_size + 1);
  char *text = secret_alloc(prefix->size + encoded + 1);
  if (plain == NULL || text == NULL) {
    secret_free(plain);
    secret_free(text);
    return CREDENCE_E_NOMEM;
  }
  if (lead->size > 0)
    memcpy(plain, lead->data, lead->size);
  memcpy(plain + lead->size, secret->data, secret->size);
  if (prefix->size > 0)
    memcpy(text, prefix->data, prefix->size);
  if (encoding == CREDENCE_BASE64)
    base64_encode(text + prefix->size, plain, plain_size);
  else
    memcpy(text + prefix->size, plain, plain_size);
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
  if (call->request == NULL || call->response != NULL ||
      (encoding != CREDENCE_PLAIN && encoding != CREDENCE_BASE64))
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
  *out = (credence_bytes){response->body, response->body_size};
  return 0;
}

static int parse_body(credence_response *response)
{
  if (response->json != NULL || response->json_failed)
    return response->json_failed ? CREDENCE_E_MALFORMED : 0;
  struct json_tokener *tokener = json_tokener_new_ex(64);
  if (tokener == NULL)
    return CREDENCE_E_NOMEM;
  if (response->body_size <= 16u * 1024u * 1024u)
    response->json = json_tokener_parse_ex(tokener, response->body, (int)response->body_size + 1);
  response->json_failed = response->json == NULL;
  json_tokener_free(tokener);
  return response->json_failed ? CREDENCE_E_MALFORMED : 0;
}

static uint32_t type_of(struct json_object *value)
{
  switch (json_object_get_type(value)) {
  case json_type_boolean:
    return CREDENCE_JSON_BOOLEAN;
  case json_type_double:
  case json_type_int:
    return CREDENCE_JSON_NUMBER;
  case json_type_string:
    return CREDENCE_JSON_STRING;
  case json_type_array:
    return CREDENCE_JSON_ARRAY;
  case json_type_object:
    return CREDENCE_JSON_OBJECT;
  default:
    return CREDENCE_JSON_NULL;
  }
}

int host_response_json(credence_call *base, const char *pointer, uint32_t *type, credence_bytes *text)
{
  credence_response *response = call_of(base)->response;
  struct json_object *value = NULL;
  if (response == NULL)
    return CREDENCE_E_UNSUPPORTED;
  if (pointer == NULL)
    return CREDENCE_E_INVALID;
  int r = parse_body(response);
  if (r < 0)
    return r;
  if (json_pointer_get(response->json, pointer, &value) < 0)
    return CREDENCE_E_NOT_FOUND;
  *type = type_of(value);
  *text = (credence_bytes){NULL, 0};
  if (*type == CREDENCE_JSON_STRING)
    *text = (credence_bytes){json_object_get_string(value), (size_t)json_object_get_string_len(value)};
  else if (*type == CREDENCE_JSON_NUMBER || *type == CREDENCE_JSON_BOOLEAN)
    *text = credence_text(json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN));
  return 0;
}
