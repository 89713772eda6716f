/* SPDX-License-Identifier: BSD-3-Clause */
/* directory-names.c - which file a field is in; see directory-names.h */
#include "directory-names.h"

#include <stdio.h>
#include <string.h>

#define PROFILE_ITSELF "@." /* the "provider" of what belongs to none */

static void add(struct names *names, const char *prefix, const char *separator, const char *rest)
{
  snprintf(names->name[names->count++], NAME_SIZE, "%s%s%s", prefix, separator, rest);
}

void names_of_field(struct names *names, const char *profile, const char *field, int is_own_folder)
{
  const char *dot, *bare;

  if (strncmp(field, PROFILE_ITSELF, strlen(PROFILE_ITSELF)) == 0)
    field += strlen(PROFILE_ITSELF);
  dot = strrchr(field, '.'); /* the name of a provider may have dots, that of a field has none */
  bare = dot ? dot + 1 : field;
  names->count = 0;
  if (bare != field)
    add(names, profile, ".", field);
  add(names, profile, ".", bare);
  if (is_own_folder && bare != field)
    add(names, "", "", field);
  if (is_own_folder)
    add(names, "", "", bare);
}
