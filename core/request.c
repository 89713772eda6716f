/* SPDX-License-Identifier: BSD-3-Clause */
/* request.c - build a request, sign it, read it back; see request.h and credence.h */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "body.h"
#include "encode.h"
#include "error.h"
#include "host.h"
#include "json-check.h"
#include "request.h"
#include "session.h"
#include "target-names.h"

const struct message *request_current(const credence_request *request)
{
  return request->has_attempt ? &request->attempt : &request->pristine;
}

static void drop_attempt(credence_request *request)
{
  request->read_at = 0;
  if (!request->has_attempt)
    return;
  arena_rewind(&request->arena, request->mark);
  request->has_attempt = 0;
  request->is_signed = 0;
}

void credence_request_free(credence_request **request)
{
  if (request == NULL || *request == NULL)
    return;
  credence_request *r = *request;
  curl_forget(r);
  session_unref(r->session);
  free(r->nonce);
  request_give_back(r);
  *request = NULL;
}

int credence_request_new(credence_profile *profile, const char *method, const char *target,
                         credence_request **ret_request, credence_error **error)
{
  credence_request *new = request_take(profile);
  if (new == NULL)
    return error_nomem(error);
  new->profile = profile;
  new->place = (struct place){profile->url.scheme, profile->host, profile->origin, ""};
  int r = message_set_method(&new->arena, &new->pristine, method, error);
  if (target == NULL)
    target = "";
  if (r == 0)
    r = request_set_target(new, target, error);
  if (r < 0) {
    credence_request_free(&new);
    return r;
  }
  *ret_request = new;
  return 0;
}

/* --- building ------------------------------------------------------------- */

int credence_request_add_query(credence_request *request, const char *name, const char *value,
                               credence_error **error)
{
  drop_attempt(request);
  return message_append_query(&request->arena, &request->pristine, name, credence_text(value), error);
}

/* Headers that decide how the message is framed, where it goes, or who is
 * asking. */
static const char *reserved_for(const char *name)
{
  static const char *const credential[] = {"Authorization", "Proxy-Authorization", "Cookie", "Cookie2"};
  if (is_transport_header(name))
    return "the library sets it";
  for (size_t i = 0; i < sizeof(credential) / sizeof(credential[0]); i++)
    if (header_name_equal(name, strlen(name), credential[i]))
      return "the profile is the credential";
  return NULL;
}

int credence_request_add_header(credence_request *request, const char *name, const char *value,
                                credence_error **error)
{
  const char *reason = reserved_for(name);
  if (reason != NULL)
    return error_set(error, CREDENCE_E_REFUSED, "leave it out", "the header %s cannot be given: %s", name,
                     reason);
  drop_attempt(request);
  /* One media type: the caller's word counts. */
  if (ascii_equal(name, strlen(name), "Content-Type", 12)) {
    request->has_media_type = 1;
    return message_set_header(&request->arena, &request->pristine, name, credence_text(value), error);
  }
  return message_add_header(&request->arena, &request->pristine, name, credence_text(value), error);
}

int credence_request_set_body(credence_request *request, const void *data, size_t size,
                              const char *media_type, credence_error **error)
{
  drop_attempt(request);
  if (request->has_media_type)
    media_type = NULL;
  const credence_bytes body = {data == NULL ? "" : data, size};
  return message_set_body(&request->arena, &request->pristine, body, media_type, error);
}

/* A body without bytes is read here and now: nobody would ask for it later, and so
 * notice that it has some. */
static int set_empty_reader(credence_request *request, const struct body_reader *reader,
                            const char *media_type, credence_error **error)
{
  int r = body_check_end(reader, error);
  return r < 0 ? r : credence_request_set_body(request, "", 0, media_type, error);
}

int credence_request_set_body_reader(credence_request *request, credence_read_function read, void *userdata,
                                     uint64_t size, const char *media_type, credence_error **error)
{
  const struct body_reader reader = {read, userdata, size};
  if (read == NULL)
    return error_set(error, CREDENCE_E_INVALID, "credence_request_set_body() sets one in memory",
                     "the body has no read function");
  if (size > INT64_MAX)
    return error_set(error, CREDENCE_E_TOO_LARGE, NULL, "the body is larger than can be sent");
  if (size == 0)
    return set_empty_reader(request, &reader, media_type, error);
  drop_attempt(request);
  if (request->has_media_type)
    media_type = NULL;
  return message_set_reader(&request->arena, &request->pristine, &reader, media_type, error);
}

int credence_request_set_json(credence_request *request, const char *text, credence_error **error)
{
  struct json_fault fault;
  size_t size = strlen(text);
  if (size > MESSAGE_BODY_MAX)
    return error_set(error, CREDENCE_E_TOO_LARGE, NULL, "the JSON body is too large");
  if (!json_check(text, &fault))
    return error_set(error, CREDENCE_E_INVALID, "check quotes, commas and brackets",
                     "the body is not JSON: %s, at byte %zu", fault.why, fault.place);
  return credence_request_set_body(request, text, size, "application/json", error);
}

int credence_request_add_form(credence_request *request, const char *name, const char *value,
                              credence_error **error)
{
  drop_attempt(request);
  return message_append_form(&request->arena, &request->pristine, name, credence_text(value), error);
}

int credence_request_set_time(credence_request *request, int64_t microseconds, credence_error **error)
{
  if (microseconds < 0)
    return error_set(error, CREDENCE_E_INVALID, "count from 1970-01-01 00:00 UTC", "the time is negative");
  drop_attempt(request);
  request->has_fixed_time = 1;
  request->fixed_time = microseconds;
  return 0;
}

int credence_request_set_nonce(credence_request *request, const char *nonce, credence_error **error)
{
  if (nonce[0] == '\0')
    return error_set(error, CREDENCE_E_INVALID, "give at least one character", "the nonce is empty");
  char *copy = strdup(nonce);
  if (copy == NULL)
    return error_nomem(error);
  drop_attempt(request);
  free(request->nonce);
  request->nonce = copy;
  return 0;
}

void credence_request_set_trace(credence_request *request, credence_trace_function trace, void *userdata)
{
  request->trace = trace;
  request->trace_userdata = userdata;
}

/* --- signing -------------------------------------------------------------- */

int request_begin_attempt(credence_request *request, credence_error **error)
{
  drop_attempt(request);
  request->mark = arena_mark(&request->arena);
  request->has_attempt = 1;
  request->now = 0;
  return message_copy(&request->arena, &request->attempt, &request->pristine, error);
}

/* The profile's session, when it will do. */
static struct session *usable_session(const credence_request *request)
{
  struct session *session = profile_session(request->profile);
  if (session == NULL)
    return NULL;
  int64_t now = clock_now();
  if (request->needs == SESSION_ANY ||
      !(request->needs == SESSION_FRESH ? session_is_ending(session, now) : session_is_over(session, now)))
    return session;
  session_unref(session);
  return NULL;
}

static int check_allowed(const credence_request *request, const struct message *message,
                         credence_error **error)
{
  return profile_check_allowed(request->profile, message->method, message->path.data, message->path.size,
                               error);
}

static int sign_attempt(credence_request *request, credence_error **error)
{
  credence_profile *profile = request->profile;
  int r = request_begin_attempt(request, error);
  session_unref(request->session);
  request->session = r == 0 && profile->login_entry != NULL ? usable_session(request) : NULL;
  if (r == 0 && request->has_names)
    r = target_names_expand(request, error);
  if (r == 0 && request->has_names)
    r = check_allowed(request, &request->attempt, error);
  for (size_t i = 0; r == 0 && i < profile->stack_count; i++)
    r = host_sign(request, profile->stack[i], error);
  return r;
}

int credence_request_sign(credence_request *request, credence_error **error)
{
  drop_attempt(request);
  int r = request->has_names ? 0 : check_allowed(request, &request->pristine, error);
  if (r == 0)
    r = profile_check_headers(request->profile, &request->pristine, error);
  if (r == 0)
    r = credence_profile_unlock(request->profile, error);
  if (r < 0)
    return r;
  r = sign_attempt(request, error);
  if (r < 0)
    drop_attempt(request);
  else
    request->is_signed = 1;
  return r;
}

/* --- reading back ----------------------------------------------------------- */

const char *credence_request_method(const credence_request *request)
{
  return request_current(request)->method;
}

const char *credence_request_host(const credence_request *request)
{
  return request->place.host;
}

const char *credence_request_url(credence_request *request)
{
  const struct message *message = request_current(request);
  const char *origin = request->place.origin;
  size_t origin_size = strlen(origin);
  size_t query_size = message->query.data == NULL ? 0 : 1 + message->query.size;
  char *url = arena_alloc(&request->arena, origin_size + message->path.size + query_size + 1);
  if (url == NULL)
    return NULL;
  memcpy(url, origin, origin_size);
  char *end = url + origin_size;
  memcpy(end, message->path.data, message->path.size);
  end += message->path.size;
  if (query_size > 0) {
    *end++ = '?';
    memcpy(end, message->query.data, message->query.size);
    end += message->query.size;
  }
  *end = '\0';
  return url;
}

int credence_request_header(const credence_request *request, size_t index, const char **ret_name,
                            const char **ret_value)
{
  const struct message *message = request_current(request);
  if (index >= message->header_count)
    return CREDENCE_E_NOT_FOUND;
  *ret_name = message->headers[index].name.data;
  *ret_value = message->headers[index].value.data;
  return 0;
}

const void *credence_request_body(const credence_request *request, size_t *ret_size)
{
  const struct message *message = request_current(request);
  if (ret_size != NULL)
    *ret_size = message->body.size;
  return message->body.data;
}

uint64_t credence_request_body_size(const credence_request *request)
{
  return body_size(request_current(request));
}

int credence_request_read_body(credence_request *request, uint64_t offset, void *buffer, size_t size,
                               size_t *ret_size, credence_error **error)
{
  size_t got = 0;
  if (offset != 0 && offset != request->read_at)
    return error_set(error, CREDENCE_E_INVALID, "begin at 0, and go on where the read before ended",
                     "a body is read in order");
  int r = body_read(request_current(request), offset, buffer, size, &got, error);
  if (r < 0)
    return r;
  request->read_at = offset + got;
  *ret_size = got;
  return 0;
}
