/* SPDX-License-Identifier: BSD-3-Clause */
/* send.c - send a request, read the response, and let the provider judge it */
#include "config.h"

#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "encode.h"
#include "error.h"
#include "host.h"
#include "request.h"
#include "transport.h"

#define BODY_MAX (64u * 1024u * 1024u)
#define HEADERS_MAX 512u
#define HEADER_BYTES_MAX (256u * 1024u)

/* What arrives while libcurl performs. */
struct receiving {
  credence_response *response;
  struct buf body;
  size_t header_bytes;
  const char *too_large; /* what was over its limit */
};

void credence_response_free(credence_response **response)
{
  if (response == NULL || *response == NULL)
    return;
  credence_response *r = *response;
  for (size_t i = 0; i < r->header_count; i++) {
    free((void *)(uintptr_t)r->headers[i].name.data);
    free((void *)(uintptr_t)r->headers[i].value.data);
  }
  free(r->headers);
  if (r->body != NULL)
    explicit_bzero(r->body, r->body_size);
  free(r->body);
  json_object_put(r->json);
  free(r);
  *response = NULL;
}

static int add_header(credence_response *response, credence_bytes name, credence_bytes value)
{
  struct header *headers = realloc(response->headers, (response->header_count + 1) * sizeof(*headers));
  if (headers == NULL)
    return CREDENCE_E_NOMEM;
  response->headers = headers;
  char *name_copy = strndup(name.data, name.size);
  char *value_copy = strndup(value.data, value.size);
  if (name_copy == NULL || value_copy == NULL) {
    free(name_copy);
    free(value_copy);
    return CREDENCE_E_NOMEM;
  }
  headers[response->header_count].name = (credence_bytes){name_copy, strlen(name_copy)};
  headers[response->header_count].value = (credence_bytes){value_copy, strlen(value_copy)};
  response->header_count++;
  return 0;
}

/* A new status line: what came before was an interim response (RFC 9110, 15.2). */
static void forget_headers(credence_response *response)
{
  for (size_t i = 0; i < response->header_count; i++) {
    free((void *)(uintptr_t)response->headers[i].name.data);
    free((void *)(uintptr_t)response->headers[i].value.data);
  }
  response->header_count = 0;
}

static credence_bytes trim(const char *text, size_t size)
{
  while (size > 0 && strchr(" \t\r\n", text[size - 1]) != NULL)
    size--;
  while (size > 0 && (text[0] == ' ' || text[0] == '\t')) {
    text++;
    size--;
  }
  return (credence_bytes){text, size};
}

static size_t on_header(char *line, size_t one, size_t size, void *userdata)
{
  struct receiving *in = userdata;
  (void)one;
  in->header_bytes += size;
  if (in->header_bytes > HEADER_BYTES_MAX || in->response->header_count == HEADERS_MAX) {
    in->too_large = "headers";
    return 0;
  }
  if (size >= 5 && memcmp(line, "HTTP/", 5) == 0) {
    forget_headers(in->response);
    return size;
  }
  const char *colon = memchr(line, ':', size);
  if (colon == NULL)
    return size;
  credence_bytes name = {line, (size_t)(colon - line)};
  credence_bytes value = trim(colon + 1, size - name.size - 1);
  return add_header(in->response, name, value) < 0 ? 0 : size;
}

static size_t on_body(char *data, size_t one, size_t size, void *userdata)
{
  struct receiving *in = userdata;
  (void)one;
  buf_append(&in->body, data, size);
  if (buf_ok(&in->body) == CREDENCE_E_TOO_LARGE)
    in->too_large = "body";
  return buf_ok(&in->body) != 0 ? 0 : size;
}

static int transfer_failed(const struct transport *t, CURLcode code, const struct receiving *in,
                           const char *detail, const credence_request *request, credence_error **error)
{
  const char *why = detail[0] != '\0' ? detail : t->easy_strerror(code);
  const char *origin = request->profile->origin;
  if (in->too_large != NULL)
    return error_set(error, CREDENCE_E_TOO_LARGE, NULL, "%s answered with more %s than fit", origin,
                     in->too_large);
  if (code == CURLE_OUT_OF_MEMORY)
    return error_nomem(error);
  if (code == CURLE_OPERATION_TIMEDOUT)
    return error_set(error, CREDENCE_E_TIMEOUT, "--timeout=SECONDS waits longer", "%s: %s", origin, why);
  if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE)
    return error_set(error, CREDENCE_E_NETWORK, "install the server's certificate authority on this system",
                     "%s: %s", origin, why);
  if (code == CURLE_SSL_CONNECT_ERROR)
    return error_set(error, CREDENCE_E_NETWORK, "does the server speak TLS there, or is its endpoint http?",
                     "%s: %s", origin, why);
  return error_set(error, CREDENCE_E_NETWORK, "is the server reachable from here?", "%s: %s", origin, why);
}

static int set_callbacks(const struct transport *t, CURL *curl, struct receiving *in, char *detail,
                         const credence_request *request)
{
  const long timeout = (long)context_network_timeout(request->profile->context);
  size_t index = 0;
  CURLcode code = t->functions.easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  code |= t->functions.easy_setopt(curl, CURLOPT_TIMEOUT_MS, timeout);
  code |= t->functions.easy_setopt(curl, CURLOPT_ERRORBUFFER, detail);
  code |= t->functions.easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
  code |= t->functions.easy_setopt(curl, CURLOPT_HEADERDATA, in);
  code |= t->functions.easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
  code |= t->functions.easy_setopt(curl, CURLOPT_WRITEDATA, in);
  code |= t->functions.easy_setopt(curl, CURLOPT_SSL_CTX_FUNCTION, t->forget_keylog);
  if (message_find_header(request_current(request), "User-Agent", &index) == NULL)
    code |= t->functions.easy_setopt(curl, CURLOPT_USERAGENT, "credence/" PACKAGE_VERSION);
  return code == CURLE_OK ? 0 : CREDENCE_E_UNSUPPORTED;
}

/* A line of headers that is longer than libcurl takes is "out of memory" for many
 * releases; what it needs of its own it has taken before it sends. */
static int was_sent(const struct transport *t, CURL *curl)
{
  long size = 0;
  (void)t->easy_getinfo(curl, CURLINFO_REQUEST_SIZE, &size);
  return size > 0;
}

static int perform(const struct transport *t, CURL *curl, credence_request *request, struct receiving *in,
                   credence_error **error)
{
  char detail[CURL_ERROR_SIZE] = "";
  long status = 0;
  int r = credence_curl_apply_with(curl, request, &t->functions, error);
  if (r < 0)
    return r;
  if (set_callbacks(t, curl, in, detail, request) < 0)
    return error_set(error, CREDENCE_E_UNSUPPORTED, "install libcurl with OpenSSL",
                     "libcurl lacks an option");
  CURLcode code = t->easy_perform(curl);
  if (code == CURLE_OUT_OF_MEMORY && was_sent(t, curl))
    in->too_large = "headers";
  if (code != CURLE_OK)
    return transfer_failed(t, code, in, detail, request, error);
  (void)t->easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  in->response->status = (int)status;
  in->response->body = buf_take(&in->body, &in->response->body_size);
  return in->response->body == NULL ? error_nomem(error) : 0;
}

static int exchange(credence_request *request, credence_response **ret_response, credence_error **error)
{
  const struct transport *t = NULL;
  struct receiving in = {.response = NULL};
  int r = transport_get(&t, error);
  if (r < 0)
    return r;
  CURL *curl = t->easy_init();
  in.response = calloc(1, sizeof(*in.response));
  buf_init(&in.body, BODY_MAX);
  r = curl == NULL || in.response == NULL ? error_nomem(error) : perform(t, curl, request, &in, error);
  t->easy_cleanup(curl);
  buf_reset(&in.body);
  if (r < 0) {
    credence_response_free(&in.response);
    return r;
  }
  *ret_response = in.response;
  return 0;
}

/* The providers first: they know what the vendor means. */
static int judge(credence_request *request, credence_response *response, credence_error **error)
{
  const credence_profile *profile = request->profile;
  for (size_t i = 0; i < profile->stack_count; i++) {
    int r = host_judge(request, response, profile->stack[i], error);
    if (r != CREDENCE_DONE)
      return r;
  }
  if (response->status == 401)
    return error_set(error, CREDENCE_E_REJECTED, "are key and secret right, and this machine's clock?",
                     "%s answered 401: it does not accept the credential of profile %s", profile->origin,
                     profile->name);
  if (response->status == 403)
    return error_set(error, CREDENCE_E_REJECTED, "does the account have the permission?",
                     "%s answered 403: it does not let profile %s do this", profile->origin, profile->name);
  return 0;
}

int credence_request_send(credence_request *request, credence_response **ret_response, credence_error **error)
{
  credence_response *response = NULL;
  int r = credence_request_sign(request, error);
  if (r == 0)
    r = exchange(request, &response, error);
  if (r < 0)
    return r;
  r = judge(request, response, error);
  *ret_response = response;
  return r;
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
    *ret_size = response->body_size;
  return response->body;
}
