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
#include "buf.h"
#include "message.h"
#include "profile.h"

struct curl_slist;
struct derived;

/* Keys that one callback of a provider may derive. */
#define DERIVED_MAX 4u
#define DERIVED_NAME_SIZE 32u /* with a NUL */

/* A key that a callback derived, and which the next one most likely derives again. */
struct derived_place {
  char name[DERIVED_NAME_SIZE];
  struct derived *derived;
};

/* Where a request goes.  Text of the profile, or of a login's arena. */
struct place {
  const char *scheme;
  const char *host;    /* as in the Host header */
  const char *origin;  /* scheme://host */
  const char *failure; /* what to say when it cannot be reached: "", or "cannot log in: " */
};

/* A session that has not ended; one that does not end soon either; whatever there is,
 * because it has just been made. */
enum session_need { SESSION_LASTING, SESSION_FRESH, SESSION_ANY };

struct credence_request {
  /* What another request may use when this one is freed; see request-pool.c. */
  struct arena arena;
  EVP_MD_CTX *scratch;                       /* for digests; belongs to the thread of the request */
  struct derived_place derived[DERIVED_MAX]; /* the first, second ... of the last callback */
  /* What this one says. */
  credence_profile *profile;
  struct place place;
  struct message pristine;
  struct message attempt;
  struct arena_mark mark;
  int has_attempt;
  int is_signed;
  int has_names;           /* {NAME} in the target; see target-names.h */
  enum session_need needs; /* which session does */
  struct session *session; /* the one that the last attempt was signed with, or NULL */
  int has_media_type;      /* the caller's header Content-Type, which no body replaces */
  int has_fixed_time;
  int64_t fixed_time;
  int64_t now;      /* the attempt's one reading of the clock; 0: not yet */
  uint64_t read_at; /* where credence_request_read_body() has come to */
  char *nonce;
  credence_trace_function trace;
  void *trace_userdata;
  struct curl_slist *curl_headers; /* what credence-curl.h gave to libcurl */
  void (*curl_headers_free)(struct curl_slist *);
  struct certificates *certificates; /* what it gave to libcurl besides; or NULL */
  uint64_t upload_at;                /* how much of a reader's body libcurl has taken */
  credence_error *upload_failed;     /* why it got no more; or NULL */
};

enum json_state { JSON_UNCHECKED, JSON_GOOD, JSON_BAD };

struct credence_response {
  int status;
  struct buf body;
  struct header *headers; /* names and values are allocated, NUL behind */
  size_t header_count;
  size_t header_bytes;
  int failed; /* what ended it early: CREDENCE_E_TOO_LARGE or NOMEM */
  enum json_state json;
};

/* A request that says nothing yet, perhaps one that was given back; NULL when memory runs
 * out.  Its profile is for the caller to set. */
credence_request *request_take(credence_profile *profile);
/* Wipe it.  All that it refers to was let go before. */
void request_give_back(credence_request *request);

/* What the getters show: the attempt once signed, else the request as built. */
const struct message *request_current(const credence_request *request);

/* Wipe and free what libcurl was given, when it was given something. */
void curl_forget(credence_request *request);

/* Begin an attempt, on which a provider may work: a copy of the pristine message. */
int request_begin_attempt(credence_request *request, credence_error **error);

/* Read a target to the pristine message. */
int request_set_target(credence_request *request, const char *target, credence_error **error);
/* For a login's attempt: another method, or another target. */
int request_set_login_method(credence_request *request, const char *method, credence_error **error);
int request_set_login_target(credence_request *request, const char *target, credence_error **error);

/* A failed transfer, or a response that ended early, as an error. */
int response_check(const credence_response *response, const char *origin, credence_error **error);
/* The header of that name; NULL when there is none.  A text that ends in NUL. */
const char *response_header(const credence_response *response, const char *name);

#endif
