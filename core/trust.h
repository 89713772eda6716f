/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * trust.h - open a file only when nobody else can have put it there
 *
 * Plugins are code that runs in the program, manifests say which code, helpers
 * see secrets, profiles say where requests go.  Such a file is used when it
 * and every folder above it belong to root or to the caller and cannot be
 * written by others.  What was checked is the open descriptor, not the name.
 */
#ifndef CORE_TRUST_H
#define CORE_TRUST_H

#include <sys/stat.h>

#include "credence.h"

#define TRUST_FOLLOW 1 /* the file itself may be a symbolic link */

/* Open folder/name for reading.  NOT_FOUND when it is not there, REFUSED when
 * it must not be used. */
int trust_open(const char *folder, const char *name, int flags, int *ret_fd, credence_error **error);

/* NULL, or why what is described by st must not be used: words that go behind "it". */
const char *trust_reason(const struct stat *st);

/* The whole file, at most max bytes, with a NUL byte behind it. */
int trust_read(const char *folder, const char *name, int flags, size_t max, char **ret_text, size_t *ret_size,
               credence_error **error);

#endif
