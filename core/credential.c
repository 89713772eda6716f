/* SPDX-License-Identifier: BSD-3-Clause */
/* credential.c - take a profile's secrets out of its record; see credential.h */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "credential.h"
#include "error.h"
#include "profile-file.h"
#include "rotation.h"
#include "secret.h"

static int want_secrets(const struct stack_entry *entry, struct keyring *keyring, credence_error **error)
{
  int r = 0;
  for (size_t f = 0; r == 0 && f < entry->manifest->field_count; f++) {
    const struct field *field = &entry->manifest->fields[f];
    if ((field->flags & CREDENCE_FIELD_SECRET) != 0 && stack_entry_applies(entry, field))
      r = keyring_want(keyring, entry->manifest->name, field->name, error);
  }
  return r;
}

int credential_open_keyring(const credence_profile *p, struct keyring **ret_keyring, credence_error **error)
{
  struct keyring *keyring = NULL;
  int r = keyring_open(p->context, p->keyring, p->store, &keyring, error);
  for (size_t i = 0; r == 0 && i < p->stack_count; i++)
    r = want_secrets(p->stack[i], keyring, error);
  if (r == 0 && p->client_cert != NULL)
    r = keyring_want(keyring, RECORD_PROFILE, "client_key", error);
  if (r < 0) {
    keyring_close(&keyring);
    return r;
  }
  *ret_keyring = keyring;
  return 0;
}

static int take_field(const credence_profile *p, struct stack_entry *entry, size_t field,
                      const struct record *record, credence_error **error)
{
  char remedy[REMEDY_SIZE];
  const struct field *what = &entry->manifest->fields[field];
  const unsigned char *data = NULL;
  size_t size = 0;
  if ((what->flags & CREDENCE_FIELD_SECRET) == 0)
    return 0;
  /* What an unlock took that failed later may be out of date. */
  secret_value_clear(&entry->secrets[field]);
  if (!record_get(record, entry->manifest->name, what->name, &data, &size)) {
    if ((what->flags & CREDENCE_FIELD_REQUIRED) == 0 || !stack_entry_applies(entry, what))
      return 0;
    profile_secret_remedy(p, what->name, remedy);
    return error_set(error, CREDENCE_E_NOT_FOUND, remedy, "the keyring has no %s for profile %s", what->name,
                     p->name);
  }
  return secret_value_set(&entry->secrets[field], data, size) < 0 ? error_nomem(error) : 0;
}

static int take_client_key(credence_profile *p, const struct record *record, credence_error **error)
{
  const unsigned char *data = NULL;
  size_t size = 0;
  if (!record_get(record, RECORD_PROFILE, "client_key", &data, &size))
    return 0;
  return secret_value_set(&p->client_key_secret, data, size) < 0 ? error_nomem(error) : 0;
}

/* Keep the origin of a login URL when it may get the login: the manifest names it,
 * or the user did when the secret was stored. */
static int take_login(credence_profile *p, const struct stack_entry *entry, size_t field,
                      const struct record *record, credence_error **error)
{
  const char *value = stack_entry_value(entry, field);
  const struct field *what = &entry->manifest->fields[field];
  if (!what->is_login_url || !stack_entry_applies(entry, what) || value == NULL ||
      p->login_count == LOGINS_MAX)
    return 0;
  char *origin = url_text_origin(value);
  if (origin == NULL)
    return error_nomem(error);
  if ((entry->values[field] == NULL && !entry->manifest->is_user) || record_has_login(record, origin))
    p->logins[p->login_count++] = origin; /* transferred */
  else
    free(origin);
  return 0;
}

static int take_logins(credence_profile *p, const struct record *record, credence_error **error)
{
  int r = 0;
  while (p->login_count > 0)
    free(p->logins[--p->login_count]);
  for (size_t i = 0; r == 0 && i < p->stack_count; i++)
    for (size_t f = 0; r == 0 && f < p->stack[i]->manifest->field_count; f++)
      r = take_login(p, p->stack[i], f, record, error);
  return r;
}

/* "" for a record that has none. */
static void read_stamp(const struct record *record, char out[STAMP_SIZE])
{
  const unsigned char *stamp = NULL;
  size_t size = 0;
  memset(out, 0, STAMP_SIZE);
  if (record_stamp(record, &stamp, &size))
    memcpy(out, stamp, size < STAMP_SIZE ? size : STAMP_SIZE - 1);
}

static void digest_text(EVP_MD_CTX *md, const char *text)
{
  (void)EVP_DigestUpdate(md, text, strlen(text) + 1);
}

/* A session, or a refusal to log in, counts as long as this stays the same: the
 * stored secrets by their stamp, and every setting of the stack. */
static int take_fingerprint(credence_profile *p, credence_error **error)
{
  unsigned char digest[CREDENCE_SHA256_SIZE];
  EVP_MD_CTX *md = EVP_MD_CTX_new();
  if (md == NULL || EVP_DigestInit_ex(md, digest_find(CREDENCE_SHA256), NULL) != 1) {
    EVP_MD_CTX_free(md);
    return error_nomem(error);
  }
  digest_text(md, p->stamp);
  digest_text(md, p->endpoint);
  digest_text(md, p->client_cert == NULL ? "" : p->client_cert);
  digest_text(md, p->client_key == NULL ? "" : p->client_key);
  for (size_t i = 0; i < p->stack_count; i++) {
    digest_text(md, p->stack[i]->manifest->name);
    for (size_t f = 0; f < p->stack[i]->manifest->field_count; f++) {
      const char *value = stack_entry_value(p->stack[i], f);
      digest_text(md, value == NULL ? "" : value);
    }
  }
  int good = EVP_DigestFinal_ex(md, digest, NULL) == 1;
  EVP_MD_CTX_free(md);
  credence_hex(p->fingerprint, digest, sizeof(digest));
  return good ? 0 : error_nomem(error);
}

/* By what it is known again, and what a login depends on. */
static int take_terms(credence_profile *p, const struct record *record, credence_error **error)
{
  read_stamp(record, p->stamp);
  if (p->login_entry == NULL)
    return 0;
  int r = take_logins(p, record, error);
  return r < 0 ? r : take_fingerprint(p, error);
}

int credential_take_none(credence_profile *p, credence_error **error)
{
  const struct record none = {NULL, 0};
  return take_terms(p, &none, error);
}

int credential_take_record(credence_profile *p, const struct record *record, credence_error **error)
{
  int r = record_check_origin(
      record, p->name, p->origin,
      p->keyring != NULL && keyring_is_read_only(p->keyring)
          ? "put the endpoint back, or name the new one in the file origin beside the secret"
          : "put the endpoint back, or store the secret again for the new one: credence set --secret",
      error);
  for (size_t i = 0; r == 0 && i < p->stack_count; i++)
    for (size_t f = 0; r == 0 && f < p->stack[i]->manifest->field_count; f++)
      r = take_field(p, p->stack[i], f, record, error);
  if (r == 0)
    r = take_client_key(p, record, error);
  return r < 0 ? r : take_terms(p, record, error);
}

/* --- of several, the one that counts ---------------------------------------------- */

/* For rotation_arrange(): what the profile's file said when it was opened. */
static const char *opened_value(const void *userdata, const char *section, const char *name)
{
  const credence_profile *p = userdata;
  for (size_t i = 0; i < p->stack_count; i++) {
    int field = manifest_find(p->stack[i]->manifest, name);
    if (field >= 0 && strcmp(p->stack[i]->manifest->name, section) == 0)
      return p->stack[i]->values[field];
  }
  return NULL;
}

static int same(const char *a, const char *b)
{
  return strcmp(a == NULL ? "" : a, b == NULL ? "" : b) == 0;
}

/* No credential belongs with these fields.  Somebody may have changed one in the file,
 * who knows why; but where the file has changed since it was opened, the secret belongs
 * with what it says now. */
static int check_unchanged(const credence_profile *p, credence_error **error)
{
  struct profile_file file;
  int changed = 0;
  int r = profile_file_read(p->name, &file, error);
  if (r < 0)
    return r;
  for (size_t i = 0; i < p->stack_count; i++)
    for (size_t f = 0; f < p->stack[i]->manifest->field_count; f++)
      changed |= !same(p->stack[i]->values[f], profile_file_get(&file, p->stack[i]->manifest->name,
                                                                p->stack[i]->manifest->fields[f].name, 0));
  profile_file_clear(&file);
  return changed ? error_set(error, CREDENCE_E_CONFLICT, "open it again, or start the program again",
                             "profile %s was changed since this program opened it", p->name)
                 : 0;
}

int credential_take(credence_profile *p, const char *text, credence_error **error)
{
  struct rotation rotation;
  int r = rotation_decode(text, &rotation, error);
  if (r < 0)
    return r;
  enum rotation_order order = rotation_arrange(&rotation, opened_value, p);
  /* What nobody else knows is not in the profile's file. */
  if (order == ROTATION_FOREIGN && !p->is_trial)
    r = check_unchanged(p, error);
  if (r == 0)
    r = credential_take_record(p, &rotation.current, error);
  if (r == 0)
    atomic_store(&p->has_previous, rotation.previous.data != NULL || order == ROTATION_MOVED);
  rotation_clear(&rotation);
  return r;
}

int credential_has_moved(const credence_profile *p)
{
  struct profile_file file;
  if (profile_file_read(p->name, &file, NULL) < 0)
    return 0;
  int moved = !same(p->keyring, profile_file_get(&file, "profile", "keyring", 0)) ||
              !same(p->store, profile_file_get(&file, "profile", "keyring_store", 0));
  profile_file_clear(&file);
  return moved;
}

static int read_present_stamp(const credence_profile *p, struct keyring *keyring, char out[STAMP_SIZE],
                              credence_error **error)
{
  struct rotation rotation;
  char *revision = NULL;
  int r = rotation_get(keyring, p->name, &rotation, &revision, error);
  if (r < 0)
    return r;
  (void)rotation_arrange(&rotation, opened_value, p);
  read_stamp(&rotation.current, out);
  rotation_clear(&rotation);
  free(revision);
  return 0;
}

int credential_check(const credence_profile *p, struct keyring *keyring, credence_error **error)
{
  credence_error *why = NULL;
  char stamp[STAMP_SIZE] = "";
  if (credential_has_moved(p))
    return error_set(error, CREDENCE_E_CONFLICT, "open the profile again, or start the program again",
                     "the secrets of profile %s have moved to another keyring since this program took them",
                     p->name);
  int r = read_present_stamp(p, keyring, stamp, &why);
  if (r < 0 && r != CREDENCE_E_NOT_FOUND)
    r = error_pass(error, r, &why);
  else if (strcmp(stamp, p->stamp) == 0)
    r = 0;
  else
    r = error_set(error, CREDENCE_E_CONFLICT, "open the profile again, or start the program again",
                  "the credential of profile %s was changed since this program took it", p->name);
  credence_error_free(&why);
  return r;
}

void credential_label(const char *profile, char out[CREDENTIAL_LABEL_SIZE])
{
  snprintf(out, CREDENTIAL_LABEL_SIZE, "Credence: %s", profile);
}
