/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * directory-record.h - the value that the library gets, made up from files
 *
 * It is the record of credence-keyring(7): origin, secrets and a stamp, which here is a
 * digest of the others, and another after each start of the machine.
 */
#ifndef KEYRING_DIRECTORY_RECORD_H
#define KEYRING_DIRECTORY_RECORD_H

#include "helper.h"

#define RECORD_PREFIX "c1:"
#define RECORD_PREFIX_SIZE 3u
/* What KEYRING_SECRET_MAX bytes of text can stand for: a value of this keyring shall fit
 * into any other. */
#define RECORD_MAX ((KEYRING_SECRET_MAX - RECORD_PREFIX_SIZE) / 4u * 3u)
#define RECORD_STAMP_SIZE 33u /* hexadecimal, with a NUL */

/* Lives in secret memory. */
struct record {
  unsigned char data[RECORD_MAX];
  struct keyring_writer writer; /* to data */
  int has_origin;               /* one that somebody gave */
  size_t count;                 /* of secrets */
  char stamp[RECORD_STAMP_SIZE];
};

void record_begin(struct record *record, const char *origin, size_t size);
/* Another origin, that may get a login. */
void record_add_login(struct record *record, const char *origin, size_t size);
void record_add(struct record *record, const char *field, const void *data, size_t size);
/* -1 when it has become too large, or cannot be digested. */
int record_end(struct record *record);

int record_equal(const struct record *a, const struct record *b);

/* Put it into the answer, with its stamp as the revision. */
int record_write(const struct record *record, struct keyring_answer *answer);

#endif
