/* SPDX-License-Identifier: BSD-3-Clause */
/* draft.c - what a new or changed profile shall be; see draft.h */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "draft.h"
#include "encode.h"
#include "error.h"
#include "inifile.h"
#include "keyring.h"
#include "paths.h"
#include "secret.h"

#define SECRET_FIELD_MAX (32u * 1024u)

void credence_draft_free(credence_draft **draft)
{
  if (draft == NULL || *draft == NULL)
    return;
  credence_draft *d = *draft;
  for (size_t i = 0; i < d->entry_count; i++) {
    for (size_t f = 0; f < MANIFEST_FIELDS_MAX; f++)
      secret_free(d->entries[i].secrets[f]);
    credence_manifest_free(&d->entries[i].manifest);
  }
  secret_free(d->client_key);
  profile_file_clear(&d->file);
  profile_file_clear(&d->log);
  free(d->name);
  free(d);
  *draft = NULL;
}

static int draft_alloc(credence_context *context, const char *name, credence_draft **ret_draft,
                       credence_error **error)
{
  credence_draft *new = calloc(1, sizeof(*new));
  if (new == NULL || (new->name = strdup(name)) == NULL) {
    free(new);
    return error_nomem(error);
  }
  new->context = context_or_default(context);
  *ret_draft = new;
  return 0;
}

int draft_check_is_free(const char *name, credence_error **error)
{
  struct profile_file file;
  credence_error *why = NULL;
  int r = profile_file_read(name, &file, &why);
  if (r == CREDENCE_E_NOT_FOUND) {
    r = 0;
  } else if (r == 0) {
    r = error_set(error, CREDENCE_E_CONFLICT, "credence set changes it, credence remove deletes it",
                  "there is a profile %s already: %s", name, file.path);
    profile_file_clear(&file);
  } else {
    r = error_pass(error, r, &why);
  }
  credence_error_free(&why);
  return r;
}

int credence_draft_new(credence_context *context, const char *name, const char *provider,
                       credence_draft **ret_draft, credence_error **error)
{
  credence_draft *d = NULL;
  int r = draft_check_is_free(name, error);
  if (r == 0)
    r = draft_alloc(context, name, &d, error);
  if (r < 0)
    return r;
  d->is_new = 1;
  r = manifest_open(provider, 1, &d->entries[0].manifest, error);
  if (r == 0) {
    d->entry_count = 1;
    r = profile_file_set(&d->file, "profile", "stack", provider, error);
  }
  if (r == 0 && d->entries[0].manifest->endpoint != NULL)
    r = profile_file_set(&d->file, "profile", "endpoint", d->entries[0].manifest->endpoint, error);
  if (r < 0) {
    credence_draft_free(&d);
    return r;
  }
  *ret_draft = d;
  return 0;
}

static int load_entries(credence_draft *d, credence_error **error)
{
  credence_profile *profile = NULL;
  const char *name = NULL;
  /* Opening checks every line of the file. */
  int r = credence_profile_open(d->context, d->name, &profile, error);
  for (size_t i = 0; r == 0 && (name = credence_profile_provider(profile, i)) != NULL; i++) {
    r = manifest_open(name, d->file.is_user, &d->entries[i].manifest, error);
    if (r == 0)
      d->entry_count++;
  }
  credence_profile_free(&profile);
  return r;
}

int credence_draft_load(credence_context *context, const char *name, credence_draft **ret_draft,
                        credence_error **error)
{
  credence_draft *d = NULL;
  int r = draft_alloc(context, name, &d, error);
  if (r == 0)
    r = profile_file_read(name, &d->file, error);
  if (r == 0)
    r = load_entries(d, error);
  if (r < 0) {
    credence_draft_free(&d);
    return r;
  }
  *ret_draft = d;
  return 0;
}

static int apply(struct profile_file *file, const struct setting *change, credence_error **error)
{
  if (strcmp(change->name, "allow") == 0 && strcmp(change->section, "profile") == 0)
    return profile_file_add(file, change->section, change->name, change->value, error);
  const char *value = change->value[0] == '\0' ? NULL : change->value;
  return profile_file_set(file, change->section, change->name, value, error);
}

/* Make a change, and remember it for draft_replay(). */
static int change(credence_draft *d, const char *section, const char *name, const char *value,
                  credence_error **error)
{
  int r = profile_file_add(&d->log, section, name, value, error);
  return r < 0 ? r : apply(&d->file, &d->log.settings[d->log.count - 1], error);
}

int draft_replay(const credence_draft *draft, struct profile_file *file, credence_error **error)
{
  int r = 0;
  for (size_t i = 0; r == 0 && i < draft->log.count; i++)
    r = apply(file, &draft->log.settings[i], error);
  return r;
}

/* --- settings ------------------------------------------------------------- */

int credence_draft_set_endpoint(credence_draft *draft, const char *url, credence_error **error)
{
  struct url parsed;
  char *text = strdup(url);
  if (text == NULL)
    return error_nomem(error);
  /* A host is the same in any case; lower case is how it is compared later. */
  char *host = strstr(text, "://");
  for (char *c = host == NULL ? NULL : host + 3; c != NULL && *c != '\0' && *c != '/' && *c != '?'; c++)
    *c = (char)ascii_lower((unsigned char)*c);
  int r = endpoint_parse(text, &parsed, error);
  if (r == 0)
    r = change(draft, "profile", "endpoint", text, error);
  free(text);
  return r;
}

int credence_draft_set_keyring(credence_draft *draft, const char *keyring, credence_error **error)
{
  if (!name_is_valid(keyring))
    return error_set(error, CREDENCE_E_INVALID, "for instance secret-service or file",
                     "this is not the name of a keyring: %.80s", keyring);
  if (!draft->is_new)
    return error_set(error, CREDENCE_E_REFUSED, "credence migrate moves it",
                     "a profile's keyring cannot be changed");
  return change(draft, "profile", "keyring", keyring, error);
}

int credence_draft_set_store(credence_draft *draft, const char *path, credence_error **error)
{
  if (path[0] != '/' || !inifile_can_hold(path))
    return error_set(error, CREDENCE_E_INVALID,
                     "give the whole path, at most 150 bytes and without ; after a space",
                     "this is not the path of a keyring: %.200s", path);
  if (!draft->is_new)
    return error_set(error, CREDENCE_E_REFUSED, "credence migrate moves it",
                     "a profile's keyring cannot be changed");
  return change(draft, "profile", "keyring_store", path, error);
}

int credence_draft_add_allow(credence_draft *draft, const char *rule, credence_error **error)
{
  if (!allow_rule_is_valid(rule))
    return error_set(error, CREDENCE_E_INVALID, "write it as 'GET /path/*', the method in capitals",
                     "this is not a rule: %.120s", rule);
  return change(draft, "profile", "allow", rule, error);
}

static int set_path(credence_draft *draft, const char *name, const char *path, credence_error **error)
{
  if (path == NULL)
    path = "";
  if (path[0] != '\0' && (path[0] != '/' || !inifile_can_hold(path)))
    return error_set(error, CREDENCE_E_INVALID,
                     "give the whole path, at most 150 bytes and without ; after a space",
                     "%s cannot be: %.200s", name, path);
  return change(draft, "profile", name, path, error);
}

int credence_draft_set_client_cert(credence_draft *draft, const char *path, credence_error **error)
{
  return set_path(draft, "client_cert", path, error);
}

int credence_draft_set_client_key(credence_draft *draft, const char *path, credence_error **error)
{
  return set_path(draft, "client_key", path, error);
}

int credence_draft_set_ca_cert(credence_draft *draft, const char *path, credence_error **error)
{
  return set_path(draft, "ca_cert", path, error);
}

int draft_is_read_only(const credence_draft *draft)
{
  const char *keyring = profile_file_get(&draft->file, "profile", "keyring", 0);
  return keyring != NULL && keyring_is_read_only(keyring);
}

int draft_refuse_secret(const credence_draft *draft, const char *field, credence_error **error)
{
  char remedy[KEYRING_HINT_SIZE];
  const char *keyring = profile_file_get(&draft->file, "profile", "keyring", 0);
  const char *store = profile_file_get(&draft->file, "profile", "keyring_store", 0);
  const char *dot = strrchr(field, '.');
  keyring_hint(keyring, store, draft->name, dot == NULL ? field : dot + 1, remedy);
  return error_set(error, CREDENCE_E_UNSUPPORTED, remedy, "keyring %s is read-only, and cannot store %.80s",
                   keyring, field);
}

struct place {
  size_t entry;
  size_t field;
};

/* "the fields are a, b": for somebody who mistyped one. */
static void name_fields(const credence_draft *d, char *out, size_t size)
{
  size_t used = (size_t)snprintf(out, size, "the fields are");
  for (size_t i = 0; i < d->entry_count; i++)
    for (size_t f = 0; f < d->entries[i].manifest->field_count && used < size; f++)
      used += (size_t)snprintf(out + used, size - used, "%s %s", i + f == 0 ? "" : ",",
                               d->entries[i].manifest->fields[f].name);
}

/* "FIELD", or "PROVIDER.FIELD". */
static int find_field(const credence_draft *d, const char *name, struct place *ret_place,
                      credence_error **error)
{
  size_t found = 0;
  for (size_t i = 0; i < d->entry_count; i++) {
    const credence_manifest *manifest = d->entries[i].manifest;
    size_t prefix = strlen(manifest->name);
    const char *bare =
        strncmp(name, manifest->name, prefix) == 0 && name[prefix] == '.' ? name + prefix + 1 : name;
    int field = manifest_find(manifest, bare);
    if (field >= 0) {
      *ret_place = (struct place){i, (size_t)field};
      found++;
    }
  }
  if (found > 1)
    return error_set(error, CREDENCE_E_AMBIGUOUS, "write PROVIDER.FIELD",
                     "more than one provider of the profile has a field %.80s", name);
  if (found == 0) {
    char fields[512];
    name_fields(d, fields, sizeof(fields));
    return error_set(error, CREDENCE_E_NOT_FOUND, fields, "the provider has no field %.80s", name);
  }
  return 0;
}

static int is_secret(const credence_draft *d, struct place place)
{
  return (d->entries[place.entry].manifest->fields[place.field].flags & CREDENCE_FIELD_SECRET) != 0;
}

int credence_draft_set_field(credence_draft *draft, const char *field, const char *value,
                             credence_error **error)
{
  struct place place;
  int r = find_field(draft, field, &place, error);
  if (r < 0)
    return r;
  const credence_manifest *manifest = draft->entries[place.entry].manifest;
  if (is_secret(draft, place))
    return error_set(error, CREDENCE_E_INVALID,
                     "give it with --secret FIELD=PATH, --secret FIELD=- or when asked",
                     "%s is a secret, and what stands on a command line can be read by others", field);
  if (value == NULL)
    value = "";
  if (!inifile_can_hold(value))
    return error_set(error, CREDENCE_E_INVALID,
                     "one line of at most 150 bytes, no space at either end, no ; after a space",
                     "the value of %s cannot stand in a profile", field);
  if (value[0] != '\0')
    r = manifest_check_value(manifest, place.field, value, error);
  if (r < 0)
    return r;
  return change(draft, manifest->name, manifest->fields[place.field].name, value, error);
}

/* The key of the client certificate, unless a provider calls a field of its own so. */
static int is_client_key(const credence_draft *d, const char *name)
{
  for (size_t i = 0; i < d->entry_count; i++)
    if (manifest_find(d->entries[i].manifest, name) >= 0)
      return 0;
  return strcmp(name, "client_key") == 0;
}

static int is_plain_key(const void *data, size_t size)
{
  return memmem(data, size, "PRIVATE KEY-----", 16) != NULL && memmem(data, size, "ENCRYPTED", 9) == NULL;
}

static int take_secret(char **slot, size_t *slot_size, const char *name, const void *data, size_t size,
                       credence_error **error)
{
  if (size == 0 || size > SECRET_FIELD_MAX)
    return error_set(error, CREDENCE_E_INVALID, "give 1 to 32768 bytes", "the secret %s is empty or too long",
                     name);
  char *copy = secret_copy(data, size);
  if (copy == NULL)
    return error_nomem(error);
  secret_free(*slot);
  *slot = copy;
  *slot_size = size;
  return 0;
}

int credence_draft_set_secret(credence_draft *draft, const char *field, const void *data, size_t size,
                              credence_error **error)
{
  struct place place;
  if (draft_is_read_only(draft))
    return draft_refuse_secret(draft, field, error);
  if (is_client_key(draft, field) && !is_plain_key(data, size))
    return error_set(error, CREDENCE_E_INVALID, "openssl pkey -in FILE makes it that",
                     "%s is not a private key in PEM without a passphrase", field);
  if (is_client_key(draft, field))
    return take_secret(&draft->client_key, &draft->client_key_size, field, data, size, error);
  int r = find_field(draft, field, &place, error);
  if (r < 0)
    return r;
  if (!is_secret(draft, place))
    return error_set(error, CREDENCE_E_INVALID, "give it as FIELD=VALUE", "%s is not a secret", field);
  struct draft_entry *entry = &draft->entries[place.entry];
  return take_secret(&entry->secrets[place.field], &entry->sizes[place.field], field, data, size, error);
}

struct draft_view {
  const credence_draft *draft;
  const credence_manifest *manifest;
};

static const char *value_of(const void *userdata, size_t index)
{
  const struct draft_view *view = userdata;
  const struct field *field = &view->manifest->fields[index];
  const char *value = profile_file_get(&view->draft->file, view->manifest->name, field->name, 0);
  return value == NULL ? field->default_value : value;
}

int draft_applies(const credence_draft *draft, size_t entry, const struct field *field)
{
  const struct draft_view view = {draft, draft->entries[entry].manifest};
  return manifest_applies(view.manifest, field, value_of, &view);
}

static int is_missing(const credence_draft *d, size_t i, size_t f)
{
  const credence_manifest *manifest = d->entries[i].manifest;
  const struct field *field = &manifest->fields[f];
  if ((field->flags & CREDENCE_FIELD_REQUIRED) == 0 || field->default_value != NULL ||
      !draft_applies(d, i, field))
    return 0;
  if ((field->flags & CREDENCE_FIELD_SECRET) != 0)
    return d->is_new && d->entries[i].secrets[f] == NULL && !draft_is_read_only(d);
  return profile_file_get(&d->file, manifest->name, field->name, 0) == NULL;
}

const char *credence_draft_missing(const credence_draft *draft, size_t index, const char **ret_label,
                                   unsigned *ret_flags)
{
  for (size_t i = 0; i < draft->entry_count; i++)
    for (size_t f = 0; f < draft->entries[i].manifest->field_count; f++)
      if (is_missing(draft, i, f) && index-- == 0) {
        const struct field *field = &draft->entries[i].manifest->fields[f];
        *ret_label = field->label == NULL ? field->name : field->label;
        *ret_flags = field->flags;
        return field->name;
      }
  return NULL;
}
