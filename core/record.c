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
#define TAG_WITH 'w'
#define TAG_NEXT 'N'
#define TAG_PREVIOUS 'P'
#define TAG_WORKED 'W'
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

int record_is_bound(const struct record *record)
{
  const unsigned char *origin = NULL;
  size_t size = 0;
  return !record_origin(record, &origin, &size) || size != 1 || origin[0] != '*';
}

int record_has_login(const struct record *record, const char *origin)
{
  const unsigned char *data = NULL;
  size_t size = 0;
  if (!record_is_bound(record))
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
  if (!record_is_bound(record))
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

/* --- writing ------------------------------------------------------------------ */

static size_t with_size(const struct profile_file *with)
{
  size_t size = 0;
  for (size_t i = 0; with != NULL && i < with->count; i++)
    size += 16 + strlen(with->settings[i].section) + strlen(with->settings[i].name) +
            strlen(with->settings[i].value);
  return size;
}

static size_t encoded_size(const struct record_head *head, const struct record_entry *entries, size_t count)
{
  size_t size = 32 + strlen(head->origin) + strlen(head->stamp) + with_size(head->with);
  for (size_t i = 0; i < head->login_count; i++)
    size += 16 + strlen(head->logins[i]);
  for (size_t i = 0; i < count; i++)
    size += 16 + NAME_MAX_SIZE + entries[i].size;
  return size;
}

static void write_with(struct keyring_writer *writer, const struct profile_file *with)
{
  char text[RECORD_WITH_SIZE];
  for (size_t i = 0; with != NULL && i < with->count; i++) {
    const struct setting *setting = &with->settings[i];
    int size = snprintf(text, sizeof(text), "%s.%s=%s", setting->section, setting->name, setting->value);
    if (size < 0 || (size_t)size >= sizeof(text))
      writer->overflow = 1;
    else
      keyring_write_field(writer, TAG_WITH, text, (size_t)size);
  }
}

static void write_fields(struct keyring_writer *writer, const struct record_head *head,
                         const struct record_entry *entries, size_t count)
{
  char name[NAME_MAX_SIZE];
  keyring_write_text(writer, TAG_ORIGIN, head->origin);
  keyring_write_text(writer, TAG_STAMP, head->stamp);
  for (size_t i = 0; i < head->login_count; i++)
    keyring_write_text(writer, TAG_LOGIN, head->logins[i]);
  for (size_t i = 0; i < count; i++) {
    size_t name_size = full_name(name, entries[i].provider, entries[i].field);
    keyring_write_field(writer, TAG_NAME, name, name_size);
    keyring_write_field(writer, TAG_VALUE, entries[i].data, entries[i].size);
  }
  write_with(writer, head->with);
}

/* A message begins with its length, which a record does not need. */
#define LENGTH_SIZE 4u

static char *to_line(const unsigned char *message, size_t size)
{
  if (size <= LENGTH_SIZE)
    return NULL;
  size_t digits = base64url_size(size - LENGTH_SIZE);
  char *text = secret_alloc(PREFIX_SIZE + digits + 1);
  if (text == NULL)
    return NULL;
  memcpy(text, PREFIX, PREFIX_SIZE);
  base64url_encode(text + PREFIX_SIZE, message + LENGTH_SIZE, size - LENGTH_SIZE);
  return text;
}

int record_encode(const struct record_head *head, const struct record_entry *entries, size_t count,
                  char **ret_text, credence_error **error)
{
  struct keyring_writer writer;
  size_t room = encoded_size(head, entries, count);
  unsigned char *data = secret_alloc(room);
  char *text = NULL;
  if (data != NULL) {
    keyring_write_begin(&writer, data, room);
    write_fields(&writer, head, entries, count);
    text = to_line(data, keyring_write_end(&writer));
  }
  secret_free(data);
  if (text == NULL)
    return error_set(error, CREDENCE_E_TOO_LARGE, NULL, "the secrets of the profile are too large");
  *ret_text = text;
  return 0;
}

/* --- records in a record ------------------------------------------------------- */

static void part(const struct record *record, char tag, struct record *ret_part)
{
  const unsigned char *data = NULL;
  size_t size = 0;
  *ret_part = (struct record){NULL, 0};
  if (find(record, tag, 0, &data, &size) && size > 0 && keyring_message_valid(data, size))
    *ret_part = (struct record){record->data + (data - record->data), size};
}

void record_next(const struct record *record, struct record *ret_part)
{
  part(record, TAG_NEXT, ret_part);
}

void record_previous(const struct record *record, struct record *ret_part)
{
  part(record, TAG_PREVIOUS, ret_part);
}

int record_with(const struct record *record, size_t index, const unsigned char **ret_data, size_t *ret_size)
{
  return find(record, TAG_WITH, index, ret_data, ret_size);
}

/* All fields of a record but its parts, known here or not; without those of tag
 * besides. */
static void write_copy(struct keyring_writer *writer, const struct record *record, char tag)
{
  const unsigned char *data = NULL;
  size_t size = 0;
  for (size_t at = 0; at < record->size; at = (size_t)(data - record->data) + size) {
    char own = (char)record->data[at];
    const struct record rest = {record->data + at, record->size - at};
    if (!find(&rest, own, 0, &data, &size))
      return; /* not whole, which decoding has ruled out */
    if (own != TAG_NEXT && own != TAG_PREVIOUS && own != tag)
      keyring_write_field(writer, own, data, size);
  }
}

/* Takes data, in which writer has written. */
static int end_copy(struct keyring_writer *writer, unsigned char *data, struct record *ret_record,
                    credence_error **error)
{
  size_t size = keyring_write_end(writer);
  if (size <= LENGTH_SIZE) {
    secret_free(data);
    return error_set(error, CREDENCE_E_TOO_LARGE, NULL, "the fields of the profile are too large");
  }
  memmove(data, data + LENGTH_SIZE, size - LENGTH_SIZE);
  ret_record->data = data; /* transferred */
  ret_record->size = size - LENGTH_SIZE;
  return 0;
}

int record_bind(const struct record *record, const struct profile_file *with, struct record *ret_record,
                credence_error **error)
{
  struct keyring_writer writer;
  size_t room = LENGTH_SIZE + record->size + with_size(with);
  unsigned char *data = secret_alloc(room);
  if (data == NULL)
    return error_nomem(error);
  keyring_write_begin(&writer, data, room);
  write_copy(&writer, record, TAG_WITH);
  write_with(&writer, with);
  return end_copy(&writer, data, ret_record, error);
}

int record_mark_worked(const struct record *record, struct record *ret_record, credence_error **error)
{
  struct keyring_writer writer;
  size_t room = LENGTH_SIZE + record->size + 16;
  unsigned char *data = secret_alloc(room);
  if (data == NULL)
    return error_nomem(error);
  keyring_write_begin(&writer, data, room);
  write_copy(&writer, record, TAG_WORKED);
  keyring_write_text(&writer, TAG_WORKED, "verified");
  return end_copy(&writer, data, ret_record, error);
}

int record_has_worked(const struct record *record)
{
  const unsigned char *data = NULL;
  size_t size = 0;
  return find(record, TAG_WORKED, 0, &data, &size);
}

int record_bind_origin(const struct record *record, const char *origin, char *const *logins,
                       size_t login_count, char **ret_text, credence_error **error)
{
  struct keyring_writer writer;
  char *text = NULL;
  size_t room = 64 + strlen(origin) + record->size;
  for (size_t i = 0; i < login_count; i++)
    room += 16 + strlen(logins[i]);
  unsigned char *data = secret_alloc(room);
  if (data != NULL) {
    keyring_write_begin(&writer, data, room);
    keyring_write_text(&writer, TAG_ORIGIN, origin);
    for (size_t i = 0; i < login_count; i++)
      keyring_write_text(&writer, TAG_LOGIN, logins[i]);
    write_copy(&writer, record, TAG_ORIGIN);
    text = to_line(data, keyring_write_end(&writer));
  }
  secret_free(data);
  if (text == NULL)
    return error_nomem(error);
  *ret_text = text;
  return 0;
}

static void write_part(struct keyring_writer *writer, char tag, const struct record *record)
{
  struct keyring_writer inner;
  if (record->data == NULL)
    return;
  unsigned char *copy = secret_alloc(LENGTH_SIZE + record->size);
  size_t size = 0;
  if (copy != NULL) {
    keyring_write_begin(&inner, copy, LENGTH_SIZE + record->size);
    write_copy(&inner, record, '\0');
    size = keyring_write_end(&inner);
  }
  if (size <= LENGTH_SIZE)
    writer->overflow = 1;
  else
    keyring_write_field(writer, tag, copy + LENGTH_SIZE, size - LENGTH_SIZE);
  secret_free(copy);
}

int record_join(const struct record *current, const struct record *next, const struct record *previous,
                char **ret_text, credence_error **error)
{
  struct keyring_writer writer;
  size_t room = LENGTH_SIZE + current->size + next->size + previous->size + 16;
  unsigned char *data = secret_alloc(room);
  char *text = NULL;
  if (data != NULL) {
    keyring_write_begin(&writer, data, room);
    write_copy(&writer, current, '\0');
    write_part(&writer, TAG_NEXT, next);
    write_part(&writer, TAG_PREVIOUS, previous);
    text = to_line(data, keyring_write_end(&writer));
  }
  secret_free(data);
  if (text == NULL)
    return error_nomem(error);
  if (strlen(text) > KEYRING_SECRET_MAX) {
    secret_free(text);
    return error_set(
        error, CREDENCE_E_TOO_LARGE, "credence set PROFILE --secret replaces the old one at once",
        "the old and the new secrets of the profile are over %u bytes together", KEYRING_SECRET_MAX);
  }
  *ret_text = text;
  return 0;
}
