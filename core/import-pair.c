/* SPDX-License-Identifier: BSD-3-Clause */
/* import-pair.c - two records of which the profile's file chooses; see import-pair.h */
#include "config.h"

#include <string.h>

#include "import-pair.h"
#include "rotation.h"

static const char *value_of(const struct profile_file *file, const struct setting *setting)
{
  const char *value = profile_file_get(file, setting->section, setting->name, 0);
  return value == NULL ? "" : value;
}

/* Of the fields that either file has, those that differ; as file has them. */
static int collect(const struct profile_file *file, const struct profile_file *other,
                   const struct profile_file *names, struct profile_file *with, credence_error **error)
{
  int r = 0;
  for (size_t i = 0; r == 0 && i < names->count; i++) {
    const struct setting *setting = &names->settings[i];
    const char *value = value_of(file, setting);
    if (strcmp(setting->section, "profile") != 0 && strcmp(value, value_of(other, setting)) != 0)
      r = profile_file_set(with, setting->section, setting->name, value, error);
  }
  return r;
}

/* The credential that counts for this file, bound to what the other has differently. */
static int bind_side(const struct pair_side *side, const struct profile_file *other,
                     struct record *ret_record, int *ret_differs, credence_error **error)
{
  struct profile_file with = {NULL, 0, NULL, 0};
  struct rotation rotation;
  int r = rotation_decode(side->record, &rotation, error);
  if (r < 0)
    return r;
  (void)rotation_arrange(&rotation, rotation_file_value, side->file);
  r = collect(side->file, other, side->file, &with, error);
  if (r == 0)
    r = collect(side->file, other, other, &with, error);
  if (r == 0)
    r = record_bind(&rotation.current, &with, ret_record, error);
  *ret_differs = with.count > 0;
  profile_file_clear(&with);
  rotation_clear(&rotation);
  return r;
}

int pair_make(const struct pair_side *from, const struct pair_side *to, char **ret_text,
              credence_error **error)
{
  const struct record none = {NULL, 0};
  struct record current = none;
  struct record next = none;
  int differs = 0;
  int r = bind_side(from, to->file, &current, &differs, NULL);
  /* What is damaged here is what shall be replaced. */
  if (r == CREDENCE_E_CORRUPT)
    return 0;
  if (r < 0)
    return error_set(error, r, "remove the profile, then import it",
                     "what is here does not fit beside what is imported");
  if (differs) {
    r = bind_side(to, from->file, &next, &differs, error);
    if (r == 0)
      r = record_join(&current, &next, &none, ret_text, error);
  }
  record_clear(&next);
  record_clear(&current);
  return r;
}
