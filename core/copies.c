/* SPDX-License-Identifier: BSD-3-Clause */
/* copies.c - where a profile that moved left a copy of its secrets; see copies.h */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "copies.h"
#include "error.h"
#include "files.h"
#include "inifile.h"
#include "keyring.h"
#include "paths.h"
#include "trust.h"

#define FOLDER "copies"
#define COPIES_MAX 4096u

/* What a later release may have added is none of our business. */
static int on_value(void *userdata, const char *section, const char *name, const char *value, int continued,
                    credence_error **error)
{
  struct place *place = userdata;
  char **slot = strcmp(name, "keyring") == 0 ? &place->keyring
                : strcmp(name, "store") == 0 ? &place->store
                                             : NULL;
  if (strcmp(section, "copy") != 0 || continued || slot == NULL || *slot != NULL)
    return 0;
  *slot = strdup(value);
  return *slot == NULL ? error_nomem(error) : 0;
}

int copies_read(const char *profile, struct place *ret_place, credence_error **error)
{
  struct place place = {NULL, NULL};
  credence_error *why = NULL;
  char *text = NULL;
  size_t size = 0;
  char *folder = path_state(FOLDER);
  int r =
      folder == NULL ? CREDENCE_E_NOT_FOUND : trust_read(folder, profile, 0, COPIES_MAX, &text, &size, &why);
  if (r == 0)
    r = inifile_parse(profile, text, size, on_value, &place, &why);
  free(text);
  free(folder);
  r = r < 0 && r != CREDENCE_E_NOT_FOUND ? error_pass(error, r, &why) : 0;
  credence_error_free(&why);
  if (r < 0)
    place_clear(&place);
  else
    *ret_place = place;
  return r;
}

int copies_write(const char *profile, const struct place *place, credence_error **error)
{
  struct buf text;
  char *folder = path_state(FOLDER);
  char *path = folder == NULL ? NULL : path_join(folder, profile, "");
  int r = path == NULL ? error_set(error, CREDENCE_E_FAILED, "set HOME", "there is no folder for copies")
                       : path_make_folder(folder, error);
  buf_init(&text, COPIES_MAX);
  buf_text(&text, "# Written by credence.  Nothing secret stands here.\n[copy]\n");
  buf_format(&text, "keyring = %s\n", place->keyring);
  if (place->store != NULL)
    buf_format(&text, "store = %s\n", place->store);
  if (r == 0 && buf_ok(&text) != 0)
    r = error_nomem(error);
  if (r == 0)
    r = file_replace(folder, path, text.data, text.size, error);
  buf_reset(&text);
  free(path);
  free(folder);
  return r;
}

static int would_be_forgotten(const char *profile, const struct place *copy, const struct place *here,
                              credence_error **error)
{
  char remedy[800];
  char *folder = path_state(FOLDER);
  int has_path = here->store != NULL && here->store[0] == '/';
  snprintf(remedy, sizeof(remedy),
           "credence migrate %.64s --to %.64s%s%.200s --delete-source deletes it first; or delete "
           "%.300s/%.64s, and "
           "leave the copy behind",
           profile, here->keyring, has_path ? " --store " : "", has_path ? here->store : "",
           folder == NULL ? "" : folder, profile);
  free(folder);
  return error_set(error, CREDENCE_E_CONFLICT, remedy,
                   "an earlier move left a copy of the secrets of profile %s in keyring %s%s%s", profile,
                   copy->keyring, copy->store == NULL ? "" : " at ", copy->store == NULL ? "" : copy->store);
}

int copies_check(credence_context *context, const char *profile, const struct place *here,
                 const struct place *to, credence_error **error)
{
  struct place copy = {NULL, NULL};
  int same = 0;
  int r = copies_read(profile, &copy, error);
  /* What others fill is theirs to delete. */
  if (r < 0 || copy.keyring == NULL || keyring_is_read_only(copy.keyring)) {
    place_clear(&copy);
    return r;
  }
  r = place_compare(context, &copy, here, &same, error);
  if (r == 0 && !same && to != NULL)
    r = place_compare(context, &copy, to, &same, error);
  if (r == 0 && !same)
    r = would_be_forgotten(profile, &copy, here, error);
  place_clear(&copy);
  return r;
}

void copies_remove(const char *profile)
{
  char *folder = path_state(FOLDER);
  char *path = folder == NULL ? NULL : path_join(folder, profile, "");
  if (path != NULL)
    (void)unlink(path);
  free(path);
  free(folder);
}
