/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * file-contents.h - the keyring file, read, unlocked and written anew
 *
 * Between the operations of the file keyring and the files that encrypt, parse
 * and store: here the key is kept, and here errors get their words.
 */
#ifndef KEYRING_FILE_CONTENTS_H
#define KEYRING_FILE_CONTENTS_H

#include "file-disk.h"
#include "file-records.h"
#include "helper.h"

#include <stddef.h>

/* The file as it is now. */
struct contents {
  struct disk disk;
  int exists;
  unsigned char *file;
  size_t file_size;
  unsigned char *plain;
  size_t plain_size;
};

/* Memory for the key and the passphrase of this process.  0 when there is
 * none. */
int key_memory_open(void);
void key_memory_close(void);

/* All below return CREDENCE_OK or an error that is noted in answer. */

/* Make the key of this file, or of one that is to be made.  Slow.  LOCKED when
 * the passphrase is wrong. */
int key_make(const struct contents *contents, const char *passphrase, struct keyring_answer *answer);

/* See that there is a key for this file, or for one that is to be made.
 * Perhaps slow.  LOCKED when a passphrase is needed. */
int key_need(const struct contents *contents, struct keyring_answer *answer);

/* Is the key at hand that of this file, or is there one for a new file? */
int key_fits(const struct contents *contents);

void key_forget(void);

/* Read and check the file, which need not exist, without decrypting it. */
int contents_read(struct contents *contents, const struct keyring_request *request,
                  struct keyring_answer *answer);

/* Decrypt what was read; the key has to fit.  Does nothing without a file. */
int contents_decrypt(struct contents *contents, struct keyring_answer *answer);

/* Write the file anew without the record old and with the record added, either
 * of which may be NULL.  Needs the lock. */
int contents_write(const struct contents *contents, const struct record *old, const struct record *added,
                   struct keyring_answer *answer);

/* Wipe and free.  The place stays known. */
void contents_clear(struct contents *contents);

int fail_corrupt(const struct contents *contents, struct keyring_answer *answer);
int fail_crypto(struct keyring_answer *answer);

#endif
