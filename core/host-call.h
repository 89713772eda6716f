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
  credence_response *response; /* NULL but in judge */
  credence_error *why;         /* what the services and the plugin said */
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

/* The secret of that name in the entry; NULL after an error that *ret_code
 * tells. */
struct secret_value *host_secret(struct call *call, const char *name, int *ret_code);

#endif
