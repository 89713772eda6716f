/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * request.h - a request as built, and the attempt that is signed
 *
 * pristine is what the caller built.  Signing copies it to attempt, which the
 * providers change; everything of the attempt lives behind mark in the arena,
 * so that dropping it is one step.
 */
#ifndef CORE_REQUEST_H
#define CORE_REQUEST_H

#include "arena.h"
#include "message.h"
#include "profile.h"

struct curl_slist;

struct credence_request {
  credence_profile *profile;
  struct arena arena;
  struct message pristine;
  struct message attempt;
  struct arena_mark mark;
  int has_attempt;
  int is_signed;
  int has_media_type; /* the caller's header Content-Type, which no body replaces */
  int has_fixed_time;
  int64_t fixed_time;
  int64_t now; /* the attempt's one reading of the clock; 0: not yet */
  char *nonce;
  credence_trace_function trace;
  void *trace_userdata;
  EVP_MD_CTX *scratch;             /* for digests; belongs to the thread of the request */
  struct curl_slist *curl_headers; /* what credence-curl.h gave to libcurl */
  void (*curl_headers_free)(struct curl_slist *);
};

struct credence_response {
  int status;
  char *body;
  size_t body_size;
  struct header *headers; /* names and values are allocated, NUL behind */
  size_t header_count;
  struct json_object *json; /* of body, parsed at first use */
  int json_failed;
};

/* What the getters show: the attempt once signed, else the request as built. */
const struct message *request_current(const credence_request *request);

/* Wipe and free curl_headers, when there are some. */
void curl_headers_free(credence_request *request);

#endif
