/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * paths.h - where files are looked for
 *
 * The user's folders come from the XDG variables or HOME, and do not exist for
 * a program that runs with more rights than its caller (AT_SECURE).
 */
#ifndef CORE_PATHS_H
#define CORE_PATHS_H

#include "credence.h"

/* "FOLDER/credence/REST", allocated; NULL where the user has no such folder or
 * memory runs out. */
char *path_config(const char *rest); /* XDG_CONFIG_HOME or ~/.config */
char *path_data(const char *rest);   /* XDG_DATA_HOME or ~/.local/share */
char *path_state(const char *rest);  /* XDG_STATE_HOME or ~/.local/state */
char *path_join(const char *folder, const char *name, const char *suffix);

/* Make a folder of the user's with all above it, mode 0700. */
int path_make_folder(const char *path, credence_error **error);

/* May text name a profile, provider or keyring?  First a letter or digit, then
 * these and . _ - too; at most 64. */
int name_is_valid(const char *text);

/* Collect the names of the files in folder that end in suffix, without it, into
 * the list, each once.  A folder that is not there has none. */
struct name_list {
  char **names; /* ended by NULL once there is one */
  size_t count;
};
int list_folder(struct name_list *list, const char *folder, const char *suffix, credence_error **error);
/* Sort, and hand over as an array that credence_strings_free() frees. */
int list_finish(struct name_list *list, char ***ret_names, credence_error **error);
void list_free(struct name_list *list);

#endif
