/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * host-call.h - what stands behind a credence_call
 *
 * A plugin sees the first member alone.
 */
#ifndef CORE_HOST_CALL_H
#define CORE_HOST_CALL_H

#include "host.h"

struct call {
  credence_call base; /* first: a credence_call * is a struct call * */
  credence_profile *profile;
  struct stack_entry *entry;
  credence_request *request;   /* NULL while opening */
  credence_response *response; /* NULL but in judge and logged_in */
  struct questions *questions; /* NULL but in login and logged_in */
  struct session *making;      /* NULL but in logged_in */
  int64_t lifetime;            /* of making, so far; 0: not known */
  credence_error *why;         /* what the services and the plugin said */
  size_t headers_before;       /* in sign: of the attempt, when this provider began */
  size_t derived_count;        /* of the request's places, those that this callback has filled */
};

static inline struct call *call_of(credence_call *base)
{
  return (struct call *)base;
}

/* The services about the request and the response; host-message.c. */
int host_request_part(credence_call *base, uint32_t part, credence_bytes *out);
int host_request_header(credence_call *base, size_t index, credence_bytes *name, credence_bytes *value);
int host_request_query(credence_call *base, size_t index, credence_bytes *name, credence_bytes *value);
int host_edit(credence_call *base, uint32_t change, const char *name, const credence_bytes *value);
int host_edit_secret(credence_call *base, uint32_t change, const char *name, const credence_bytes *prefix,
                     const credence_bytes *lead, const char *secret, uint32_t encoding);
int host_response_status(credence_call *base);
int host_response_header(credence_call *base, size_t index, credence_bytes *name, credence_bytes *value);
int host_response_body(credence_call *base, credence_bytes *out);
int host_response_json(credence_call *base, const char *pointer, uint32_t *type, credence_bytes *text);
int host_response_integer(credence_call *base, const char *pointer, int64_t *out);

/* The services about logging in; host-login.c. */
int host_session_put(credence_call *base, const char *name, const credence_bytes *value, int64_t lifetime);
int host_ask(credence_call *base, uint32_t kind, const char *name, const char *question);
/* The value that the session or an answer has under this name, secret or not.  NULL
 * after an error that *ret_code tells: NOT_FOUND for a name that neither has. */
struct secret_value *host_session_value(struct call *call, const char *name, int is_secret, int *ret_code);
/* Has the session that the request is signed with this value? */
int host_session_has(const struct call *call, const char *name);

/* The services about keys; host-keys.c. */
int host_hmac(credence_call *base, uint32_t algorithm, const char *name, const credence_bytes *parts,
              size_t count, void *mac, size_t mac_size);
int host_derive(credence_call *base, uint32_t algorithm, const char *from, const credence_bytes *data,
                const char *as);
int host_derive_chain(credence_call *base, uint32_t algorithm, const char *from, const credence_bytes *lead,
                      const credence_bytes *data, size_t count, const char *as);
/* The secret of that name, of the entry or its session; NULL after an error that *ret_code
 * tells. */
struct secret_value *host_secret(struct call *call, const char *name, int *ret_code);
/* Has text a secret of the profile, a session or an answer in it? */
int host_tells_secret(const struct call *call, const char *text);
/* Replace each of them in *text by its name in brackets, in memory of the request. */
int host_mask(const struct call *call, credence_bytes *text);

#endif
