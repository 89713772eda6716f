/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * transport.h - libcurl, as libcredence sees it
 *
 * Loading libcurl takes longer than everything else a signature needs.  So it
 * is behind a module of ours, transport-curl.so, that the first send loads.
 * The module has no logic: it hands over libcurl's functions.
 */
#ifndef CORE_TRANSPORT_H
#define CORE_TRANSPORT_H

#include <curl/curl.h>

#include "credence-curl.h"

#define TRANSPORT_SYMBOL "credence_transport"

struct transport {
  const char *version; /* must be that of the library */
  CURLcode (*global_init)(void);
  CURL *(*easy_init)(void);
  CURLcode (*easy_perform)(CURL *);
  CURLcode (*easy_getinfo)(CURL *, CURLINFO, ...);
  void (*easy_cleanup)(CURL *);
  const char *(*easy_strerror)(CURLcode);
  /* For CURLOPT_SSL_CTX_FUNCTION: takes back what SSLKEYLOGFILE does. */
  CURLcode (*forget_keylog)(CURL *, void *, void *);
  struct credence_curl_functions functions;
};

/* Load the module once in a process.  Thread-safe. */
int transport_get(const struct transport **ret_transport, credence_error **error);

#endif
