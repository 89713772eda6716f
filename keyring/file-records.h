/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * file-records.h - what is in the file of the file keyring once it is decrypted
 *
 * Records follow each other without anything between or behind them.  A record
 * is five fields: profile, kind, label, value, revision.  A field is its length
 * (4 bytes, most significant first) and that many bytes.
 */
#ifndef KEYRING_FILE_RECORDS_H
#define KEYRING_FILE_RECORDS_H

#include <stddef.h>

enum record_field { RECORD_PROFILE, RECORD_KIND, RECORD_LABEL, RECORD_VALUE, RECORD_REVISION, RECORD_FIELDS };

/* Points into the plaintext, or at the fields of a record to be added. */
struct record {
  struct record_part {
    const unsigned char *data;
    size_t size;
  } field[RECORD_FIELDS];
  const unsigned char *start; /* the whole record; NULL for one to be added */
  size_t size;
};

/* Read the record at *offset and move *offset behind it.  1, 0 at the end, -1
 * when the plaintext is malformed. */
int record_next(const unsigned char *plain, size_t size, size_t *offset, struct record *record);

/* Does field hold exactly this text? */
int record_field_is(const struct record *record, enum record_field field, const char *text);
void record_set_field(struct record *record, enum record_field field, const char *text);

/* 1 with the record of this profile and kind, 0 when there is none, -1 when
 * the plaintext is malformed. */
int record_find(const unsigned char *plain, size_t size, const char *profile, const char *kind,
                struct record *ret_record);

/* Bytes that record takes in the plaintext. */
size_t record_encoded_size(const struct record *record);

/* Copy all records but old to out, and put record behind them.  Either may be
 * NULL.  out has room; the number of bytes written is returned. */
size_t record_replace(const unsigned char *plain, size_t size, const struct record *old,
                      const struct record *record, unsigned char *out);

#endif
