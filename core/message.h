/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * message.h - what a request says, and the changes that can be made to it
 *
 * All bytes live in the arena of the request.  A change makes new bytes or adds
 * behind the old ones, which it leaves alone, so that a message is copied by
 * copying the struct and its list of headers: that is how a pristine request
 * stays pristine.
 *
 * Texts (method, headers, path, query) have a NUL byte behind them.
 */
#ifndef CORE_MESSAGE_H
#define CORE_MESSAGE_H

#include "arena.h"
#include "credence-plugin.h"
#include "error.h"

#define MESSAGE_HEADERS_MAX 128u
#define MESSAGE_HEADER_MAX (32u * 1024u)
#define MESSAGE_QUERY_MAX (64u * 1024u)
#define MESSAGE_BODY_MAX (64u * 1024u * 1024u)

struct header {
  credence_bytes name;
  credence_bytes value;
};

/* Where this message may add bytes behind those that it has: size bytes from at on. */
struct room {
  const void *at;
  size_t size;
};

/* A body that is read piece by piece; see credence_read_function.  size is not 0. */
struct body_reader {
  credence_read_function read; /* NULL: there is none */
  void *userdata;
  uint64_t size;
};

struct message {
  const char *method;
  credence_bytes path;
  credence_bytes query; /* data NULL: there is none */
  credence_bytes body;  /* data NULL: there is none, or reader has it */
  struct body_reader reader;
  struct room query_room;
  struct room body_room;
  struct header *headers;
  size_t header_count;
  size_t header_capacity;
};

/* A copy that can be changed without changing from. */
int message_copy(struct arena *arena, struct message *to, const struct message *from, credence_error **error);

/* Is it for the library alone to say how the message is framed and where it
 * goes? */
int is_transport_header(const char *name);

/* Do a and b name the same header to some server?  Without regard to case, and
 * with "_" for "-", since CGI cannot tell these apart. */
int header_name_equal(const char *a, size_t size, const char *b);

/* The first header of that name at or after *index; NULL when there is none. */
const struct header *message_find_header(const struct message *message, const char *name, size_t *index);

int message_set_method(struct arena *arena, struct message *message, const char *method,
                       credence_error **error);
int message_set_header(struct arena *arena, struct message *message, const char *name, credence_bytes value,
                       credence_error **error);
int message_add_header(struct arena *arena, struct message *message, const char *name, credence_bytes value,
                       credence_error **error);
/* value.data NULL: the name alone. */
int message_append_query(struct arena *arena, struct message *message, const char *name, credence_bytes value,
                         credence_error **error);
int message_set_query(struct arena *arena, struct message *message, const char *name, credence_bytes value,
                      credence_error **error);
int message_append_form(struct arena *arena, struct message *message, const char *name, credence_bytes value,
                        credence_error **error);
/* media_type NULL leaves Content-Type alone.  The bytes are copied. */
int message_set_body(struct arena *arena, struct message *message, credence_bytes body,
                     const char *media_type, credence_error **error);
/* The same with a reader, which is not called. */
int message_set_reader(struct arena *arena, struct message *message, const struct body_reader *reader,
                       const char *media_type, credence_error **error);

/* Take the first parameter off *rest, which is a query or form body; still
 * encoded.  0 when there is none left. */
int query_next(credence_bytes *rest, credence_bytes *ret_name, credence_bytes *ret_value);
/* The parameter at index.  0 behind the last. */
int query_at(credence_bytes query, size_t index, credence_bytes *ret_name, credence_bytes *ret_value);

#endif
