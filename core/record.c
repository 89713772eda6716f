/* SPDX-License-Identifier: BSD-3-Clause */
/* record.c - the secrets of a profile as a keyring keeps them; see record.h */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "../keyring/protocol.h"
#include "encode.h"
#include "record.h"
#include "secret.h"

#define PREFIX "c1:"
#define PREFIX_SIZE 3u
#define TAG_ORIGIN 'o'
#define TAG_STAMP 's'
#define TAG_LOGIN 'l'
#define TAG_NAME 'f'
#define TAG_VALUE 'v'
#define NAME_MAX_SIZE 160u /* provider, dot, field: 64 bytes each at most */

static int corrupt(credence_error **error)
{
  return error_set(error, CREDENCE_E_CORRUPT,
                   "store all its secrets again with credence set PROFILE --secret FIELD=-",
                   "the keyring holds something for this profile that is not a Credence record");
}

int record_decode(const char *text, struct record *ret_record, credence_error **error)
{
  size_t size = strlen(text);
  if (size <= PREFIX_SIZE || memcmp(text, PREFIX, PREFIX_SIZE) != 0)
    return corrupt(error);
  unsigned char *data = secret_alloc(size);
  if (data == NULL)
    return error_nomem(error);
  long used = base64url_decode(data, text + PREFIX_SIZE, size - PREFIX_SIZE);
  if (used <= 0 || !keyring_message_valid(data, (size_t)used)) {
    secret_free(data);
    return corrupt(error);
  }
  ret_record->data = data;
  ret_record->size = (size_t)used;
  return 0;
}

void record_clear(struct record *record)
{
  secret_free(record->data);
  record->data = NULL;
  record->size = 0;
}

static int find(const struct record *record, char tag, size_t index, const unsigned char **ret_data,
                size_t *ret_size)
{
  return record->data != NULL &&
         keyring_read_field(record->data, record->size, tag, index, ret_data, ret_size) == 1;
}

int record_origin(const struct record *record, const unsigned char **ret_data, size_t *ret_size)
{
  return find(record, TAG_ORIGIN, 0, ret_data, ret_size);
}

int record_stamp(const struct record *record, const unsigned char **ret_data, size_t *ret_size)
{
  return find(record, TAG_STAMP, 0, ret_data, ret_size);
}

static int is_unbound(const struct record *record)
{
  const unsigned char *origin = NULL;
  size_t size = 0;
  return record_origin(record, &origin, &size) && size == 1 && origin[0] == '*';
}

int record_has_login(const struct record *record, const char *origin)
{
  const unsigned char *data = NULL;
  size_t size = 0;
  if (is_unbound(record))
    return 1;
  for (size_t i = 0; find(record, TAG_LOGIN, i, &data, &size); i++)
    if (size == strlen(origin) && memcmp(data, origin, size) == 0)
      return 1;
  return 0;
}

int record_check_origin(const struct record *record, const char *profile, const char *origin,
                        const char *remedy, credence_error **error)
{
  const unsigned char *stored = NULL;
  size_t size = 0;
  int has_origin = record_origin(record, &stored, &size);
  if (has_origin && size == strlen(origin) && memcmp(stored, origin, size) == 0)
    return 0;
  if (is_unbound(record))
    return 0;
  return error_set(error, CREDENCE_E_REFUSED, remedy,
                   "the secret of profile %s was stored for %.*s, and its endpoint is now at %s", profile,
                   (int)(size > 300 ? 300 : size), (const char *)stored, origin);
}

static size_t full_name(char *out, const char *provider, const char *field)
{
  int size = snprintf(out, NAME_MAX_SIZE, "%s.%s", provider, field);
  return size < 0 ? 0 : (size_t)size;
}

int record_get(const struct record *record, const char *provider, const char *field,
               const unsigned char **ret_data, size_t *ret_size)
{
  char wanted[NAME_MAX_SIZE];
  const unsigned char *name = NULL;
  size_t size = 0;
  size_t wanted_size = full_name(wanted, provider, field);
  for (size_t i = 0; find(record, TAG_NAME, i, &name, &size); i++)
    if (size == wanted_size && memcmp(name, wanted, size) == 0)
      return find(record, TAG_VALUE, i, ret_data, ret_size);
  return 0;
}

static size_t encoded_size(const struct record_head *head, const struct record_entry *entries, size_t count)
{
  size_t size = 32 + strlen(head->origin) + strlen(head->stamp);
  for (size_t i = 0; i < head->login_count; i++)
    size += 16 + strlen(head->logins[i]);
  for (size_t i = 0; i < count; i++)
    size += 16 + NAME_MAX_SIZE + entries[i].size;
  return size;
}

static size_t write_fields(unsigned char *data, size_t size, const struct record_head *head,
                           const struct record_entry *entries, size_t count)
{
  struct keyring_writer writer;
  char name[NAME_MAX_SIZE];
  keyring_write_begin(&writer, data, size);
  keyring_write_text(&writer, TAG_ORIGIN, head->origin);
  keyring_write_text(&writer, TAG_STAMP, head->stamp);
  for (size_t i = 0; i < head->login_count; i++)
    keyring_write_text(&writer, TAG_LOGIN, head->logins[i]);
  for (size_t i = 0; i < count; i++) {
    size_t name_size = full_name(name, entries[i].provider, entries[i].field);
    keyring_write_field(&writer, TAG_NAME, name, name_size);
    keyring_write_field(&writer, TAG_VALUE, entries[i].data, entries[i].size);
  }
  return keyring_write_end(&writer);
}

int record_encode(const struct record_head *head, const struct record_entry *entries, size_t count,
                  char **ret_text, credence_error **error)
{
  size_t room = encoded_size(head, entries, count);
  unsigned char *data = secret_alloc(room);
  size_t size = data == NULL ? 0 : write_fields(data, room, head, entries, count);
  char *text = NULL;
  if (size > 4) {
    const size_t prefix = 4; /* a message's length, which a record does not need */
    size_t digits = base64url_size(size - prefix);
    text = secret_alloc(PREFIX_SIZE + digits + 1);
    if (text != NULL) {
      memcpy(text, PREFIX, PREFIX_SIZE);
      base64url_encode(text + PREFIX_SIZE, data + prefix, size - prefix);
    }
  }
  secret_free(data);
  if (text == NULL)
    return error_set(error, CREDENCE_E_TOO_LARGE, NULL, "the secrets of the profile are too large");
  *ret_text = text;
  return 0;
}
