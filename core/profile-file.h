/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * profile-file.h - NAME.conf as a list of settings, read and written
 *
 * Looked for in the user's folder, then the administrator's, then the
 * distributor's; the first found wins.  Only the user's is ever written.
 */
#ifndef CORE_PROFILE_FILE_H
#define CORE_PROFILE_FILE_H

#include <stddef.h>

#include "buf.h"
#include "credence.h"

struct setting {
  char *section;
  char *name;
  char *value;
};

struct profile_file {
  char *path;
  int is_user;
  struct setting *settings;
  size_t count;
};

int profile_file_read(const char *name, struct profile_file *ret_file, credence_error **error);
void profile_file_clear(struct profile_file *file);

/* The value at index of those with this section and name; NULL behind the last. */
const char *profile_file_get(const struct profile_file *file, const char *section, const char *name,
                             size_t index);
/* Replace the first such value; NULL removes all of them. */
int profile_file_set(struct profile_file *file, const char *section, const char *name, const char *value,
                     credence_error **error);
int profile_file_add(struct profile_file *file, const char *section, const char *name, const char *value,
                     credence_error **error);

/* Settings as text, and back; path is what errors call it.  buf_init() and buf_reset()
 * text. */
int profile_file_render(const struct profile_file *file, struct buf *text, credence_error **error);
int profile_file_parse(const char *path, const char *text, size_t size, struct profile_file *ret_file,
                       credence_error **error);

/* Write the user's file NAME.conf: wholly or not at all. */
int profile_file_write(struct profile_file *file, const char *name, credence_error **error);

/* The folders, in the order searched; the user's may be NULL. */
struct profile_folders {
  char *user;
  const char *system[2];
};
void profile_folders_get(struct profile_folders *folders);

#endif
