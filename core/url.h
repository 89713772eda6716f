/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * url.h - endpoints and targets
 *
 * A credential is bound to an origin (scheme, host, port), and what is signed
 * is what is sent, byte for byte.  So this reader is strict rather than
 * helpful: it repairs nothing, and refuses whatever two readers of URLs might
 * understand differently.  Parts point into the text that was read.
 */
#ifndef CORE_URL_H
#define CORE_URL_H

#include <stddef.h>

#include "credence.h"

#define URL_MAX (64u * 1024u)

struct url {
  const char *scheme; /* "https" or "http"; static */
  const char *host;   /* with [ ] around an IPv6 address */
  size_t host_size;
  unsigned port;
  const char *path; /* "" or begins with "/" */
  size_t path_size;
  const char *query; /* NULL when there is no "?" */
  size_t query_size;
};

/* Does text begin with "scheme://"? */
int url_is_absolute(const char *text);

/* Read an absolute http or https URL. */
int url_parse(const char *text, struct url *ret_url, credence_error **error);

/* Look at what stands behind the origin: "path?query", either of them perhaps
 * missing. */
int url_parse_target(const char *text, struct url *ret_url, credence_error **error);

/* INVALID unless each byte may stand in a path or query as it is. */
int url_check_bytes(const char *text, size_t size, const char *what, credence_error **error);

/* Read an endpoint: an origin in lower case and a path, nothing more. */
int endpoint_parse(const char *text, struct url *ret_url, credence_error **error);

/* "scheme://host[:port]" of a URL, allocated. */
char *url_origin(const struct url *url);

/* The same of an absolute URL that is known to be one; NULL when it is not, too. */
char *url_text_origin(const char *text);

unsigned url_default_port(const char *scheme);

#endif
