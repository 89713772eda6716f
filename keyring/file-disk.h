/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * file-disk.h - where the file keyring lies, and how it is replaced
 *
 * Beside the file PATH there are PATH.lock, which writers hold with flock(2)
 * and which stays, and for the moment of a write PATH.new.  A write fills
 * PATH.new, brings it to the disk and renames it to PATH, so that a crash
 * leaves the old file or the new one.  What a crash leaves of PATH.new is
 * removed by the next writer.
 */
#ifndef KEYRING_FILE_DISK_H
#define KEYRING_FILE_DISK_H

#include "helper.h"

#include <limits.h>

struct disk {
  char path[PATH_MAX];
};

/* All return CREDENCE_OK or an error that is noted in answer. */

/* The store that the request names, CREDENCE_KEYRING_FILE, or
 * credence/credentials.keyring in the user's data directory.  The answer tells any but
 * the last. */
int disk_locate(struct disk *disk, const struct keyring_request *request, struct keyring_answer *answer);

/* Read the file, of at most max bytes.  NOT_FOUND, without a message, when
 * there is none; REFUSED when it is not a private file of ours.  The caller
 * frees *ret_data. */
int disk_read(const struct disk *disk, size_t max, unsigned char **ret_data, size_t *ret_size,
              struct keyring_answer *answer);

/* Make the directory and take the lock.  Close *ret_lock to give it back. */
int disk_lock(const struct disk *disk, const struct keyring_request *request, int *ret_lock,
              struct keyring_answer *answer);

/* Put data in the place of the file, which need not exist.  Needs the lock. */
int disk_replace(const struct disk *disk, const unsigned char *data, size_t size,
                 struct keyring_answer *answer);

#endif
