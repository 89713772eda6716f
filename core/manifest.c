/* SPDX-License-Identifier: BSD-3-Clause */
/* manifest.c - what a provider is, without its code; see manifest.h */
#include "config.h"

#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "encode.h"
#include "error.h"
#include "inifile.h"
#include "manifest.h"
#include "paths.h"
#include "trust.h"
#include "url.h"

#define ABI_MAJOR "1"
#define PROVIDER_NAME_MAX 48u

static void field_clear(struct field *field)
{
  free(field->name);
  free(field->label);
  free(field->help);
  free(field->default_value);
  free(field->pattern);
  free(field->when);
}

void credence_manifest_free(credence_manifest **manifest)
{
  if (manifest == NULL || *manifest == NULL)
    return;
  credence_manifest *m = *manifest;
  for (size_t i = 0; i < m->field_count; i++)
    field_clear(&m->fields[i]);
  for (size_t i = 0; i < m->session_count; i++)
    field_clear(&m->session[i]);
  free(m->name);
  free(m->path);
  free(m->title);
  free(m->homepage);
  free(m->module);
  free(m->provider);
  free(m->endpoint);
  free(m);
  *manifest = NULL;
}

/* Keep value in *slot; a continued line is joined to it with a space. */
static int keep(char **slot, const char *value, int continued, credence_error **error)
{
  char *text = NULL;
  if (*slot != NULL && !continued)
    return error_set(error, CREDENCE_E_MALFORMED, NULL, "given twice");
  if (*slot == NULL)
    text = strdup(value);
  else if (asprintf(&text, "%s %s", *slot, value) < 0)
    text = NULL;
  if (text == NULL)
    return error_nomem(error);
  free(*slot);
  *slot = text;
  return 0;
}

static int on_provider(credence_manifest *m, const char *name, const char *value, int continued,
                       credence_error **error)
{
  const struct {
    const char *name;
    char **slot;
  } keys[] = {
      {"title", &m->title},       {"homepage", &m->homepage}, {"module", &m->module},
      {"provider", &m->provider}, {"endpoint", &m->endpoint},
  };
  for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
    if (strcmp(name, keys[i].name) == 0)
      return keep(keys[i].slot, value, continued, error);
  if (strcmp(name, "abi") == 0 && strcmp(value, ABI_MAJOR) == 0)
    return 0;
  if (strcmp(name, "abi") == 0)
    return error_set(error, CREDENCE_E_UNSUPPORTED, NULL, "needs interface %s; this is " ABI_MAJOR, value);
  return error_set(error, CREDENCE_E_MALFORMED, NULL, "unknown key %s", name);
}

static int field_name_is_valid(const char *name)
{
  size_t size = strnlen(name, 65);
  for (size_t i = 0; i < size; i++)
    if (!ascii_is_alnum(name[i]) && name[i] != '_')
      return 0;
  return size > 0 && size <= 64;
}

struct field_list {
  struct field *fields;
  size_t *count;
  size_t max;
};

static int find_in(const struct field *fields, size_t count, const char *name)
{
  for (size_t i = 0; i < count; i++)
    if (strcmp(fields[i].name, name) == 0)
      return (int)i;
  return -1;
}

/* The field of this section, made when it is new. */
static struct field *section_field(struct field_list list, const char *name, unsigned flags,
                                   credence_error **error)
{
  int found = find_in(list.fields, *list.count, name);
  if (found >= 0)
    return &list.fields[found];
  if (!field_name_is_valid(name)) {
    (void)error_set(error, CREDENCE_E_MALFORMED, NULL, "a field is named with letters, digits and _");
    return NULL;
  }
  if (*list.count == list.max) {
    (void)error_set(error, CREDENCE_E_TOO_LARGE, NULL, "more than %zu fields", list.max);
    return NULL;
  }
  struct field *field = &list.fields[*list.count];
  field->name = strdup(name);
  if (field->name == NULL) {
    (void)error_nomem(error);
    return NULL;
  }
  field->flags = flags;
  ++*list.count;
  return field;
}

static int set_flag(struct field *field, unsigned flag, const char *value, credence_error **error)
{
  if (strcmp(value, "yes") == 0)
    field->flags |= flag;
  else if (strcmp(value, "no") != 0)
    return error_set(error, CREDENCE_E_MALFORMED, NULL, "is either yes or no");
  return 0;
}

static int set_kind(struct field *field, const char *value, credence_error **error)
{
  if (strcmp(value, "login-url") != 0)
    return error_set(error, CREDENCE_E_MALFORMED, NULL, "unknown kind %s", value);
  field->is_login_url = 1;
  return 0;
}

/* What a field and a value of the session have in common. */
static int on_any_field(struct field *field, const char *name, const char *value, int continued,
                        credence_error **error)
{
  if (strcmp(name, "label") == 0)
    return keep(&field->label, value, continued, error);
  if (strcmp(name, "secret") == 0)
    return set_flag(field, CREDENCE_FIELD_SECRET, value, error);
  if (strcmp(name, "when") == 0)
    return keep(&field->when, value, continued, error);
  return error_set(error, CREDENCE_E_MALFORMED, NULL, "unknown key %s", name);
}

static int on_field(struct field *field, const char *name, const char *value, int continued,
                    credence_error **error)
{
  if (strcmp(name, "help") == 0)
    return keep(&field->help, value, continued, error);
  if (strcmp(name, "default") == 0)
    return keep(&field->default_value, value, continued, error);
  if (strcmp(name, "pattern") == 0)
    return keep(&field->pattern, value, continued, error);
  if (strcmp(name, "kind") == 0)
    return set_kind(field, value, error);
  if (strcmp(name, "required") == 0)
    return set_flag(field, CREDENCE_FIELD_REQUIRED, value, error);
  return on_any_field(field, name, value, continued, error);
}

static int on_value(void *userdata, const char *section, const char *name, const char *value, int continued,
                    credence_error **error)
{
  credence_manifest *m = userdata;
  const struct field_list fields = {m->fields, &m->field_count, MANIFEST_FIELDS_MAX};
  const struct field_list session = {m->session, &m->session_count, MANIFEST_SESSION_MAX};
  struct field *field = NULL;
  if (strcmp(section, "provider") == 0)
    return on_provider(m, name, value, continued, error);
  if (strncmp(section, "session ", 8) == 0) {
    field = section_field(session, section + 8, 0, error);
    return field == NULL ? CREDENCE_E_MALFORMED : on_any_field(field, name, value, continued, error);
  }
  if (strncmp(section, "field ", 6) == 0)
    field = section_field(fields, section + 6, 0, error);
  else if (strncmp(section, "option ", 7) == 0)
    field = section_field(fields, section + 7, CREDENCE_FIELD_OPTION, error);
  else
    return error_set(error, CREDENCE_E_MALFORMED, NULL, "unknown section [%s]", section);
  return field == NULL ? CREDENCE_E_MALFORMED : on_field(field, name, value, continued, error);
}

static int check_pattern(const credence_manifest *m, const struct field *field, credence_error **error)
{
  regex_t regex;
  if (field->pattern == NULL)
    return 0;
  if (regcomp(&regex, field->pattern, REG_EXTENDED | REG_NOSUB) != 0)
    return error_set(error, CREDENCE_E_MALFORMED, "write a POSIX extended regular expression",
                     "%s: the pattern of %s is not one", m->path, field->name);
  regfree(&regex);
  return 0;
}

/* "OPTION=VALUE" must name a field that is not secret. */
static int check_when(const credence_manifest *m, const struct field *field, credence_error **error)
{
  for (size_t i = 0; field->when != NULL && i <= m->field_count; i++) {
    const struct field *option = &m->fields[i];
    if (i == m->field_count)
      return error_set(error, CREDENCE_E_MALFORMED, "write when = OPTION=VALUE",
                       "%s: when of %s names no option", m->path, field->name);
    size_t size = strlen(option->name);
    if (strncmp(field->when, option->name, size) == 0 && field->when[size] == '=' &&
        (option->flags & CREDENCE_FIELD_SECRET) == 0)
      break;
  }
  return 0;
}

static int check_field(const credence_manifest *m, const struct field *field, credence_error **error)
{
  struct url url;
  /* Matching would copy the secret to memory that nobody wipes. */
  if ((field->flags & CREDENCE_FIELD_SECRET) != 0 && (field->default_value != NULL || field->pattern != NULL))
    return error_set(error, CREDENCE_E_MALFORMED, "take it out",
                     "%s: the secret %s has a default or a pattern", m->path, field->name);
  if ((field->flags & CREDENCE_FIELD_SECRET) != 0 && field->is_login_url)
    return error_set(error, CREDENCE_E_MALFORMED, "take one of them out",
                     "%s: %s is a secret and a login-url", m->path, field->name);
  if (field->is_login_url && field->default_value != NULL && url_parse(field->default_value, &url, NULL) < 0)
    return error_set(error, CREDENCE_E_MALFORMED, "write https://HOST/PATH",
                     "%s: the default of %s is not a URL", m->path, field->name);
  int r = check_pattern(m, field, error);
  return r < 0 ? r : check_when(m, field, error);
}

static int check_session(const credence_manifest *m, const struct field *value, credence_error **error)
{
  if (manifest_find(m, value->name) >= 0)
    return error_set(error, CREDENCE_E_MALFORMED, "give it another name",
                     "%s: %s is a field and a value of the session", m->path, value->name);
  return check_when(m, value, error);
}

static int check_module_name(const char *module)
{
  size_t size = strlen(module);
  if (size < 4 || strcmp(module + size - 3, ".so") != 0 || !ascii_is_alnum(module[0]))
    return -1;
  for (size_t i = 0; i < size; i++)
    if (!ascii_is_alnum(module[i]) && strchr("._-", module[i]) == NULL)
      return -1;
  return 0;
}

static int check_whole(const credence_manifest *m, credence_error **error)
{
  struct url url;
  if (m->title == NULL || m->module == NULL || m->provider == NULL)
    return error_set(error, CREDENCE_E_MALFORMED, "see credence-provider(5)",
                     "%s: [provider] needs title, module and provider", m->path);
  if (check_module_name(m->module) < 0)
    return error_set(error, CREDENCE_E_REFUSED, "name a file NAME.so, without a folder",
                     "%s: module is not a plain file name", m->path);
  if (m->endpoint != NULL && endpoint_parse(m->endpoint, &url, NULL) < 0)
    return error_set(error, CREDENCE_E_MALFORMED, "write https://HOST/PATH", "%s: endpoint is not one",
                     m->path);
  int r = 0;
  for (size_t i = 0; r == 0 && i < m->field_count; i++)
    r = check_field(m, &m->fields[i], error);
  for (size_t i = 0; r == 0 && i < m->session_count; i++)
    r = check_session(m, &m->session[i], error);
  return r;
}

static int manifest_read(const char *folder, const char *name, credence_manifest *m, credence_error **error)
{
  char *text = NULL;
  size_t size = 0;
  char *file = NULL;
  m->name = strdup(name);
  m->path = path_join(folder, name, ".provider");
  if (m->name == NULL || m->path == NULL || asprintf(&file, "%s.provider", name) < 0)
    return error_nomem(error);
  int r = trust_read(folder, file, 0, INIFILE_MAX, &text, &size, error);
  if (r == 0)
    r = inifile_parse(m->path, text, size, on_value, m, error);
  if (r == 0)
    r = check_whole(m, error);
  free(text);
  free(file);
  return r;
}

static int open_in(const char *folder, const char *name, int is_user, credence_manifest **ret_manifest,
                   credence_error **error)
{
  credence_manifest *m = calloc(1, sizeof(*m));
  if (m == NULL)
    return error_nomem(error);
  m->is_user = is_user;
  int r = manifest_read(folder, name, m, error);
  if (r < 0) {
    credence_manifest_free(&m);
    return r;
  }
  *ret_manifest = m;
  return 0;
}

int manifest_open(const char *name, int with_user, credence_manifest **ret_manifest, credence_error **error)
{
  credence_error *ignored = NULL;
  /* A profile has a section of this name, which inih cuts when it is longer. */
  if (!name_is_valid(name) || strlen(name) > PROVIDER_NAME_MAX)
    return error_set(error, CREDENCE_E_INVALID, "credence providers lists them",
                     "this is not the name of a provider: %.80s", name);
  int r = open_in(PROVIDER_DIR, name, 0, ret_manifest, &ignored);
  char *user = with_user && r == CREDENCE_E_NOT_FOUND ? path_data("providers") : NULL;
  if (user != NULL)
    r = open_in(user, name, 1, ret_manifest, &ignored);
  free(user);
  if (r == CREDENCE_E_NOT_FOUND)
    r = error_set(error, r, "credence providers lists what there is",
                  "there is no provider %s in " PROVIDER_DIR, name);
  else if (r < 0)
    r = error_pass(error, r, &ignored);
  credence_error_free(&ignored);
  return r;
}

int manifest_find(const credence_manifest *manifest, const char *field)
{
  return find_in(manifest->fields, manifest->field_count, field);
}

int manifest_find_session(const credence_manifest *manifest, const char *name)
{
  return find_in(manifest->session, manifest->session_count, name);
}

int manifest_applies(const credence_manifest *manifest, const struct field *field, manifest_value value_of,
                     const void *userdata)
{
  for (size_t i = 0; field->when != NULL && i < manifest->field_count; i++) {
    size_t size = strlen(manifest->fields[i].name);
    if (strncmp(field->when, manifest->fields[i].name, size) != 0 || field->when[size] != '=')
      continue;
    const char *value = value_of(userdata, i);
    return strcmp(value == NULL ? "" : value, field->when + size + 1) == 0;
  }
  return 1;
}

int manifest_check_value(const credence_manifest *manifest, size_t index, const char *value,
                         credence_error **error)
{
  const struct field *field = &manifest->fields[index];
  struct url url;
  regex_t regex;
  if (field->is_login_url) {
    int r = url_parse(value, &url, NULL);
    if (r < 0)
      return error_set(error, r, "write https://HOST/PATH", "the value of %s is not a URL", field->name);
  }
  if (field->pattern == NULL)
    return 0;
  if (regcomp(&regex, field->pattern, REG_EXTENDED | REG_NOSUB) != 0)
    return error_nomem(error); /* it compiled when the manifest was read */
  int matches = regexec(&regex, value, 0, NULL, 0) == 0;
  regfree(&regex);
  if (!matches)
    return error_set(error, CREDENCE_E_INVALID, field->help == NULL ? field->label : field->help,
                     "the value of %s does not look like one", field->name);
  return 0;
}

/* --- public ------------------------------------------------------------- */

int credence_manifest_list(credence_context *context, char ***ret_names, credence_error **error)
{
  struct name_list list = {NULL, 0};
  (void)context;
  char *user = path_data("providers");
  int r = list_folder(&list, PROVIDER_DIR, ".provider", error);
  if (r == 0)
    r = list_folder(&list, user, ".provider", error);
  if (r == 0)
    r = list_finish(&list, ret_names, error);
  list_free(&list);
  free(user);
  return r;
}

int credence_manifest_open(credence_context *context, const char *provider, credence_manifest **ret_manifest,
                           credence_error **error)
{
  (void)context;
  return manifest_open(provider, 1, ret_manifest, error);
}

const char *credence_manifest_name(const credence_manifest *manifest)
{
  return manifest->name;
}

const char *credence_manifest_title(const credence_manifest *manifest)
{
  return manifest->title;
}

const char *credence_manifest_homepage(const credence_manifest *manifest)
{
  return manifest->homepage == NULL ? "" : manifest->homepage;
}

const char *credence_manifest_endpoint(const credence_manifest *manifest)
{
  return manifest->endpoint;
}

const char *credence_manifest_path(const credence_manifest *manifest)
{
  return manifest->path;
}

const char *credence_manifest_module(const credence_manifest *manifest)
{
  return manifest->module;
}

size_t credence_manifest_field_count(const credence_manifest *manifest)
{
  return manifest->field_count;
}

/* An empty one behind the last. */
static const struct field *field_at(const credence_manifest *manifest, size_t index)
{
  static const struct field none;
  return index < manifest->field_count ? &manifest->fields[index] : &none;
}

const char *credence_manifest_field_name(const credence_manifest *manifest, size_t index)
{
  return field_at(manifest, index)->name;
}

const char *credence_manifest_field_label(const credence_manifest *manifest, size_t index)
{
  const struct field *field = field_at(manifest, index);
  return field->label == NULL ? field->name : field->label;
}

const char *credence_manifest_field_help(const credence_manifest *manifest, size_t index)
{
  const struct field *field = field_at(manifest, index);
  return field->help == NULL ? "" : field->help;
}

const char *credence_manifest_field_default(const credence_manifest *manifest, size_t index)
{
  return field_at(manifest, index)->default_value;
}

unsigned credence_manifest_field_flags(const credence_manifest *manifest, size_t index)
{
  return field_at(manifest, index)->flags;
}

const char *credence_manifest_field_when(const credence_manifest *manifest, size_t index)
{
  return field_at(manifest, index)->when;
}
