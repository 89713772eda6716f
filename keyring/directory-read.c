/* SPDX-License-Identifier: BSD-3-Clause */
/* directory-read.c - the files of one profile, as one value; see directory-read.h */
#include "config.h"

#include "directory-read.h"

#include "directory-names.h"
#include "directory-record.h"

#include "../core/credence.h"

#include <stdio.h>
#include <string.h>

#define FILE_MAX (32u * 1024u)    /* bytes of a secret */
#define FILE_ROOM (FILE_MAX + 2u) /* a newline, and the byte that is too much */
#define ORIGIN "origin"
#define ANY_ORIGIN "*"
#define ORIGIN_MAX 300u
#define REMEDY_SIZE (PATH_MAX + 256)

/* --- one file ------------------------------------------------------------------------- */

static void drop_newline(const char *data, size_t *size)
{
  if (*size > 0 && data[*size - 1] == '\n')
    --*size;
}

static int check_size(const struct folder *folder, const char *name, size_t size,
                      struct keyring_answer *answer)
{
  if (size == 0)
    return keyring_fail(answer, CREDENCE_E_CORRUPT, "write the secret into it", "%s/%s is empty",
                        folder->path, name);
  if (size > FILE_MAX)
    return keyring_fail(answer, CREDENCE_E_TOO_LARGE, "is it the right file?", "%s/%s is over %u bytes",
                        folder->path, name, FILE_MAX);
  return CREDENCE_OK;
}

/* The first of the files that is there, into room for FILE_ROOM bytes.  NOT_FOUND, without
 * a message, when none is. */
static int read_first(const struct folder *folder, const struct names *names, char *data, size_t *ret_size,
                      const char **ret_name, struct keyring_answer *answer)
{
  int r = CREDENCE_E_NOT_FOUND;

  for (size_t i = 0; i < names->count && r == CREDENCE_E_NOT_FOUND; i++) {
    size_t size = 0;

    r = folder_read(folder, names->name[i], data, FILE_ROOM, &size, answer);
    if (r != CREDENCE_OK)
      continue;
    drop_newline(data, &size);
    *ret_name = names->name[i];
    *ret_size = size;
    r = check_size(folder, names->name[i], size, answer);
  }
  return r;
}

/* --- all files of a profile ------------------------------------------------------------ */

/* scheme://host, as far as it can be told here; the library compares it. */
static int is_origin(const char *text, size_t size)
{
  const char *host = memmem(text, size, "://", 3);

  if (!host || size > ORIGIN_MAX || memchr(host + 3, '/', size - (size_t)(host + 3 - text)))
    return 0;
  for (size_t i = 0; i < size; i++)
    if (text[i] <= ' ' || text[i] > '~')
      return 0;
  return 1;
}

/* A line each: that of the endpoint, and behind it others that may get a login. */
static int take_origins(const char *data, size_t size, struct record *record)
{
  for (size_t at = 0, line = 0; at <= size; at += line + 1) {
    const char *end = memchr(data + at, '\n', size - at);

    line = end ? (size_t)(end - data) - at : size - at;
    if (!is_origin(data + at, line))
      return -1;
    if (at == 0)
      record_begin(record, data, line);
    else
      record_add_login(record, data + at, line);
  }
  record->has_origin = 1;
  return 0;
}

/* Where the secrets may go: the file says it, or they are not bound. */
static int read_origin(const struct folder *folder, const struct keyring_request *request, char *data,
                       struct record *record, struct keyring_answer *answer)
{
  struct names names;
  const char *name = NULL;
  size_t size = 0;
  int r;

  names_of_field(&names, request->profile, ORIGIN, folder->is_own);
  r = read_first(folder, &names, data, &size, &name, answer);
  if (r == CREDENCE_E_NOT_FOUND) {
    record_begin(record, ANY_ORIGIN, strlen(ANY_ORIGIN));
    return CREDENCE_OK;
  }
  if (r == CREDENCE_OK && take_origins(data, size, record) != 0)
    r = keyring_fail(answer, CREDENCE_E_CORRUPT, "write scheme and host, as in https://api.example",
                     "%s/%s is no origin", folder->path, name);
  return r;
}

static int read_field(const struct folder *folder, const struct keyring_request *request, const char *field,
                      char *data, struct record *record, struct keyring_answer *answer)
{
  struct names names;
  const char *name = NULL;
  size_t size = 0;
  int r;

  names_of_field(&names, request->profile, field, folder->is_own);
  r = read_first(folder, &names, data, &size, &name, answer);
  if (r == CREDENCE_OK)
    record_add(record, field, data, size);
  return r == CREDENCE_E_NOT_FOUND ? CREDENCE_OK : r;
}

/* "lab.forge.token, lab.token" for each field. */
static void name_files(const struct folder *folder, const struct keyring_request *request, char *out,
                       size_t size)
{
  struct names names;
  size_t used = 0;

  out[0] = '\0';
  for (size_t f = 0; f < request->field_count; f++) {
    names_of_field(&names, request->profile, request->fields[f], folder->is_own);
    for (size_t i = 0; i < names.count && used < size; i++)
      used += (size_t)snprintf(out + used, size - used, "%s%s", used > 0 ? ", " : "", names.name[i]);
  }
}

/* How the first of the missing files comes to be there. */
static void tell_how(const struct folder *folder, const struct keyring_request *request, char *out,
                     size_t size)
{
  const char *field = request->field_count > 0 ? request->fields[0] : "FIELD";
  struct names names;
  const char *name;

  names_of_field(&names, request->profile, field, folder->is_own);
  name = names.name[names.count - 1];
  if (!folder->is_own)
    snprintf(out, size, "in the unit: LoadCredential=%s:/PATH", name);
  else if (folder->data[0] != '\0')
    snprintf(out, size, "add the key %s to the Secret", name);
  else
    snprintf(out, size, "write it to %s/%s, for one reader: chmod 400", folder->path, name);
}

static int not_found(const struct folder *folder, const struct keyring_request *request,
                     struct keyring_answer *answer)
{
  char files[320], remedy[REMEDY_SIZE];

  if (request->field_count == 0)
    return keyring_fail(answer, CREDENCE_E_NOT_FOUND, "", "no secret of profile '%s' is wanted",
                        request->profile);
  name_files(folder, request, files, sizeof files);
  tell_how(folder, request, remedy, sizeof remedy);
  return keyring_fail(answer, CREDENCE_E_NOT_FOUND, remedy, "%s has none of these files: %s", folder->path,
                      files);
}

/* Whatever is there; the library knows what must be. */
static int gather(const struct folder *folder, const struct keyring_request *request, char *data,
                  struct record *record, struct keyring_answer *answer)
{
  int r = read_origin(folder, request, data, record, answer);

  for (size_t i = 0; i < request->field_count && r == CREDENCE_OK; i++)
    r = read_field(folder, request, request->fields[i], data, record, answer);
  if (r == CREDENCE_OK && record->count == 0 && (request->field_count > 0 || !record->has_origin))
    r = not_found(folder, request, answer);
  if (r == CREDENCE_OK && record_end(record) != 0)
    r = keyring_fail(answer, CREDENCE_E_TOO_LARGE, "", "the secrets of profile '%s' are too large together",
                     request->profile);
  return r;
}

/* --- reading while somebody writes ------------------------------------------------------ */

/* What one look at the folder came to. */
struct look {
  struct record record;
  char message[sizeof((struct keyring_answer *)0)->message];
  int code;
  int is_whole; /* nothing can have changed while it was read */
};

static void look_at(struct folder *folder, const struct keyring_request *request, char *data,
                    struct look *look, struct keyring_answer *answer)
{
  look->code = folder_open(folder, answer);
  if (look->code == CREDENCE_OK)
    look->code = gather(folder, request, data, &look->record, answer);
  look->is_whole = folder_is_unchanged(folder);
  memcpy(look->message, answer->message, sizeof look->message);
  folder_close(folder);
}

static int agree(const struct look *a, const struct look *b)
{
  return a->code == b->code && (a->code == CREDENCE_OK ? record_equal(&a->record, &b->record)
                                                       : strcmp(a->message, b->message) == 0);
}

/* Behind ..data one look will do, unless the link was changed meanwhile: what it led to
 * may have been removed under our hands.  In a plain folder, two in a row have to agree. */
static int look_until_whole(struct folder *folder, const struct keyring_request *request, char *data,
                            struct look looks[2], struct keyring_answer *answer)
{
  size_t i = 0;

  looks[1].code = 1; /* agrees with none */
  look_at(folder, request, data, &looks[0], answer);
  while (!looks[i].is_whole && (folder->data[0] != '\0' || !agree(&looks[0], &looks[1]))) {
    if (keyring_time_left(request) == 0)
      return keyring_fail(answer, CREDENCE_E_TIMEOUT, "try again, or allow more time with --timeout",
                          "%s changes faster than it can be read", folder->path);
    answer->message[0] = answer->remedy[0] = '\0';
    i = 1 - i;
    look_at(folder, request, data, &looks[i], answer);
  }
  return looks[i].code == CREDENCE_OK ? record_write(&looks[i].record, answer) : looks[i].code;
}

int directory_read(struct folder *folder, const struct keyring_request *request,
                   struct keyring_answer *answer)
{
  struct look *looks = keyring_secret_alloc(2 * sizeof *looks);
  char *data = keyring_secret_alloc(FILE_ROOM);
  int r = looks && data ? look_until_whole(folder, request, data, looks, answer)
                        : keyring_fail(answer, CREDENCE_E_NOMEM, "", "out of memory");

  keyring_secret_free(looks, 2 * sizeof *looks);
  keyring_secret_free(data, FILE_ROOM);
  return r;
}
