/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * record.h - the secrets of a profile as a keyring keeps them
 *
 * One printable line, "c1:" and base64url: some keyrings lose everything when a
 * value has a line break.  Inside are fields as in the keyring protocol: the
 * origin that the secrets are for, a stamp, the other origins that may get a
 * login, then for each secret its name ("PROVIDER.FIELD", or "@.FIELD" for one of
 * the profile's own) and its value.
 *
 * The origin stands in the keyring because a profile's file does not protect
 * itself: whoever changes the endpoint there must not get the secret sent
 * elsewhere.  The same holds for login origins.  An origin "*" fits every endpoint: some
 * keyrings have no place for one.
 *
 * A session is a record too.  Its stamp says which credential it was made with.
 *
 * While secrets are being replaced, a record holds two more records, each in a field
 * of its own: the next, which is to be verified, and the previous, which is kept until
 * the new one has worked.  Where fields of the profile's file change together with the
 * secrets, each of the three says with which values it belongs.  rotation.h says which
 * one counts.
 */
#ifndef CORE_RECORD_H
#define CORE_RECORD_H

#include <stddef.h>

#include "error.h"
#include "profile-file.h"

struct record {
  unsigned char *data; /* secret memory; of another record when it is a part of that */
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
int record_stamp(const struct record *record, const unsigned char **ret_data, size_t *ret_size);
/* Was origin recorded as one that may get a login?  Any is by a record that is not bound. */
int record_has_login(const struct record *record, const char *origin);
int record_get(const struct record *record, const char *provider, const char *field,
               const unsigned char **ret_data, size_t *ret_size);

/* The "provider" of what belongs to no provider of the stack. */
#define RECORD_PROFILE "@"

struct record_head {
  const char *origin;
  const char *stamp;
  char *const *logins; /* origins */
  size_t login_count;
  const struct profile_file *with; /* the fields that it belongs with, or NULL */
};

struct record_entry {
  const char *provider;
  const char *field;
  const void *data;
  size_t size;
};

/* The line, in secret memory. */
int record_encode(const struct record_head *head, const struct record_entry *entries, size_t count,
                  char **ret_text, credence_error **error);

/* --- records in a record ------------------------------------------------------- */

/* Parts of record, which keeps their memory; all zero where there is none. */
void record_next(const struct record *record, struct record *ret_part);
void record_previous(const struct record *record, struct record *ret_part);

/* Room for one of the following, with a NUL: section and name have 64 bytes at most, and a
 * value what a line of a profile can hold. */
#define RECORD_WITH_SIZE 400u
/* The field at index of those it belongs with: "SECTION.NAME=VALUE", without VALUE when
 * the file has none.  1 when found; not terminated. */
int record_with(const struct record *record, size_t index, const unsigned char **ret_data, size_t *ret_size);

/* A copy that belongs with these fields, and has no parts. */
int record_bind(const struct record *record, const struct profile_file *with, struct record *ret_record,
                credence_error **error);
/* The same, marked as one that the server has accepted; and is it? */
int record_mark_worked(const struct record *record, struct record *ret_record, credence_error **error);
int record_has_worked(const struct record *record);
/* The line of current, with the other two as its parts, each of which may be all zero.
 * Parts that they have themselves are left out.  TOO_LARGE when no keyring would take
 * it. */
int record_join(const struct record *current, const struct record *next, const struct record *previous,
                char **ret_text, credence_error **error);

/* Is it for an origin, rather than for any? */
int record_is_bound(const struct record *record);
/* The same secrets and stamp for this origin and these of logins: the line, in secret
 * memory. */
int record_bind_origin(const struct record *record, const char *origin, char *const *logins,
                       size_t login_count, char **ret_text, credence_error **error);

#endif
