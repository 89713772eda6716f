/* SPDX-License-Identifier: BSD-3-Clause */
/* curl-apply.c - tell a libcurl handle to send a request; see credence-curl.h */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "body.h"
#include "certificates.h"
#include "credence-curl.h"
#include "error.h"
#include "request.h"

struct apply {
  CURL *curl;
  credence_request *request;
  const struct credence_curl_functions *f;
  CURLcode failed; /* the first option that libcurl did not take */
};

static void note(struct apply *a, CURLcode code)
{
  if (a->failed == CURLE_OK)
    a->failed = code;
}

static void set_long(struct apply *a, CURLoption option, long value)
{
  note(a, a->f->easy_setopt(a->curl, option, value));
}

static void set_pointer(struct apply *a, CURLoption option, const void *value)
{
  note(a, a->f->easy_setopt(a->curl, option, value));
}

/* Take back what the handle may have been told.  A libcurl without the option
 * cannot have been told. */
static void forget(struct apply *a, CURLcode code)
{
  if (a->failed == CURLE_OK && code != CURLE_UNKNOWN_OPTION && code != CURLE_NOT_BUILT_IN)
    a->failed = code;
}

static void forget_pointer(struct apply *a, CURLoption option)
{
  forget(a, a->f->easy_setopt(a->curl, option, NULL));
}

static void forget_long(struct apply *a, CURLoption option)
{
  forget(a, a->f->easy_setopt(a->curl, option, 0L));
}

/* Whatever the handle was told before: a credential goes to its origin alone, */
static void set_rules(struct apply *a)
{
  set_long(a, CURLOPT_PATH_AS_IS, 1);
  set_long(a, CURLOPT_FOLLOWLOCATION, 0);
  set_long(a, CURLOPT_UNRESTRICTED_AUTH, 0);
  set_pointer(a, CURLOPT_PROTOCOLS_STR, "http,https");
  set_pointer(a, CURLOPT_PROXY, "");
  set_long(a, CURLOPT_SSL_VERIFYPEER, 1);
  set_long(a, CURLOPT_SSL_VERIFYHOST, 2);
  forget_pointer(a, CURLOPT_CURLU); /* would be used instead of CURLOPT_URL */
  forget_long(a, CURLOPT_PORT);
  forget_pointer(a, CURLOPT_CONNECT_TO);
  forget_pointer(a, CURLOPT_UNIX_SOCKET_PATH);
  forget_pointer(a, CURLOPT_PRE_PROXY);
}

/* and what arrives is what was signed. */
static void forget_additions(struct apply *a)
{
  set_long(a, CURLOPT_NETRC, CURL_NETRC_IGNORED);
  forget_pointer(a, CURLOPT_USERPWD);
  forget_pointer(a, CURLOPT_XOAUTH2_BEARER);
  forget_pointer(a, CURLOPT_AWS_SIGV4);
  forget_pointer(a, CURLOPT_COOKIE);
  forget_pointer(a, CURLOPT_COOKIEJAR);  /* switches libcurl's cookies on, even so, */
  forget_pointer(a, CURLOPT_COOKIEFILE); /* and this switches them off */
  forget_pointer(a, CURLOPT_REQUEST_TARGET);
  forget_pointer(a, CURLOPT_RANGE);
  forget(a, a->f->easy_setopt(a->curl, CURLOPT_RESUME_FROM_LARGE, (curl_off_t)0));
  forget_long(a, CURLOPT_CRLF);
  forget_long(a, CURLOPT_UPLOAD);
}

/* body NULL: libcurl asks its read function. */
static void set_body(struct apply *a, const void *body, uint64_t size)
{
  set_long(a, CURLOPT_POST, 1);
  note(a, a->f->easy_setopt(a->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)size));
  set_pointer(a, CURLOPT_POSTFIELDS, body);
}

static size_t on_read(char *buffer, size_t one, size_t count, void *userdata)
{
  credence_request *request = userdata;
  size_t got = 0;
  int r = body_read(request_current(request), request->upload_at, buffer, one * count, &got,
                    &request->upload_failed);
  if (r < 0)
    return CURL_READFUNC_ABORT;
  request->upload_at += got;
  return got;
}

/* A connection of before turned out to be closed, and the request is sent on another:
 * from the beginning. */
static int on_seek(void *userdata, curl_off_t offset, int origin)
{
  credence_request *request = userdata;
  if (origin != SEEK_SET || offset != 0)
    return CURL_SEEKFUNC_FAIL;
  request->upload_at = 0;
  return CURL_SEEKFUNC_OK;
}

static void set_reader(struct apply *a)
{
  a->request->upload_at = 0;
  credence_error_free(&a->request->upload_failed);
  note(a, a->f->easy_setopt(a->curl, CURLOPT_READFUNCTION, on_read));
  set_pointer(a, CURLOPT_READDATA, a->request);
  note(a, a->f->easy_setopt(a->curl, CURLOPT_SEEKFUNCTION, on_seek));
  set_pointer(a, CURLOPT_SEEKDATA, a->request);
  set_body(a, NULL, body_size(request_current(a->request)));
}

static int wants_length(const char *method)
{
  return strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0 || strcmp(method, "PATCH") == 0;
}

/* libcurl would wait for the body that the answer's length promises. */
static int is_head_with_body(const struct message *message)
{
  return body_exists(message) && strcmp(message->method, "HEAD") == 0;
}

static void set_method(struct apply *a)
{
  const struct message *message = request_current(a->request);
  if (message->reader.read != NULL)
    set_reader(a);
  else if (message->body.data != NULL)
    set_body(a, message->body.data, message->body.size);
  else if (wants_length(message->method))
    set_body(a, "", 0);
  else if (strcmp(message->method, "HEAD") == 0)
    set_long(a, CURLOPT_NOBODY, 1);
  else
    set_long(a, CURLOPT_HTTPGET, 1);
  set_pointer(a, CURLOPT_CUSTOMREQUEST, message->method);
}

static int append_line(struct apply *a, struct curl_slist **list, const char *line)
{
  struct curl_slist *longer = a->f->slist_append(*list, line);
  if (longer == NULL)
    return CREDENCE_E_NOMEM;
  *list = longer;
  return 0;
}

/* "Name: value", or "Name;" for one that is empty, which libcurl would drop. */
static int append_header(struct apply *a, struct curl_slist **list, const struct header *header)
{
  size_t size = header->name.size + header->value.size + 3;
  char *line = arena_alloc(&a->request->arena, size);
  if (line == NULL)
    return CREDENCE_E_NOMEM;
  if (header->value.size == 0)
    snprintf(line, size, "%s;", (const char *)header->name.data);
  else
    snprintf(line, size, "%s: %s", (const char *)header->name.data, (const char *)header->value.data);
  return append_line(a, list, line);
}

static int make_headers(struct apply *a, struct curl_slist **list)
{
  const struct message *message = request_current(a->request);
  size_t index = 0;
  int r = append_line(a, list, "Expect:");
  /* Without this, libcurl calls every body a form. */
  if (r == 0 && message_find_header(message, "Content-Type", &index) == NULL)
    r = append_line(a, list, "Content-Type:");
  for (size_t i = 0; r == 0 && i < message->header_count; i++)
    r = append_header(a, list, &message->headers[i]);
  return r;
}

/* The lines are libcurl's copies, and a token may stand in one. */
static void wipe_lines(struct curl_slist *list)
{
  for (; list != NULL; list = list->next)
    explicit_bzero(list->data, strlen(list->data));
}

static void curl_headers_drop(credence_request *request)
{
  if (request->curl_headers == NULL)
    return;
  wipe_lines(request->curl_headers);
  request->curl_headers_free(request->curl_headers);
  request->curl_headers = NULL;
}

void curl_forget(credence_request *request)
{
  curl_headers_drop(request);
  certificates_free(request->certificates);
  request->certificates = NULL;
  credence_error_free(&request->upload_failed);
}

static void set_blob(struct apply *a, CURLoption option, char *data, size_t size)
{
  struct curl_blob blob = {data, size, CURL_BLOB_NOCOPY};
  if (data != NULL)
    set_pointer(a, option, &blob);
}

/* The certificate and its key for this profile.  Without KEYPASSWD, OpenSSL would
 * ask on the terminal for the passphrase of a key that has one. */
static int set_certificates(struct apply *a, credence_error **error)
{
  struct certificates *c = NULL;
  forget_pointer(a, CURLOPT_SSLCERT_BLOB); /* another profile's, perhaps */
  forget_pointer(a, CURLOPT_SSLKEY_BLOB);
  forget_pointer(a, CURLOPT_CAINFO_BLOB);
  int r = certificates_read(a->request->profile, &c, error);
  if (r < 0 || c == NULL)
    return r;
  certificates_free(a->request->certificates);
  a->request->certificates = c; /* transferred */
  set_blob(a, CURLOPT_SSLCERT_BLOB, c->cert, c->cert_size);
  set_blob(a, CURLOPT_SSLKEY_BLOB, c->key, c->key_size);
  set_blob(a, CURLOPT_CAINFO_BLOB, c->authority, c->authority_size);
  if (c->authority != NULL)
    set_pointer(a, CURLOPT_CAPATH, NULL); /* the system's, which it takes the place of */
  if (c->cert != NULL) {
    set_pointer(a, CURLOPT_SSLCERTTYPE, "PEM");
    set_pointer(a, CURLOPT_SSLKEYTYPE, "PEM");
    set_pointer(a, CURLOPT_KEYPASSWD, "");
  }
  return 0;
}

static int set_headers(struct apply *a)
{
  struct curl_slist *list = NULL;
  int r = make_headers(a, &list);
  if (r < 0) {
    wipe_lines(list);
    if (list != NULL)
      a->f->slist_free_all(list);
    return r;
  }
  set_pointer(a, CURLOPT_HTTPHEADER, list);
  curl_headers_drop(a->request);
  a->request->curl_headers = list; /* transferred */
  a->request->curl_headers_free = a->f->slist_free_all;
  return 0;
}

int credence_curl_apply_with(CURL *curl, credence_request *request,
                             const struct credence_curl_functions *functions, credence_error **error)
{
  struct apply a = {curl, request, functions, CURLE_OK};
  if (!request->is_signed)
    return error_set(error, CREDENCE_E_INVALID, "call credence_request_sign() first",
                     "the request is not signed");
  if (is_head_with_body(request_current(request)))
    return error_set(error, CREDENCE_E_UNSUPPORTED, "leave the body out, or use another method",
                     "libcurl cannot send a HEAD request that has a body");
  const char *url = credence_request_url(request);
  if (url == NULL)
    return error_nomem(error);
  set_rules(&a);
  forget_additions(&a);
  set_method(&a);
  set_pointer(&a, CURLOPT_URL, url);
  if (set_headers(&a) < 0)
    return error_nomem(error);
  int r = set_certificates(&a, error);
  if (r < 0)
    return r;
  if (a.failed != CURLE_OK)
    return error_set(error, CREDENCE_E_UNSUPPORTED, "libcurl 7.85 or later is needed",
                     "this libcurl does not take an option that keeps the credential safe (code %d)",
                     (int)a.failed);
  return 0;
}
