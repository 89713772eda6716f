/* SPDX-License-Identifier: BSD-3-Clause */
/* transport-curl.c - the module that brings libcurl; see transport.h */
#include "config.h"

#include <openssl/ssl.h>

#include "transport.h"

static CURLcode global_init(void)
{
  return curl_global_init(CURL_GLOBAL_DEFAULT);
}

/* libcurl writes the session keys of every connection to the file that
 * SSLKEYLOGFILE names, with which a recorded connection can be read.  It sets
 * that up before it calls this function. */
static CURLcode forget_keylog(CURL *curl, void *context, void *userdata)
{
  (void)curl;
  (void)userdata;
  SSL_CTX_set_keylog_callback(context, NULL);
  return CURLE_OK;
}

extern const struct transport credence_transport;

CREDENCE_API const struct transport credence_transport = {
    .version = PACKAGE_VERSION,
    .global_init = global_init,
    .easy_init = curl_easy_init,
    .easy_perform = curl_easy_perform,
    .easy_getinfo = (curl_easy_getinfo),
    .easy_cleanup = curl_easy_cleanup,
    .easy_strerror = curl_easy_strerror,
    .forget_keylog = forget_keylog,
    .functions = {sizeof(struct credence_curl_functions), (curl_easy_setopt), curl_slist_append,
                  curl_slist_free_all},
};
