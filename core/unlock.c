/* SPDX-License-Identifier: BSD-3-Clause */
/* unlock.c - take a profile's secrets from the keyring and load its plugins */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "host.h"
#include "keyring.h"
#include "profile.h"
#include "record.h"
#include "secret.h"

void profile_secret_remedy(const credence_profile *profile, const char *field, char out[REMEDY_SIZE])
{
  snprintf(out, REMEDY_SIZE, "store it: credence set %.64s --secret %.64s=-", profile->name, field);
}

/* The first secret of the stack, for a remedy. */
static const char *first_secret(const credence_profile *p)
{
  for (size_t i = 0; i < p->stack_count; i++)
    for (size_t f = 0; f < p->stack[i]->manifest->field_count; f++)
      if ((p->stack[i]->manifest->fields[f].flags & CREDENCE_FIELD_SECRET) != 0)
        return p->stack[i]->manifest->fields[f].name;
  return NULL;
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
  secret_free(entry->secrets[field].data);
  entry->secrets[field].data = NULL;
  if (!record_get(record, entry->manifest->name, what->name, &data, &size)) {
    if ((what->flags & CREDENCE_FIELD_REQUIRED) == 0)
      return 0;
    profile_secret_remedy(p, what->name, remedy);
    return error_set(error, CREDENCE_E_NOT_FOUND, remedy, "the keyring has no %s for profile %s", what->name,
                     p->name);
  }
  entry->secrets[field].data = secret_copy(data, size);
  entry->secrets[field].size = size;
  return entry->secrets[field].data == NULL ? error_nomem(error) : 0;
}

static int take_secrets(credence_profile *p, const char *text, credence_error **error)
{
  struct record record = {NULL, 0};
  int r = record_decode(text, &record, error);
  if (r == 0)
    r = record_check_origin(
        &record, p->name, p->origin,
        "put the endpoint back, or store the secret again for the new one: credence set --secret", error);
  for (size_t i = 0; r == 0 && i < p->stack_count; i++)
    for (size_t f = 0; r == 0 && f < p->stack[i]->manifest->field_count; f++)
      r = take_field(p, p->stack[i], f, &record, error);
  record_clear(&record);
  return r;
}

static int read_keyring(credence_profile *p, credence_error **error)
{
  struct keyring *keyring = NULL;
  char remedy[REMEDY_SIZE];
  char *text = NULL;
  char *revision = NULL;
  int r = keyring_open(p->context, p->keyring, &keyring, error);
  if (r == 0)
    r = keyring_get(keyring, p->name, "credential", &text, &revision, error);
  if (r == CREDENCE_E_NOT_FOUND) {
    profile_secret_remedy(p, first_secret(p), remedy);
    r = error_set(error, r, remedy, "keyring %s holds no secret for profile %s", p->keyring, p->name);
  }
  if (r == 0)
    r = take_secrets(p, text, error);
  keyring_close(&keyring);
  secret_free(text);
  free(revision);
  return r;
}

static int check_required(const struct stack_entry *entry, const credence_profile *p, credence_error **error)
{
  char remedy[REMEDY_SIZE];
  for (size_t f = 0; f < entry->manifest->field_count; f++) {
    const struct field *field = &entry->manifest->fields[f];
    if (field->flags & CREDENCE_FIELD_REQUIRED && !(field->flags & CREDENCE_FIELD_SECRET) &&
        stack_entry_value(entry, f) == NULL) {
      snprintf(remedy, sizeof(remedy), "credence set %.64s %.64s=VALUE", p->name, field->name);
      return error_set(error, CREDENCE_E_NOT_FOUND, remedy, "profile %s has no %s", p->name, field->name);
    }
  }
  return 0;
}

static int open_entry(credence_profile *p, struct stack_entry *entry, credence_error **error)
{
  int r = check_required(entry, p, error);
  if (r < 0 || entry->provider != NULL)
    return r;
  const struct loaded_provider *provider = NULL;
  r = module_load(entry->manifest, &host_services, &provider, error);
  if (r == 0)
    r = host_open(p, entry, provider, error);
  if (r == 0)
    entry->provider = provider;
  return r;
}

static int unlock(credence_profile *p, credence_error **error)
{
  int r = first_secret(p) != NULL ? read_keyring(p, error) : 0;
  for (size_t i = 0; r == 0 && i < p->stack_count; i++)
    r = open_entry(p, p->stack[i], error);
  return r;
}

int credence_profile_unlock(credence_profile *profile, credence_error **error)
{
  int r = 0;
  if (atomic_load_explicit(&profile->unlocked, memory_order_acquire))
    return 0;
  pthread_mutex_lock(&profile->lock);
  if (!atomic_load(&profile->unlocked)) {
    r = unlock(profile, error);
    if (r == 0)
      atomic_store_explicit(&profile->unlocked, 1, memory_order_release);
  }
  pthread_mutex_unlock(&profile->lock);
  return r;
}
