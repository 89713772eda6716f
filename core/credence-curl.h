/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * credence-curl.h - send a signed request with a libcurl handle of your own
 *
 * For programs that have an event loop, a connection pool or options of their
 * own.  Programs that only want the answer call credence_request_send().
 *
 *     CURL *curl = curl_easy_init();
 *     if (credence_request_sign(request, &error) == 0 &&
 *         credence_curl_apply(curl, request, &error) == 0)
 *       curl_easy_perform(curl);
 *     curl_easy_cleanup(curl);
 *     credence_request_free(&request);
 *
 * libcredence is not linked with libcurl.  The function below hands it the
 * functions of the libcurl that your program is linked with.
 */
#ifndef CREDENCE_CURL_H
#define CREDENCE_CURL_H

#include <curl/curl.h>

#include "credence.h"

#ifdef __cplusplus
extern "C" {
#endif

struct credence_curl_functions {
  size_t size; /* of this struct; members are only ever added at the end */
  CURLcode (*easy_setopt)(CURL *, CURLoption, ...);
  struct curl_slist *(*slist_append)(struct curl_slist *, const char *);
  void (*slist_free_all)(struct curl_slist *);
};

/* Those of the libcurl that the program is linked with. */
static inline struct credence_curl_functions credence_curl_functions_here(void)
{
  struct credence_curl_functions functions;
  functions.size = sizeof(functions);
  functions.easy_setopt = (curl_easy_setopt);
  functions.slist_append = curl_slist_append;
  functions.slist_free_all = curl_slist_free_all;
  return functions;
}

/* What credence_curl_apply() calls. */
CREDENCE_API int credence_curl_apply_with(CURL *curl, credence_request *request,
                                          const struct credence_curl_functions *functions,
                                          credence_error **error);

/* Make curl send the request, which must be signed: method, URL, headers, body,
 * and the rules that keep a credential where it belongs.  Redirects are not
 * followed; cookies, .netrc and proxies are off; only http and https; the path
 * goes out as it was signed; certificates are verified.  What the handle was told
 * before about where to go (a port, a socket, a proxy, CURLOPT_CURLU) and what to
 * add (a user, cookies, a range) is taken back; its cookies are dropped.  Options
 * set later win, so set your own (timeouts, callbacks) in any order but leave these.
 *
 * curl refers to memory of the request: keep the request, unchanged and not
 * signed again, until the transfer is over; free the request after the handle.
 * One handle at a time: applying a request to a second one takes it from the
 * first.  For a body that is read (credence_request_set_body_reader()) it takes the
 * handle's read and seek callbacks; apply such a request again before the handle
 * sends it once more.  CURLE_ABORTED_BY_CALLBACK: the read function failed, or the
 * body was not as long as was said.  UNSUPPORTED when this libcurl lacks one of the
 * rules, and for a HEAD request with a body, which libcurl cannot send. */
static inline int credence_curl_apply(CURL *curl, credence_request *request, credence_error **error)
{
  const struct credence_curl_functions functions = credence_curl_functions_here();
  return credence_curl_apply_with(curl, request, &functions, error);
}

/* What credence_curl_receive() calls. */
CREDENCE_API int credence_curl_receive_with(CURL *curl, credence_response *response,
                                            const struct credence_curl_functions *functions,
                                            credence_error **error);

/* Make curl write the answer to response, for credence_flow_respond(): takes its
 * header and write callbacks.  A transfer that ends with CURLE_WRITE_ERROR had an
 * answer over the library's limits; hand it to credence_flow_respond() as well,
 * which says so.  response must stay until the transfer is over. */
static inline int credence_curl_receive(CURL *curl, credence_response *response, credence_error **error)
{
  const struct credence_curl_functions functions = credence_curl_functions_here();
  return credence_curl_receive_with(curl, response, &functions, error);
}

#ifdef __cplusplus
}
#endif

#endif
