/* SPDX-License-Identifier: BSD-3-Clause */
/* profile-file.c - NAME.conf as a list of settings; see profile-file.h */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buf.h"
#include "error.h"
#include "inifile.h"
#include "paths.h"
#include "profile-file.h"
#include "files.h"
#include "trust.h"

void profile_folders_get(struct profile_folders *folders)
{
  folders->user = path_config("profiles");
  folders->system[0] = PROFILE_DIR_ADMIN;
  folders->system[1] = PROFILE_DIR_DIST;
}

void profile_file_clear(struct profile_file *file)
{
  for (size_t i = 0; i < file->count; i++) {
    free(file->settings[i].section);
    free(file->settings[i].name);
    free(file->settings[i].value);
  }
  free(file->settings);
  free(file->path);
  memset(file, 0, sizeof(*file));
}

static int is_setting(const struct setting *setting, const char *section, const char *name)
{
  return strcmp(setting->section, section) == 0 && strcmp(setting->name, name) == 0;
}

const char *profile_file_get(const struct profile_file *file, const char *section, const char *name,
                             size_t index)
{
  for (size_t i = 0; i < file->count; i++)
    if (is_setting(&file->settings[i], section, name) && index-- == 0)
      return file->settings[i].value;
  return NULL;
}

int profile_file_add(struct profile_file *file, const char *section, const char *name, const char *value,
                     credence_error **error)
{
  struct setting *settings = realloc(file->settings, (file->count + 1) * sizeof(*settings));
  if (settings == NULL)
    return error_nomem(error);
  file->settings = settings;
  struct setting *new = &settings[file->count];
  new->section = strdup(section);
  new->name = strdup(name);
  new->value = strdup(value);
  file->count++;
  if (new->section == NULL || new->name == NULL || new->value == NULL) {
    file->count--;
    free(new->section);
    free(new->name);
    free(new->value);
    return error_nomem(error);
  }
  return 0;
}

static void remove_setting(struct profile_file *file, size_t index)
{
  struct setting *setting = &file->settings[index];
  free(setting->section);
  free(setting->name);
  free(setting->value);
  memmove(setting, setting + 1, (file->count - index - 1) * sizeof(*setting));
  file->count--;
}

int profile_file_set(struct profile_file *file, const char *section, const char *name, const char *value,
                     credence_error **error)
{
  size_t i = 0;
  while (i < file->count && !is_setting(&file->settings[i], section, name))
    i++;
  if (value == NULL) {
    for (; i < file->count;)
      if (is_setting(&file->settings[i], section, name))
        remove_setting(file, i);
      else
        i++;
    return 0;
  }
  if (i == file->count)
    return profile_file_add(file, section, name, value, error);
  char *copy = strdup(value);
  if (copy == NULL)
    return error_nomem(error);
  free(file->settings[i].value);
  file->settings[i].value = copy;
  return 0;
}

/* --- reading -------------------------------------------------------------- */

static int is_profile_key(const char *name)
{
  static const char *const keys[] = {"stack",       "endpoint",   "keyring", "allow",
                                     "client_cert", "client_key", "ca_cert", "keyring_store"};
  for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
    if (strcmp(name, keys[i]) == 0)
      return 1;
  return 0;
}

static int on_value(void *userdata, const char *section, const char *name, const char *value, int continued,
                    credence_error **error)
{
  struct profile_file *file = userdata;
  int repeats = strcmp(section, "profile") == 0 && strcmp(name, "allow") == 0;
  if (continued)
    return error_set(error, CREDENCE_E_MALFORMED, NULL, "a line that is indented continues nothing here");
  if (strcmp(section, "profile") == 0 && !is_profile_key(name))
    return error_set(error, CREDENCE_E_MALFORMED, NULL, "unknown name %s in [profile]", name);
  if (!repeats && profile_file_get(file, section, name, 0) != NULL)
    return error_set(error, CREDENCE_E_MALFORMED, NULL, "%s is given twice", name);
  return profile_file_add(file, section, name, value, error);
}

int profile_file_parse(const char *path, const char *text, size_t size, struct profile_file *ret_file,
                       credence_error **error)
{
  struct profile_file file = {strdup(path), 0, NULL, 0};
  int r =
      file.path == NULL ? error_nomem(error) : inifile_parse(file.path, text, size, on_value, &file, error);
  if (r < 0) {
    profile_file_clear(&file);
    return r;
  }
  *ret_file = file;
  return 0;
}

static int read_in(const char *folder, const char *name, struct profile_file *file, credence_error **error)
{
  char *text = NULL;
  size_t size = 0;
  char *base = NULL;
  if (asprintf(&base, "%s.conf", name) < 0)
    return error_nomem(error);
  int r = trust_read(folder, base, TRUST_FOLLOW, INIFILE_MAX, &text, &size, error);
  free(base);
  if (r < 0)
    return r;
  char *path = path_join(folder, name, ".conf");
  r = path == NULL ? error_nomem(error) : profile_file_parse(path, text, size, file, error);
  free(path);
  free(text);
  return r;
}

int profile_file_read(const char *name, struct profile_file *ret_file, credence_error **error)
{
  struct profile_folders folders;
  struct profile_file file = {NULL, 0, NULL, 0};
  if (!name_is_valid(name))
    return error_set(error, CREDENCE_E_INVALID, "letters, digits and . _ - after the first; at most 64",
                     "this cannot be the name of a profile: %.80s", name);
  profile_folders_get(&folders);
  const char *const all[] = {folders.user, folders.system[0], folders.system[1]};
  credence_error *why = NULL; /* that one folder lacks it is no error */
  int r = CREDENCE_E_NOT_FOUND;
  for (size_t i = 0; r == CREDENCE_E_NOT_FOUND && i < 3; i++)
    if (all[i] != NULL) {
      r = read_in(all[i], name, &file, &why);
      file.is_user = i == 0;
    }
  free(folders.user);
  if (r == CREDENCE_E_NOT_FOUND)
    r = error_set(error, r, "credence list shows what there is, credence add makes one",
                  "there is no profile %s", name);
  else if (r < 0)
    r = error_pass(error, r, &why);
  credence_error_free(&why);
  if (r == 0)
    *ret_file = file;
  return r;
}

/* --- writing -------------------------------------------------------------- */

static void render(const struct profile_file *file, struct buf *text)
{
  buf_text(text, "# Written by credence.  Secrets are in the keyring, not here.\n");
  for (size_t i = 0; i < file->count; i++) {
    const char *section = file->settings[i].section;
    int seen = 0;
    for (size_t j = 0; j < i && !seen; j++)
      seen = strcmp(file->settings[j].section, section) == 0;
    if (seen)
      continue;
    buf_format(text, "\n[%s]\n", section);
    for (size_t j = i; j < file->count; j++)
      if (strcmp(file->settings[j].section, section) == 0)
        buf_format(text, "%s = %s\n", file->settings[j].name, file->settings[j].value);
  }
}

static int check_settings(const struct profile_file *file, credence_error **error)
{
  for (size_t i = 0; i < file->count; i++)
    if (!inifile_can_hold(file->settings[i].value))
      return error_set(error, CREDENCE_E_INVALID,
                       "one line of at most 150 bytes, no space at either end, no ; after a space",
                       "the value of %s cannot stand in a profile", file->settings[i].name);
  return 0;
}

int profile_file_render(const struct profile_file *file, struct buf *text, credence_error **error)
{
  int r = check_settings(file, error);
  if (r < 0)
    return r;
  render(file, text);
  r = buf_ok(text);
  return r == 0 ? 0 : error_set(error, r, NULL, "%s: too large", file->path == NULL ? "profile" : file->path);
}

int profile_file_write(struct profile_file *file, const char *name, credence_error **error)
{
  struct buf text;
  buf_init(&text, INIFILE_MAX);
  int r = profile_file_render(file, &text, error);
  char *folder = path_config("profiles");
  char *path = folder == NULL ? NULL : path_join(folder, name, ".conf");
  if (r == 0 && path == NULL)
    r = error_set(error, CREDENCE_E_FAILED, "set HOME", "there is no folder for profiles");
  if (r == 0)
    r = path_make_folder(folder, error);
  if (r == 0)
    r = file_replace(folder, path, text.data, text.size, error);
  buf_reset(&text);
  free(path);
  free(folder);
  return r;
}
