/* SPDX-License-Identifier: BSD-3-Clause */
/* unlock.c - open the keyring for a profile's secrets, and load its plugins */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "credential.h"
#include "hmac.h"
#include "host.h"
#include "keyring.h"
#include "secret.h"
#include "session-store.h"

#define LOOK_AGAIN ((int64_t)2000000) /* microseconds */

void profile_secret_remedy(const credence_profile *profile, const char *field, char out[REMEDY_SIZE])
{
  keyring_hint(profile->keyring, profile->store, profile->name, field, out);
}

int profile_no_session(const credence_profile *profile, credence_error **error)
{
  char remedy[REMEDY_SIZE];
  snprintf(remedy, sizeof(remedy), "log in: credence login %.64s", profile->name);
  return error_set(error, CREDENCE_E_NO_SESSION, remedy, "profile %s has no session", profile->name);
}

const char *profile_first_secret(const credence_profile *p)
{
  for (size_t i = 0; i < p->stack_count; i++)
    for (size_t f = 0; f < p->stack[i]->manifest->field_count; f++) {
      const struct field *field = &p->stack[i]->manifest->fields[f];
      if ((field->flags & CREDENCE_FIELD_SECRET) != 0 && stack_entry_applies(p->stack[i], field))
        return field->name;
    }
  return NULL;
}

static int take_session(credence_profile *p, struct keyring *keyring, credence_error **error)
{
  struct session *session = NULL;
  char *revision = NULL;
  int r = session_read(p, keyring, &session, &revision, error);
  if (r == 0)
    profile_set_session(p, session);
  session_unref(session);
  free(revision);
  return r;
}

/* *ret_text stays NULL for a profile that needs no secret and has no record; one that
 * was made by a draft has a record in any case, for the sake of its origin. */
static int get_credential(const credence_profile *p, struct keyring *keyring, char **ret_text,
                          credence_error **error)
{
  char remedy[REMEDY_SIZE];
  credence_error *why = NULL;
  char *revision = NULL;
  const char *wanted = profile_first_secret(p);
  int r = keyring_get(keyring, p->name, CREDENTIAL_KIND, ret_text, &revision, &why);
  free(revision);
  if (r == CREDENCE_E_NOT_FOUND && wanted == NULL) {
    r = 0;
  } else if (r == CREDENCE_E_NOT_FOUND && !keyring_is_read_only(keyring_name(keyring))) {
    profile_secret_remedy(p, wanted, remedy);
    r = error_set(error, r, remedy, "keyring %s holds no secret for profile %s", p->keyring, p->name);
  } else if (r < 0) { /* one that is read-only tells which files it has looked for */
    r = error_pass(error, r, &why);
  }
  credence_error_free(&why);
  return r;
}

static int read_keyring(credence_profile *p, struct keyring *keyring, credence_error **error)
{
  char *text = NULL;
  int r = get_credential(p, keyring, &text, error);
  if (r == 0)
    r = text == NULL ? credential_take_none(p, error) : credential_take(p, text, error);
  if (r == 0 && p->login_entry != NULL)
    r = take_session(p, keyring, error);
  secret_free(text);
  return r;
}

static int check_required(const struct stack_entry *entry, const credence_profile *p, credence_error **error)
{
  char remedy[REMEDY_SIZE];
  for (size_t f = 0; f < entry->manifest->field_count; f++) {
    const struct field *field = &entry->manifest->fields[f];
    if (field->flags & CREDENCE_FIELD_REQUIRED && !(field->flags & CREDENCE_FIELD_SECRET) &&
        stack_entry_value(entry, f) == NULL && stack_entry_applies(entry, field)) {
      snprintf(remedy, sizeof(remedy), "credence set %.64s %.64s=VALUE", p->name, field->name);
      return error_set(error, CREDENCE_E_NOT_FOUND, remedy, "profile %s has no %s", p->name, field->name);
    }
  }
  return 0;
}

static int open_entry(credence_profile *p, struct stack_entry *entry, credence_error **error)
{
  int r = check_required(entry, p, error);
  if (r < 0 || entry->is_open)
    return r;
  r = host_open(p, entry, error);
  entry->is_open = r == 0;
  return r;
}

static int load_plugins(credence_profile *p, credence_error **error)
{
  int r = 0;
  for (size_t i = 0; r == 0 && i < p->stack_count; i++)
    if (p->stack[i]->provider == NULL)
      r = module_load(p->stack[i]->manifest, &host_services, &p->stack[i]->provider, error);
  return r;
}

/* The key of a client certificate that has no file of its own may be there, too. */
int profile_needs_keyring(const credence_profile *p)
{
  return profile_first_secret(p) != NULL || p->login_entry != NULL ||
         (p->client_cert != NULL && p->client_key == NULL);
}

/* A helper takes longer to come up than all that we have to do: plugins and OpenSSL
 * are made ready meanwhile. */
static int unlock(credence_profile *p, credence_error **error)
{
  struct keyring *keyring = NULL;
  int r = profile_needs_keyring(p) ? credential_open_keyring(p, &keyring, error) : 0;
  if (r == 0)
    r = load_plugins(p, error);
  if (r == 0 && keyring != NULL) {
    (void)digest_find(CREDENCE_SHA256);
    atomic_store(&p->looked, clock_now());
    r = read_keyring(p, keyring, error);
  }
  keyring_close(&keyring);
  for (size_t i = 0; r == 0 && i < p->stack_count; i++)
    r = open_entry(p, p->stack[i], error);
  return r;
}

int profile_unlock_with(credence_profile *p, const struct record *record, credence_error **error)
{
  int r = load_plugins(p, error);
  if (r == 0)
    r = credential_take_record(p, record, error);
  for (size_t i = 0; r == 0 && i < p->stack_count; i++)
    r = open_entry(p, p->stack[i], error);
  if (r == 0)
    atomic_store_explicit(&p->unlocked, 1, memory_order_release);
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

int credence_profile_check(credence_profile *profile, credence_error **error)
{
  struct keyring *keyring = NULL;
  if (!atomic_load_explicit(&profile->unlocked, memory_order_acquire) || !profile_needs_keyring(profile))
    return 0;
  atomic_store(&profile->looked, clock_now());
  int r = credential_open_keyring(profile, &keyring, error);
  if (r == 0) {
    keyring_be_quiet(keyring);
    r = credential_check(profile, keyring, error);
  }
  keyring_close(&keyring);
  return r;
}

int profile_was_changed(credence_profile *profile)
{
  int64_t looked = atomic_load(&profile->looked);
  int64_t now = clock_now();
  if (profile->is_trial) /* its credential is not the keyring's yet */
    return 0;
  /* One caller at a time, and not the program that has only just read it. */
  if ((looked <= now && now - looked < LOOK_AGAIN) ||
      !atomic_compare_exchange_strong(&profile->looked, &looked, now))
    return 0;
  return credence_profile_check(profile, NULL) == CREDENCE_E_CONFLICT;
}
