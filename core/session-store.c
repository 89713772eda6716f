/* SPDX-License-Identifier: BSD-3-Clause */
/* session-store.c - sessions in the profile's keyring; see session-store.h */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "credential.h"
#include "error.h"
#include "secret.h"
#include "session-store.h"

#define KIND "session"
#define LABEL_SIZE 112u

int session_read(const credence_profile *profile, struct keyring *keyring, struct session **ret_session,
                 char **ret_revision, credence_error **error)
{
  credence_error *why = NULL;
  struct session *session = NULL;
  char *text = NULL;
  char *revision = NULL;
  int r = keyring_get(keyring, profile->name, KIND, &text, &revision, &why);
  if (r == CREDENCE_E_NOT_FOUND) {
    revision = strdup("");
    r = revision == NULL ? error_nomem(error) : 0;
  } else if (r < 0) {
    r = error_pass(error, r, &why);
  } else if (session_decode(text, profile, &session) == CREDENCE_E_NOMEM) {
    r = error_nomem(error);
  }
  credence_error_free(&why);
  secret_free(text);
  if (r < 0) {
    free(revision);
    return r;
  }
  *ret_session = session;
  *ret_revision = revision;
  return 0;
}

int session_load(const credence_profile *profile, struct session **ret_session, char **ret_revision,
                 credence_error **error)
{
  struct keyring *keyring = NULL;
  int r = credential_open_keyring(profile, &keyring, error);
  if (r == 0)
    r = credential_check(profile, keyring, error);
  if (r == 0)
    r = session_read(profile, keyring, ret_session, ret_revision, error);
  keyring_close(&keyring);
  return r;
}

static int put(const credence_profile *profile, struct keyring *keyring, const struct session *session,
               const char *revision, credence_error **error)
{
  char label[LABEL_SIZE];
  char *text = NULL;
  snprintf(label, sizeof(label), "Credence: session of %s", profile->name);
  int r = session_encode(session, profile, &text, error);
  if (r == 0)
    r = keyring_put(keyring, profile->name, KIND, label, text, revision, error);
  secret_free(text);
  return r;
}

/* Somebody stored one since we read.  Of two that this credential made, the one that
 * lasts longer stays; one that another made, the credential's that is stored now, is
 * not for us to replace. */
static int settle(const credence_profile *profile, struct keyring *keyring, struct session **session,
                  credence_error **error)
{
  struct session *other = NULL;
  char *revision = NULL;
  int r = session_read(profile, keyring, &other, &revision, error);
  if (r == 0 && other != NULL && other->expires > (*session)->expires) {
    session_unref(*session);
    *session = other;
    other = NULL; /* transferred */
  } else if (r == 0 && (other != NULL || revision[0] == '\0')) {
    r = put(profile, keyring, *session, revision, error);
  }
  session_unref(other);
  free(revision);
  return r;
}

int session_save(const credence_profile *profile, struct session **session, const char *revision,
                 int *ret_kept, credence_error **error)
{
  struct keyring *keyring = NULL;
  credence_error *why = NULL;
  /* A profile that was removed meanwhile has no use for it. */
  *ret_kept = 0;
  if (access(profile->path, F_OK) < 0)
    return 0;
  int r = credential_open_keyring(profile, &keyring, &why);
  if (r == 0)
    r = put(profile, keyring, *session, revision, &why);
  if (r == CREDENCE_E_CONFLICT)
    r = settle(profile, keyring, session, &why);
  keyring_close(&keyring);
  *ret_kept = r == 0;
  /* One that is read-only: the session lives as long as this program. */
  if (r == CREDENCE_E_UNSUPPORTED)
    r = 0;
  else if (r < 0)
    r = error_pass(error, r, &why);
  credence_error_free(&why);
  return r;
}

int session_delete(const credence_profile *profile, int *ret_held, credence_error **error)
{
  struct keyring *keyring = NULL;
  credence_error *why = NULL;
  int r = credential_open_keyring(profile, &keyring, &why);
  if (r == 0)
    r = keyring_delete(keyring, profile->name, KIND, NULL, &why);
  keyring_close(&keyring);
  *ret_held = r == 0;
  if (r == CREDENCE_E_NOT_FOUND || r == CREDENCE_E_UNSUPPORTED)
    r = 0;
  else if (r < 0)
    r = error_pass(error, r, &why);
  credence_error_free(&why);
  return r;
}
