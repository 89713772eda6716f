/* SPDX-License-Identifier: BSD-3-Clause */
/* profile.c - read a profile and its manifests; see profile.h */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "inifile.h"
#include "paths.h"
#include "profile.h"
#include "profile-file.h"
#include "secret.h"
#include "session.h"

static void stack_entry_free(struct stack_entry *entry)
{
  if (entry->is_open && entry->provider->table.close != NULL) {
    stack_entry_enter(entry);
    entry->provider->table.close(entry->instance);
    stack_entry_leave(entry);
  }
  for (size_t i = 0; i < MANIFEST_FIELDS_MAX; i++) {
    free(entry->values[i]);
    secret_value_clear(&entry->secrets[i]);
  }
  credence_manifest_free(&entry->manifest);
  pthread_mutex_destroy(&entry->mutex);
  free(entry);
}

void credence_profile_free(credence_profile **profile)
{
  if (profile == NULL || *profile == NULL)
    return;
  credence_profile *p = *profile;
  profile_free_spares(p);
  for (size_t i = 0; i < p->stack_count; i++)
    stack_entry_free(p->stack[i]);
  for (size_t i = 0; i < p->allow_count; i++)
    free(p->allow[i]);
  free(p->name);
  free(p->path);
  free(p->endpoint);
  free(p->host);
  free(p->origin);
  free(p->base_path);
  free(p->keyring);
  free(p->store);
  free(p->client_cert);
  free(p->client_key);
  free(p->ca_cert);
  secret_value_clear(&p->client_key_secret);
  for (size_t i = 0; i < p->login_count; i++)
    free(p->logins[i]);
  session_unref(p->session);
  session_unref(p->shown);
  pthread_mutex_destroy(&p->session_lock);
  pthread_mutex_destroy(&p->derived_lock);
  pthread_mutex_destroy(&p->lock);
  free(p);
  *profile = NULL;
}

const char *stack_entry_value(const struct stack_entry *entry, size_t field)
{
  return entry->values[field] != NULL ? entry->values[field] : entry->manifest->fields[field].default_value;
}

static int profile_new(credence_context *context, const char *name, credence_profile **ret_profile,
                       credence_error **error)
{
  credence_profile *new = calloc(1, sizeof(*new));
  if (new == NULL)
    return error_nomem(error);
  /* Neither fails with the GNU library, nor with musl. */
  (void)pthread_mutex_init(&new->lock, NULL);
  (void)pthread_mutex_init(&new->session_lock, NULL);
  (void)pthread_mutex_init(&new->derived_lock, NULL);
  new->context = context_or_default(context);
  new->name = strdup(name);
  if (new->name == NULL) {
    credence_profile_free(&new);
    return error_nomem(error);
  }
  *ret_profile = new;
  return 0;
}

static const char *value_of(const void *userdata, size_t index)
{
  return stack_entry_value(userdata, index);
}

int stack_entry_applies(const struct stack_entry *entry, const struct field *field)
{
  return manifest_applies(entry->manifest, field, value_of, entry);
}

static int logs_in(const struct stack_entry *entry)
{
  for (size_t i = 0; i < entry->manifest->session_count; i++)
    if (stack_entry_applies(entry, &entry->manifest->session[i]))
      return 1;
  return 0;
}

/* The entry that has a session, of which there may be one. */
static int find_login(credence_profile *p, credence_error **error)
{
  for (size_t i = 0; i < p->stack_count; i++) {
    if (!logs_in(p->stack[i]))
      continue;
    if (p->login_entry != NULL)
      return error_set(error, CREDENCE_E_MALFORMED, "make a profile for each",
                       "%s: more than one provider of the stack logs in", p->path);
    p->login_entry = p->stack[i];
  }
  return 0;
}

static struct stack_entry *find_entry(credence_profile *p, const char *provider)
{
  for (size_t i = 0; i < p->stack_count; i++)
    if (strcmp(p->stack[i]->manifest->name, provider) == 0)
      return p->stack[i];
  return NULL;
}

static int push_entry(credence_profile *p, const char *provider, int with_user, credence_error **error)
{
  if (find_entry(p, provider) != NULL)
    return error_set(error, CREDENCE_E_MALFORMED, "name it once", "%s: %s is in the stack twice", p->path,
                     provider);
  if (p->stack_count == STACK_MAX)
    return error_set(error, CREDENCE_E_TOO_LARGE, NULL, "%s: more than %u providers", p->path, STACK_MAX);
  struct stack_entry *entry = calloc(1, sizeof(*entry));
  if (entry == NULL || pthread_mutex_init(&entry->mutex, NULL) != 0) {
    free(entry);
    return error_nomem(error);
  }
  p->stack[p->stack_count++] = entry;
  return manifest_open(provider, with_user, &entry->manifest, error);
}

/* The words of "stack = a b". */
static int load_stack(credence_profile *p, const struct profile_file *file, credence_error **error)
{
  const char *stack = profile_file_get(file, "profile", "stack", 0);
  char name[72];
  if (stack == NULL)
    return error_set(error, CREDENCE_E_MALFORMED, "add stack = PROVIDER", "%s: [profile] has no stack",
                     file->path);
  int r = 0;
  for (stack += strspn(stack, " "); r == 0 && *stack != '\0'; stack += strspn(stack, " ")) {
    size_t size = strcspn(stack, " ");
    size_t kept = size < sizeof(name) - 1 ? size : sizeof(name) - 1;
    memcpy(name, stack, kept);
    name[kept] = '\0';
    r = push_entry(p, name, file->is_user, error);
    stack += size;
  }
  if (r == 0 && p->stack_count == 0)
    r = error_set(error, CREDENCE_E_MALFORMED, "add stack = PROVIDER", "%s: stack is empty", file->path);
  return r;
}

static int load_endpoint(credence_profile *p, const struct profile_file *file, credence_error **error)
{
  credence_error *why = NULL;
  const char *text = profile_file_get(file, "profile", "endpoint", 0);
  if (text == NULL)
    return error_set(error, CREDENCE_E_MALFORMED, "add endpoint = URL", "%s: has no endpoint", file->path);
  p->endpoint = strdup(text);
  if (p->endpoint == NULL)
    return error_nomem(error);
  int r = endpoint_parse(p->endpoint, &p->url, &why);
  if (r < 0)
    r = error_set(error, r, credence_error_remedy(why), "%s: endpoint: %s", file->path,
                  credence_error_message(why));
  credence_error_free(&why);
  if (r < 0)
    return r;
  p->origin = url_origin(&p->url);
  p->host = p->origin == NULL ? NULL : strdup(strstr(p->origin, "://") + 3);
  p->base_path = p->url.path_size == 0 ? strdup("/") : strndup(p->url.path, p->url.path_size);
  return p->host == NULL || p->base_path == NULL ? error_nomem(error) : 0;
}

static int load_allow(credence_profile *p, const struct profile_file *file, credence_error **error)
{
  const char *rule = NULL;
  for (size_t i = 0; (rule = profile_file_get(file, "profile", "allow", i)) != NULL; i++) {
    if (!allow_rule_is_valid(rule) || i == ALLOW_MAX)
      return error_set(error, CREDENCE_E_MALFORMED,
                       "write allow = METHOD /PATH, with * for anything; or allow = exec",
                       "%s: this is not a rule: %s", file->path, rule);
    p->allow[i] = strdup(rule);
    if (p->allow[i] == NULL)
      return error_nomem(error);
    p->allow_count++;
  }
  return 0;
}

/* The profile's own settings that may be missing. */
static int load_paths(credence_profile *p, const struct profile_file *file, credence_error **error)
{
  const struct {
    const char *name;
    char **slot;
  } settings[] = {{"client_cert", &p->client_cert}, {"client_key", &p->client_key}, {"ca_cert", &p->ca_cert}};
  for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
    const char *path = profile_file_get(file, "profile", settings[i].name, 0);
    if (path == NULL)
      continue;
    if (path[0] != '/')
      return error_set(error, CREDENCE_E_MALFORMED, "write the whole path, from / on",
                       "%s: %s is not a path: %s", file->path, settings[i].name, path);
    *settings[i].slot = strdup(path);
    if (*settings[i].slot == NULL)
      return error_nomem(error);
  }
  return 0;
}

static int load_value(struct stack_entry *entry, const struct setting *setting, const char *path,
                      credence_error **error)
{
  credence_error *why = NULL;
  int field = manifest_find(entry->manifest, setting->name);
  if (field < 0)
    return error_set(error, CREDENCE_E_MALFORMED, "credence providers --json lists its fields",
                     "%s: provider %s has no field %s", path, entry->manifest->name, setting->name);
  if ((entry->manifest->fields[field].flags & CREDENCE_FIELD_SECRET) != 0)
    return error_set(error, CREDENCE_E_REFUSED,
                     "take it out, change the secret at the provider, and use credence set --secret",
                     "%s: the secret %s stands in the file", path, setting->name);
  int r = manifest_check_value(entry->manifest, (size_t)field, setting->value, &why);
  if (r < 0)
    r = error_set(error, r, credence_error_remedy(why), "%s: %s", path, credence_error_message(why));
  credence_error_free(&why);
  if (r < 0)
    return r;
  entry->values[field] = strdup(setting->value);
  return entry->values[field] == NULL ? error_nomem(error) : 0;
}

/* Every line must mean something: a misspelt rule must not pass as no rule. */
static int load_values(credence_profile *p, const struct profile_file *file, credence_error **error)
{
  int r = 0;
  for (size_t i = 0; r == 0 && i < file->count; i++) {
    const struct setting *setting = &file->settings[i];
    struct stack_entry *entry = find_entry(p, setting->section);
    if (strcmp(setting->section, "profile") == 0)
      continue;
    r = entry != NULL ? load_value(entry, setting, file->path, error)
                      : error_set(error, CREDENCE_E_MALFORMED, "see credence-profile(5)",
                                  "%s: unknown: %s in [%s]", file->path, setting->name, setting->section);
  }
  return r;
}

static int load(credence_profile *p, const struct profile_file *file, credence_error **error)
{
  const char *keyring = profile_file_get(file, "profile", "keyring", 0);
  const char *store = profile_file_get(file, "profile", "keyring_store", 0);
  p->path = strdup(file->path);
  p->keyring = strdup(keyring == NULL ? "" : keyring);
  p->store = store == NULL ? NULL : strdup(store);
  if (p->path == NULL || p->keyring == NULL || (store != NULL && p->store == NULL))
    return error_nomem(error);
  /* What is there and wrong comes before what is missing: it may be the same. */
  int r = load_stack(p, file, error);
  if (r == 0)
    r = load_values(p, file, error);
  if (r == 0)
    r = load_allow(p, file, error);
  if (r == 0)
    r = load_paths(p, file, error);
  if (r == 0)
    r = load_endpoint(p, file, error);
  if (r == 0 && keyring == NULL)
    r = error_set(error, CREDENCE_E_MALFORMED, "add keyring = secret-service, or file",
                  "%s: does not say which keyring holds its secrets", file->path);
  return r < 0 ? r : find_login(p, error);
}

int profile_open_file(credence_context *context, const char *name, const struct profile_file *file,
                      credence_profile **ret_profile, credence_error **error)
{
  credence_profile *p = NULL;
  int r = profile_new(context, name, &p, error);
  if (r == 0)
    r = load(p, file, error);
  if (r < 0) {
    credence_profile_free(&p);
    return r;
  }
  *ret_profile = p;
  return 0;
}

int credence_profile_open(credence_context *context, const char *name, credence_profile **ret_profile,
                          credence_error **error)
{
  struct profile_file file;
  int r = profile_file_read(name, &file, error);
  if (r < 0)
    return r;
  r = profile_open_file(context, name, &file, ret_profile, error);
  profile_file_clear(&file);
  return r;
}

int credence_profile_list(credence_context *context, char ***ret_names, credence_error **error)
{
  struct name_list list = {NULL, 0};
  struct profile_folders folders;
  (void)context;
  profile_folders_get(&folders);
  int r = list_folder(&list, folders.user, ".conf", error);
  for (size_t i = 0; r == 0 && i < 2; i++)
    r = list_folder(&list, folders.system[i], ".conf", error);
  if (r == 0)
    r = list_finish(&list, ret_names, error);
  list_free(&list);
  free(folders.user);
  return r;
}

/* --- getters ------------------------------------------------------------ */

const char *credence_profile_name(const credence_profile *profile)
{
  return profile->name;
}

const char *credence_profile_path(const credence_profile *profile)
{
  return profile->path;
}

const char *credence_profile_endpoint(const credence_profile *profile)
{
  return profile->endpoint;
}

const char *credence_profile_keyring(const credence_profile *profile)
{
  return profile->keyring;
}

const char *credence_profile_store(const credence_profile *profile)
{
  return profile->store;
}

const char *credence_profile_client_cert(const credence_profile *profile)
{
  return profile->client_cert;
}

const char *credence_profile_client_key(const credence_profile *profile)
{
  return profile->client_key;
}

const char *credence_profile_ca_cert(const credence_profile *profile)
{
  return profile->ca_cert;
}

const char *credence_profile_provider(const credence_profile *profile, size_t index)
{
  return index < profile->stack_count ? profile->stack[index]->manifest->name : NULL;
}

const char *credence_profile_allow(const credence_profile *profile, size_t index)
{
  return index < profile->allow_count ? profile->allow[index] : NULL;
}

int credence_profile_field(const credence_profile *profile, size_t index, const char **ret_provider,
                           const char **ret_name, const char **ret_value, unsigned *ret_flags)
{
  for (size_t i = 0; i < profile->stack_count; i++) {
    const struct stack_entry *entry = profile->stack[i];
    for (size_t f = 0; f < entry->manifest->field_count; f++) {
      const struct field *field = &entry->manifest->fields[f];
      if (!stack_entry_applies(entry, field) || index-- > 0)
        continue;
      *ret_provider = entry->manifest->name;
      *ret_name = field->name;
      *ret_value = stack_entry_value(entry, f);
      *ret_flags = field->flags;
      return 0;
    }
  }
  return CREDENCE_E_NOT_FOUND;
}
