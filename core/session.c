/* SPDX-License-Identifier: BSD-3-Clause */
/* session.c - what a login yields; see session.h */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "error.h"
#include "record.h"
#include "secret.h"
#include "session.h"

#define LEEWAY_MAX (90 * (int64_t)1000000)
#define NUMBER_SIZE 24u

struct session *session_new(void)
{
  struct session *session = calloc(1, sizeof(*session));
  if (session != NULL)
    atomic_init(&session->references, 1);
  return session;
}

struct session *session_ref(struct session *session)
{
  if (session != NULL)
    atomic_fetch_add_explicit(&session->references, 1, memory_order_relaxed);
  return session;
}

void session_unref(struct session *session)
{
  if (session == NULL || atomic_fetch_sub_explicit(&session->references, 1, memory_order_acq_rel) > 1)
    return;
  for (size_t i = 0; i < MANIFEST_SESSION_MAX; i++)
    secret_value_clear(&session->values[i]);
  free(session);
}

int64_t clock_now(void)
{
  struct timespec ts;
  clock_gettime(CLOCK_REALTIME, &ts);
  return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

void session_set_lifetime(struct session *session, int64_t lifetime, int64_t now)
{
  int64_t leeway = lifetime / 10 < LEEWAY_MAX ? lifetime / 10 : LEEWAY_MAX;
  session->made = now;
  session->expires = lifetime == 0 ? 0 : now + lifetime;
  session->renew = lifetime == 0 ? 0 : session->expires - leeway;
}

int session_is_over(const struct session *session, int64_t now)
{
  return session->expires != 0 && now >= session->expires;
}

int session_is_ending(const struct session *session, int64_t now)
{
  return session_is_over(session, now) || (session->renew != 0 && now >= session->renew);
}

int session_equal(const struct session *a, const struct session *b)
{
  if (a->made != b->made)
    return 0;
  for (size_t i = 0; i < MANIFEST_SESSION_MAX; i++) {
    const struct secret_value *x = &a->values[i];
    const struct secret_value *y = &b->values[i];
    if (x->size != y->size || (x->size > 0 && memcmp(x->data, y->data, x->size) != 0))
      return 0;
  }
  return 1;
}

struct session *profile_session(credence_profile *profile)
{
  pthread_mutex_lock(&profile->session_lock);
  struct session *session = session_ref(profile->session);
  pthread_mutex_unlock(&profile->session_lock);
  return session;
}

void profile_set_session(credence_profile *profile, struct session *session)
{
  pthread_mutex_lock(&profile->session_lock);
  struct session *old = profile->session;
  profile->session = session_ref(session);
  pthread_mutex_unlock(&profile->session_lock);
  if (old != NULL)
    profile_free_spares(profile); /* they may hold keys that were made from it */
  session_unref(old);
}

/* --- in the keyring ---------------------------------------------------------- */

static void add_number(struct record_entry *entry, const char *name, int64_t number, char *text)
{
  int size = snprintf(text, NUMBER_SIZE, "%lld", (long long)number);
  *entry = (struct record_entry){RECORD_PROFILE, name, text, (size_t)size};
}

int session_encode(const struct session *session, const credence_profile *profile, char **ret_text,
                   credence_error **error)
{
  const credence_manifest *manifest = profile->login_entry->manifest;
  const struct record_head head = {profile->origin, profile->fingerprint, NULL, 0, NULL};
  struct record_entry entries[MANIFEST_SESSION_MAX + 3];
  char made[NUMBER_SIZE];
  char expires[NUMBER_SIZE];
  char renew[NUMBER_SIZE];
  size_t count = 0;
  add_number(&entries[count++], "made", session->made, made);
  add_number(&entries[count++], "expires", session->expires, expires);
  add_number(&entries[count++], "renew", session->renew, renew);
  for (size_t i = 0; i < manifest->session_count; i++)
    if (session->values[i].data != NULL)
      entries[count++] = (struct record_entry){manifest->name, manifest->session[i].name,
                                               session->values[i].data, session->values[i].size};
  return record_encode(&head, entries, count, ret_text, error);
}

static int64_t read_number(const struct record *record, const char *name)
{
  char text[NUMBER_SIZE] = "";
  const unsigned char *data = NULL;
  size_t size = 0;
  if (record_get(record, RECORD_PROFILE, name, &data, &size) && size < sizeof(text))
    memcpy(text, data, size);
  return strtoll(text, NULL, 10);
}

static int was_made_with(const struct record *record, const credence_profile *profile)
{
  const unsigned char *stamp = NULL;
  size_t size = 0;
  return record_check_origin(record, profile->name, profile->origin, NULL, NULL) == 0 &&
         record_stamp(record, &stamp, &size) && size == strlen(profile->fingerprint) &&
         memcmp(stamp, profile->fingerprint, size) == 0;
}

static int take_values(struct session *session, const struct record *record,
                       const credence_manifest *manifest)
{
  const unsigned char *data = NULL;
  size_t size = 0;
  session->made = read_number(record, "made");
  session->expires = read_number(record, "expires");
  session->renew = read_number(record, "renew");
  for (size_t i = 0; i < manifest->session_count; i++)
    if (record_get(record, manifest->name, manifest->session[i].name, &data, &size) &&
        secret_value_set(&session->values[i], data, size) < 0)
      return CREDENCE_E_NOMEM;
  return 0;
}

int session_decode(const char *text, const credence_profile *profile, struct session **ret_session)
{
  struct record record = {NULL, 0};
  if (record_decode(text, &record, NULL) < 0)
    return CREDENCE_E_NOT_FOUND;
  struct session *session = was_made_with(&record, profile) ? session_new() : NULL;
  int r =
      session == NULL ? CREDENCE_E_NOT_FOUND : take_values(session, &record, profile->login_entry->manifest);
  record_clear(&record);
  if (r < 0) {
    session_unref(session);
    return r;
  }
  *ret_session = session;
  return 0;
}
