/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * record.h - the secrets of a profile as a keyring keeps them
 *
 * One printable line, "c1:" and base64url: some keyrings lose everything when a
 * value has a line break.  Inside are fields as in the keyring protocol: the
 * origin that the secrets are for, then for each secret its name
 * ("PROVIDER.FIELD") and its value.
 *
 * The origin stands in the keyring because a profile's file does not protect
 * itself: whoever changes the endpoint there must not get the secret sent
 * elsewhere.
 */
#ifndef CORE_RECORD_H
#define CORE_RECORD_H

#include <stddef.h>

#include "error.h"

struct record {
  unsigned char *data; /* secret memory */
  size_t size;
};

/* CORRUPT when text is not a record. */
int record_decode(const char *text, struct record *ret_record, credence_error **error);
void record_clear(struct record *record);
/* 1 when found; not terminated. */
int record_origin(const struct record *record, const unsigned char **ret_data, size_t *ret_size);
/* REFUSED, with remedy, unless the record was stored for the origin that the
 * endpoint of profile has now. */
int record_check_origin(const struct record *record, const char *profile, const char *origin,
                        const char *remedy, credence_error **error);
int record_get(const struct record *record, const char *provider, const char *field,
               const unsigned char **ret_data, size_t *ret_size);

struct record_entry {
  const char *provider;
  const char *field;
  const void *data;
  size_t size;
};

/* The line, in secret memory. */
int record_encode(const char *origin, const struct record_entry *entries, size_t count, char **ret_text,
                  credence_error **error);

#endif
