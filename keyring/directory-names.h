/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * directory-names.h - which file a field is in
 *
 * PROFILE.PROVIDER.FIELD, or shorter PROFILE.FIELD; and in a folder that belongs to one
 * profile also PROVIDER.FIELD or FIELD.  The first that is there counts.
 */
#ifndef KEYRING_DIRECTORY_NAMES_H
#define KEYRING_DIRECTORY_NAMES_H

#include "protocol.h"

#include <stddef.h>

#define NAMES_MAX 4u
#define NAME_SIZE (64u + 1u + KEYRING_FIELD_MAX + 1u)

struct names {
  char name[NAMES_MAX][NAME_SIZE];
  size_t count;
};

/* field is "PROVIDER.FIELD"; or one name, as "origin" is, which no provider has. */
void names_of_field(struct names *names, const char *profile, const char *field, int is_own_folder);

#endif
