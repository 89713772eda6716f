/* SPDX-License-Identifier: BSD-3-Clause */
/* draft-record.c - what a keyring gets of a draft; see draft-record.h */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/rand.h>

#include "draft-record.h"
#include "error.h"

const char *draft_new_secret(const credence_draft *d)
{
  for (size_t i = 0; i < d->entry_count; i++)
    for (size_t f = 0; f < d->entries[i].manifest->field_count; f++)
      if (d->entries[i].secrets[f] != NULL)
        return d->entries[i].manifest->fields[f].name;
  return d->client_key != NULL ? "client_key" : NULL;
}

/* The new secrets, and those of old that are not replaced; *ret_kept: are there such? */
static size_t collect(const credence_draft *d, const struct record *old, struct record_entry *entries,
                      int *ret_kept)
{
  size_t count = 0;
  *ret_kept = 0;
  for (size_t i = 0; i < d->entry_count; i++) {
    const credence_manifest *manifest = d->entries[i].manifest;
    for (size_t f = 0; f < manifest->field_count; f++) {
      const unsigned char *data = (const unsigned char *)d->entries[i].secrets[f];
      size_t size = d->entries[i].sizes[f];
      if (data == NULL && !record_get(old, manifest->name, manifest->fields[f].name, &data, &size))
        continue;
      *ret_kept |= d->entries[i].secrets[f] == NULL;
      entries[count++] = (struct record_entry){manifest->name, manifest->fields[f].name, data, size};
    }
  }
  const unsigned char *key = (const unsigned char *)d->client_key;
  size_t key_size = d->client_key_size;
  if (key != NULL || record_get(old, RECORD_PROFILE, "client_key", &key, &key_size))
    entries[count++] = (struct record_entry){RECORD_PROFILE, "client_key", key, key_size};
  *ret_kept |= key != NULL && d->client_key == NULL;
  return count;
}

char *draft_origin(const credence_draft *d)
{
  struct url url;
  const char *endpoint = profile_file_get(&d->file, "profile", "endpoint", 0);
  return endpoint_parse(endpoint, &url, NULL) < 0 ? NULL : url_origin(&url);
}

/* The origin of a login URL that has to be recorded; NULL when the field has none. */
static char *login_origin(const credence_draft *d, size_t entry, const struct field *field)
{
  const credence_manifest *manifest = d->entries[entry].manifest;
  const char *value = profile_file_get(&d->file, manifest->name, field->name, 0);
  /* The user's own manifest may change as the profile may; the system's may not. */
  if (value == NULL && manifest->is_user)
    value = field->default_value;
  return field->is_login_url && value != NULL ? url_text_origin(value) : NULL;
}

/* Where logins may go besides the endpoint.  A secret that is kept goes where it
 * might go before, for the reason that take_old() in draft-save.c gives. */
static size_t collect_logins(const credence_draft *d, const struct record *old, int keeps_secret,
                             char *logins[LOGINS_MAX])
{
  size_t count = 0;
  for (size_t i = 0; i < d->entry_count; i++)
    for (size_t f = 0; f < d->entries[i].manifest->field_count && count < LOGINS_MAX; f++) {
      char *origin = login_origin(d, i, &d->entries[i].manifest->fields[f]);
      if (origin != NULL && (!keeps_secret || record_has_login(old, origin)))
        logins[count++] = origin;
      else
        free(origin);
    }
  return count;
}

/* Differs each time that secrets are stored, and tells nothing about them. */
static int make_stamp(char out[STAMP_SIZE], credence_error **error)
{
  unsigned char bytes[(STAMP_SIZE - 1) / 2];
  if (RAND_bytes(bytes, sizeof(bytes)) != 1)
    return error_set(error, CREDENCE_E_FAILED, NULL, "the system has no random numbers");
  credence_hex(out, bytes, sizeof(bytes));
  return 0;
}

int draft_make_record(const credence_draft *d, const struct record *old, const struct profile_file *with,
                      char **ret_text, credence_error **error)
{
  struct record_entry entries[STACK_MAX * MANIFEST_FIELDS_MAX + 1];
  char *logins[LOGINS_MAX];
  char stamp[STAMP_SIZE];
  int keeps_secret = 0;
  char *origin = draft_origin(d);
  if (origin == NULL)
    return error_nomem(error);
  size_t count = collect(d, old, entries, &keeps_secret);
  size_t login_count = collect_logins(d, old, keeps_secret, logins);
  int r = make_stamp(stamp, error);
  if (r == 0) {
    const struct record_head head = {origin, stamp, logins, login_count, with};
    r = record_encode(&head, entries, count, ret_text, error);
  }
  while (login_count > 0)
    free(logins[--login_count]);
  free(origin);
  return r;
}
