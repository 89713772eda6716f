/* SPDX-License-Identifier: BSD-3-Clause */
/* deposit.c - put a record where it was not before; see deposit.h */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "deposit.h"
#include "error.h"
#include "keyring.h"
#include "locks.h"
#include "secret.h"

#define CREDENTIAL "credential"
#define SESSION "session"
#define LABEL_SIZE 112u

/* What people see in their keyring's window. */
static void make_label(const struct deposit *d, const char *prefix, char out[LABEL_SIZE])
{
  snprintf(out, LABEL_SIZE, "Credence: %s%s", prefix, d->name);
}

static int conflict(const struct deposit *d, credence_error **error)
{
  return error_set(error, CREDENCE_E_CONFLICT, "--replace overwrites it, if it is nobody's",
                   "keyring %s holds other secrets under the name %s", d->place.keyring, d->name);
}

/* What is there, and its revision; "" for a revision that says nothing is. */
static int look(struct deposit *d, struct keyring *keyring, char **ret_revision, credence_error **error)
{
  credence_error *why = NULL;
  int r = keyring_get(keyring, d->name, CREDENTIAL, &d->before, ret_revision, &why);
  if (r == CREDENCE_E_NOT_FOUND) {
    *ret_revision = strdup("");
    r = *ret_revision == NULL ? error_nomem(error) : 0;
  } else if (r < 0) {
    r = error_pass(error, r, &why);
  }
  credence_error_free(&why);
  return r;
}

/* The place stays what it was called: a passphrase that was typed is known by that. */
static int keep_store(struct deposit *d, const char *store, credence_error **error)
{
  if (store == NULL)
    return 0;
  d->store = strdup(store);
  return d->store == NULL ? error_nomem(error) : 0;
}

const char *deposit_store(const struct deposit *d)
{
  return d->store != NULL ? d->store : d->place.store;
}

/* A copy that is there is written again: so the keyring says where it is. */
static int put_record(struct deposit *d, struct keyring *keyring, credence_error **error)
{
  char label[LABEL_SIZE];
  char *revision = NULL;
  int r = look(d, keyring, &revision, error);
  if (r == 0 && d->before != NULL && !d->replace && strcmp(d->before, d->record) != 0)
    r = conflict(d, error);
  make_label(d, "", label);
  if (r == 0) {
    r = keyring_put(keyring, d->name, CREDENTIAL, label, d->record, revision, error);
    d->is_put = r == 0 || r == CREDENCE_E_SERVICE_LOST || r == CREDENCE_E_TIMEOUT;
  }
  if (r == 0)
    r = keep_store(d, keyring_store(keyring), error);
  free(revision);
  return r;
}

/* A keyring that cannot hold sessions loses little: the next request logs in. */
static int put_session(struct deposit *d, struct keyring *keyring, credence_error **error)
{
  credence_error *why = NULL;
  char label[LABEL_SIZE];
  int r = 0;
  make_label(d, "session of ", label);
  if (d->session != NULL)
    r = keyring_put(keyring, d->name, SESSION, label, d->session, NULL, &why);
  else
    r = keyring_delete(keyring, d->name, SESSION, NULL, &why);
  d->session_kept = r == 0 && d->session != NULL;
  if (r == CREDENCE_E_UNSUPPORTED || r == CREDENCE_E_NOT_FOUND)
    r = 0;
  else if (r < 0)
    r = error_pass(error, r, &why);
  credence_error_free(&why);
  return r;
}

int deposit_put(struct deposit *d, credence_error **error)
{
  struct keyring *keyring = NULL;
  int queue = -1;
  int r = keyring_queue(d->context, d->place.keyring, &queue, error);
  if (r == 0)
    r = keyring_open(d->context, d->place.keyring, d->place.store, &keyring, error);
  if (r == 0 && d->record != NULL)
    r = put_record(d, keyring, error);
  if (r == 0)
    r = put_session(d, keyring, error);
  keyring_close(&keyring);
  profile_unlock_file(queue);
  return r;
}

static int check_value(const struct deposit *d, struct keyring *keyring, const char *kind, const char *value,
                       credence_error **error)
{
  char *text = NULL;
  char *revision = NULL;
  int r = keyring_get(keyring, d->name, kind, &text, &revision, error);
  if (r == 0 && strcmp(text, value) != 0)
    r = error_set(error, CREDENCE_E_CORRUPT, "use another keyring",
                  "keyring %s does not give back the %s of %s as it was stored", d->place.keyring, kind,
                  d->name);
  secret_free(text);
  free(revision);
  return r;
}

int deposit_check(const struct deposit *d, credence_error **error)
{
  struct keyring *keyring = NULL;
  int r = keyring_open(d->context, d->place.keyring, d->place.store, &keyring, error);
  if (r == 0 && d->record != NULL)
    r = check_value(d, keyring, CREDENTIAL, d->record, error);
  if (r == 0 && d->session_kept)
    r = check_value(d, keyring, SESSION, d->session, error);
  keyring_close(&keyring);
  return r;
}

void deposit_take_back(const struct deposit *d)
{
  char label[LABEL_SIZE];
  struct keyring *keyring = NULL;
  if (!d->is_put || keyring_open(d->context, d->place.keyring, d->place.store, &keyring, NULL) < 0)
    return;
  make_label(d, "", label);
  if (d->before != NULL)
    (void)keyring_put(keyring, d->name, CREDENTIAL, label, d->before, NULL, NULL);
  else
    (void)keyring_delete(keyring, d->name, CREDENTIAL, NULL, NULL);
  if (d->session_kept)
    (void)keyring_delete(keyring, d->name, SESSION, NULL, NULL);
  keyring_close(&keyring);
}

void deposit_settle(const struct deposit *d, const char *record)
{
  char label[LABEL_SIZE];
  struct keyring *keyring = NULL;
  if (keyring_open(d->context, d->place.keyring, d->place.store, &keyring, NULL) < 0)
    return;
  make_label(d, "", label);
  (void)keyring_put(keyring, d->name, CREDENTIAL, label, record, NULL, NULL);
  keyring_close(&keyring);
}

void deposit_clear(struct deposit *d)
{
  secret_free(d->before);
  d->before = NULL;
  free(d->store);
  d->store = NULL;
  place_clear(&d->place);
}
