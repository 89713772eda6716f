/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * helper.h - what every keyring helper shares
 *
 * A helper is a table of operations and a main() that calls keyring_serve().
 * The loop around them reads requests, checks them, calls the operation and
 * sends its answer, so that a store deals with nothing but its storage.
 */
#ifndef KEYRING_HELPER_H
#define KEYRING_HELPER_H

#include "protocol.h"

#include <stddef.h>
#include <stdint.h>

#define KEYRING_PASSPHRASE_MAX 1024u /* bytes, without the NUL */

/* A request that was checked.  The strings end with NUL, hold no other NUL and
 * live until the operation returns. */
struct keyring_request {
  const char *op;
  const char *profile; /* get, put, delete: a valid name; otherwise NULL */
  const char *kind;    /* "credential", "session" or "profile"; list: "credential" when nothing was said */
  const char *value;   /* put: one printable line, not empty */
  size_t value_size;
  const char *expect;     /* NULL: any; "": there may be none; else the revision that must be there */
  const char *label;      /* put: one line; NULL when nothing was said */
  const char *passphrase; /* NULL when nothing was said */
  const char *store;      /* NULL when nothing was said */
  const char *fields[KEYRING_FIELDS_MAX]; /* get: "PROVIDER.FIELD" each, of letters, digits and . _ - @ */
  size_t field_count;
  int prompt;       /* may the user be asked? */
  int64_t deadline; /* see keyring_time_left() */
};

/* What an operation answers with.  Fields that it wrote are dropped when it
 * returns an error. */
struct keyring_answer {
  struct keyring_writer fields;
  char message[512];
  char remedy[512];
  char store[KEYRING_STORE_MAX + 1]; /* KEYRING_STORE, or "" */
  const char *wants;                 /* with LOCKED: KEYRING_WANTS, or NULL */
  int last;                          /* the helper is to end, since a new one has better chances */
};

/* Returns CREDENCE_OK or a CREDENCE_E_* code, through keyring_fail(). */
typedef int keyring_operation(const struct keyring_request *request, struct keyring_answer *answer);

/* A NULL operation answers UNSUPPORTED. */
struct keyring_store {
  const char *name;
  keyring_operation *probe;
  keyring_operation *list;
  keyring_operation *get;
  keyring_operation *put;
  keyring_operation *delete;
  keyring_operation *unlock;
  keyring_operation *lock;
};

/* Serve requests from standard input until it ends.  Returns what main()
 * returns. */
int keyring_serve(const struct keyring_store *store);

/* Parse and check a message.  Fields are ended with NUL in place, so that
 * there is no second copy of a secret: message has size + 1 bytes and cannot
 * be parsed again. */
int keyring_request_parse(struct keyring_request *request, unsigned char *message, size_t size,
                          struct keyring_answer *answer);

/* Note why an operation failed and what to do about it, or with CREDENCE_OK
 * what there is to tell, and return code.
 * Control characters become '?'. */
int keyring_fail(struct keyring_answer *answer, int code, const char *remedy, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Add a fact to the answer to probe.  value may be cut at 1024 bytes. */
void keyring_fact(struct keyring_answer *answer, const char *name, const char *value);

/* Does the stored revision, NULL when nothing is stored, match EXPECT?
 * CREDENCE_OK or CONFLICT. */
int keyring_check_expect(const struct keyring_request *request, const char *revision,
                         struct keyring_answer *answer);

/* Milliseconds until the caller stops waiting; 0 when it has. */
int64_t keyring_time_left(const struct keyring_request *request);

/* Lock an open file against other helpers, waiting until the deadline.  Close
 * it to unlock.  CREDENCE_OK, TIMEOUT or FAILED. */
int keyring_flock(int fd, const struct keyring_request *request, struct keyring_answer *answer);

/* Zeroed memory that is not swapped or dumped where the system allows; NULL
 * when there is none.  Freeing wipes it. */
void *keyring_secret_alloc(size_t size);
void keyring_secret_free(void *memory, size_t size);

#endif
