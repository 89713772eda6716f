/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * directory-read.h - the files of one profile, as one value
 *
 * Somebody may be changing them.  What is answered was there at one time: all of it
 * before the change, or all of it behind.
 */
#ifndef KEYRING_DIRECTORY_READ_H
#define KEYRING_DIRECTORY_READ_H

#include "directory-folder.h"

/* Answer a get with what was found of the request's fields in a folder that was located.
 * NOT_FOUND when there is none of them. */
int directory_read(struct folder *folder, const struct keyring_request *request,
                   struct keyring_answer *answer);

#endif
