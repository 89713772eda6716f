/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * archive.h - a file with profiles for another machine
 *
 * It is a file of the file keyring, made and read by that helper.  The helper works on a
 * private copy in the state folder: the file itself may lie where modes and locks do not
 * work, as on a stick, and is complete when it gets its name.  One such copy is there at a
 * time, under a lock, and what a crash left of it is removed.
 */
#ifndef CORE_ARCHIVE_H
#define CORE_ARCHIVE_H

#include "context.h"

struct archive;

/* A new one, which will be called path.  CONFLICT when that is there. */
int archive_create(credence_context *context, const char *path, struct archive **ret_archive,
                   credence_error **error);
int archive_put(struct archive *archive, const char *profile, const char *kind, const char *value,
                credence_error **error);
/* Give it its name. */
int archive_publish(struct archive *archive, credence_error **error);

int archive_open(credence_context *context, const char *path, struct archive **ret_archive,
                 credence_error **error);
/* The names of its profiles, sorted.  Free with credence_strings_free(). */
int archive_list(struct archive *archive, char ***ret_names, credence_error **error);
/* In secret memory; *ret_value is NULL when it has none. */
int archive_get(struct archive *archive, const char *profile, const char *kind, char **ret_value,
                credence_error **error);

void archive_close(struct archive **archive);

#endif
