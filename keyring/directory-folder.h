/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * directory-folder.h - the folder of the directory keyring, and the files in it
 *
 * There are two layouts.  In a plain folder the files are just there.  Kubernetes
 * writes all of them into a folder of its own, to which the link ..data leads, and
 * changes them by putting another link in its place: what is read behind one link
 * belongs together.
 *
 * All is opened by descriptor, relative to the folder, and without following a link,
 * and the descriptor is what is judged.
 */
#ifndef KEYRING_DIRECTORY_FOLDER_H
#define KEYRING_DIRECTORY_FOLDER_H

#include "helper.h"

#include <limits.h>
#include <sys/stat.h>

struct folder {
  char path[PATH_MAX];
  int is_own;              /* the profile names it, so that it may hold files of that profile alone */
  int top;                 /* descriptor of the folder */
  int files;               /* of the one that the files are in: the same, or that behind ..data */
  char data[NAME_MAX + 1]; /* where ..data leads; "" in a plain folder */
  struct stat behind;      /* the folder that it leads to */
};

/* All but the last three return CREDENCE_OK or an error that is noted in answer. */

/* Which folder: the request's store, or $CREDENTIALS_DIRECTORY; else NO_KEYRING. */
int folder_locate(struct folder *folder, const struct keyring_request *request,
                  struct keyring_answer *answer);

/* NO_KEYRING when there is no such folder; REFUSED when others can change what is in it.
 * Close it in any case. */
int folder_open(struct folder *folder, struct keyring_answer *answer);
void folder_close(struct folder *folder);

/* Read a file of at most room bytes.  NOT_FOUND, without a message, when there is none;
 * REFUSED unless it is a regular file that others cannot read. */
int folder_read(const struct folder *folder, const char *name, void *data, size_t room, size_t *ret_size,
                struct keyring_answer *answer);

/* Does ..data lead where it led when the folder was opened?  0 in a plain folder. */
int folder_is_unchanged(const struct folder *folder);

/* May the file be used, as far as its status tells? */
int folder_trusts(const struct stat *status);

#endif
