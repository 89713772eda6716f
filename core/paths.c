/* SPDX-License-Identifier: BSD-3-Clause */
/* paths.c - where files are looked for; see paths.h */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "encode.h"
#include "error.h"
#include "paths.h"

char *path_join(const char *folder, const char *name, const char *suffix)
{
  char *path = NULL;
  if (asprintf(&path, "%s/%s%s", folder, name, suffix) < 0)
    return NULL;
  return path;
}

static char *user_path(const char *variable, const char *below_home, const char *rest)
{
  char *path = NULL;
  const char *folder = secure_getenv(variable);
  const char *home = secure_getenv("HOME");
  if (folder != NULL && folder[0] == '/') {
    if (asprintf(&path, "%s/credence/%s", folder, rest) < 0)
      return NULL;
  } else if (home != NULL && home[0] == '/') {
    if (asprintf(&path, "%s/%s/credence/%s", home, below_home, rest) < 0)
      return NULL;
  }
  return path;
}

char *path_config(const char *rest)
{
  return user_path("XDG_CONFIG_HOME", ".config", rest);
}

char *path_data(const char *rest)
{
  return user_path("XDG_DATA_HOME", ".local/share", rest);
}

char *path_state(const char *rest)
{
  return user_path("XDG_STATE_HOME", ".local/state", rest);
}

int path_make_folder(const char *path, credence_error **error)
{
  char *copy = strdup(path);
  if (copy == NULL)
    return error_nomem(error);
  int r = 0;
  for (char *slash = strchr(copy + 1, '/'); r == 0; slash = strchr(slash + 1, '/')) {
    if (slash != NULL)
      *slash = '\0';
    if (mkdir(copy, 0700) < 0 && errno != EEXIST)
      r = error_set(error, CREDENCE_E_DENIED, "make the folder, or set HOME",
                    "%s: cannot make the folder: %s", copy, strerror(errno));
    if (slash == NULL)
      break;
    *slash = '/';
  }
  free(copy);
  return r;
}

int name_is_valid(const char *text)
{
  size_t size = strnlen(text, 65);
  if (size == 0 || size > 64 || !ascii_is_alnum(text[0]))
    return 0;
  for (size_t i = 1; i < size; i++)
    if (!ascii_is_alnum(text[i]) && strchr("._-", text[i]) == NULL)
      return 0;
  return 1;
}

static int list_has(const struct name_list *list, const char *name)
{
  for (size_t i = 0; i < list->count; i++)
    if (strcmp(list->names[i], name) == 0)
      return 1;
  return 0;
}

static int list_add(struct name_list *list, const char *name, credence_error **error)
{
  if (list_has(list, name))
    return 0;
  char *copy = strdup(name);
  char **names = copy == NULL ? NULL : realloc(list->names, (list->count + 2) * sizeof(*names));
  if (names == NULL) {
    free(copy);
    return error_nomem(error);
  }
  names[list->count++] = copy;
  names[list->count] = NULL;
  list->names = names;
  return 0;
}

int list_folder(struct name_list *list, const char *folder, const char *suffix, credence_error **error)
{
  int r = 0;
  struct dirent *entry = NULL;
  DIR *dir = folder == NULL ? NULL : opendir(folder);
  if (dir == NULL)
    return 0;
  while (r == 0 && (entry = readdir(dir)) != NULL) {
    size_t size = strlen(entry->d_name);
    size_t tail = strlen(suffix);
    if (size <= tail || strcmp(entry->d_name + size - tail, suffix) != 0)
      continue;
    entry->d_name[size - tail] = '\0';
    if (name_is_valid(entry->d_name))
      r = list_add(list, entry->d_name, error);
  }
  closedir(dir);
  return r;
}

static int compare_names(const void *a, const void *b)
{
  return strcmp(*(char *const *)a, *(char *const *)b);
}

int list_finish(struct name_list *list, char ***ret_names, credence_error **error)
{
  if (list->names == NULL)
    list->names = calloc(1, sizeof(*list->names));
  if (list->names == NULL)
    return error_nomem(error);
  qsort(list->names, list->count, sizeof(*list->names), compare_names);
  *ret_names = list->names;
  list->names = NULL; /* transferred */
  list->count = 0;
  return 0;
}

void list_free(struct name_list *list)
{
  credence_strings_free(&list->names);
  list->count = 0;
}

void credence_strings_free(char ***strings)
{
  if (strings == NULL || *strings == NULL)
    return;
  for (char **string = *strings; *string != NULL; string++)
    free(*string);
  free(*strings);
  *strings = NULL;
}
