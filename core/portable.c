/* SPDX-License-Identifier: BSD-3-Clause */
/* portable.c - what a profile's keyring holds of it; see portable.h */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "credential.h"
#include "error.h"
#include "portable.h"
#include "record.h"
#include "secret.h"

void portable_clear(struct portable *portable)
{
  secret_free(portable->record);
  secret_free(portable->session);
  free(portable->revision);
  memset(portable, 0, sizeof(*portable));
}

static int read_record(struct portable *portable, const credence_profile *p, struct keyring *keyring,
                       credence_error **error)
{
  char remedy[REMEDY_SIZE];
  const char *wanted = profile_first_secret(p);
  credence_error *why = NULL;
  int r = keyring_get(keyring, p->name, "credential", &portable->record, &portable->revision, &why);
  if (r == CREDENCE_E_NOT_FOUND && wanted == NULL) {
    portable->revision = strdup("");
    r = portable->revision == NULL ? error_nomem(error) : 0;
  } else if (r == CREDENCE_E_NOT_FOUND && !keyring_is_read_only(p->keyring)) {
    profile_secret_remedy(p, wanted, remedy);
    r = error_set(error, r, remedy, "keyring %s holds no secret for profile %s", p->keyring, p->name);
  } else if (r < 0) { /* one that is read-only tells which files it has looked for */
    r = error_pass(error, r, &why);
  }
  credence_error_free(&why);
  return r;
}

static int read_session(struct portable *portable, const credence_profile *p, struct keyring *keyring,
                        credence_error **error)
{
  credence_error *why = NULL;
  char *revision = NULL;
  int r = keyring_get(keyring, p->name, "session", &portable->session, &revision, &why);
  if (r == CREDENCE_E_NOT_FOUND || r == CREDENCE_E_UNSUPPORTED)
    r = 0;
  else if (r < 0)
    r = error_pass(error, r, &why);
  credence_error_free(&why);
  free(revision);
  return r;
}

/* The origins that the profile's own settings send logins to. */
static size_t collect_logins(const credence_profile *p, char *logins[LOGINS_MAX])
{
  size_t count = 0;
  for (size_t i = 0; i < p->stack_count; i++)
    for (size_t f = 0; f < p->stack[i]->manifest->field_count && count < LOGINS_MAX; f++) {
      const struct field *field = &p->stack[i]->manifest->fields[f];
      const char *value = stack_entry_value(p->stack[i], f);
      char *origin = field->is_login_url && value != NULL ? url_text_origin(value) : NULL;
      if (origin != NULL)
        logins[count++] = origin;
    }
  return count;
}

static int bind_record(struct portable *portable, const credence_profile *p, credence_error **error)
{
  struct record record = {NULL, 0};
  char *logins[LOGINS_MAX];
  char *text = NULL;
  int r = record_decode(portable->record, &record, error);
  if (r == 0 && !record_is_bound(&record)) {
    size_t count = collect_logins(p, logins);
    r = record_bind_origin(&record, p->origin, logins, count, &text, error);
    while (count > 0)
      free(logins[--count]);
  }
  record_clear(&record);
  if (r == 0 && text != NULL) {
    secret_free(portable->record);
    portable->record = text; /* transferred */
  }
  return r;
}

int portable_read(struct portable *portable, const credence_profile *profile, struct keyring *keyring,
                  credence_error **error)
{
  int r = read_record(portable, profile, keyring, error);
  if (r == 0 && portable->record != NULL)
    r = bind_record(portable, profile, error);
  if (r == 0 && profile->login_entry != NULL)
    r = read_session(portable, profile, keyring, error);
  return r;
}

int portable_fetch(struct portable *portable, const credence_profile *profile, credence_error **error)
{
  struct keyring *keyring = NULL;
  int r = credential_open_keyring(profile, &keyring, error);
  if (r == 0)
    r = portable_read(portable, profile, keyring, error);
  keyring_close(&keyring);
  return r;
}
