/* SPDX-License-Identifier: BSD-3-Clause */
/* directory-record.c - write a record; see directory-record.h */
#include "directory-record.h"

#include "../core/credence.h"
#include "../core/encode.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TAG_ORIGIN 'o'
#define TAG_LOGIN 'l'
#define TAG_STAMP 's'
#define TAG_NAME 'f'
#define TAG_VALUE 'v'
#define BOOT_ID_SIZE 64u
#define MESSAGE_PREFIX 4u /* the length of a message, which a record does not have */

static const unsigned char *content(const struct record *record)
{
  return record->data + MESSAGE_PREFIX;
}

static size_t content_size(const struct record *record)
{
  return record->writer.used - MESSAGE_PREFIX;
}

void record_begin(struct record *record, const char *origin, size_t size)
{
  record->has_origin = 0;
  record->count = 0;
  keyring_write_begin(&record->writer, record->data, sizeof record->data);
  keyring_write_field(&record->writer, TAG_ORIGIN, origin, size);
}

void record_add_login(struct record *record, const char *origin, size_t size)
{
  keyring_write_field(&record->writer, TAG_LOGIN, origin, size);
}

void record_add(struct record *record, const char *field, const void *data, size_t size)
{
  keyring_write_text(&record->writer, TAG_NAME, field);
  keyring_write_field(&record->writer, TAG_VALUE, data, size);
  record->count++;
}

/* A number that the system draws when it starts; nothing where it has none. */
static size_t read_boot_id(unsigned char *id, size_t size)
{
  int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
  ssize_t n = fd < 0 ? 0 : read(fd, id, size);

  if (fd >= 0)
    close(fd);
  return n > 0 ? (size_t)n : 0;
}

/* The stamp is kept, hashed once more, with what is known of refused logins.  Whoever finds
 * that must not be able to try passwords with it, so that the digest begins with something
 * that is gone with the next start of the machine.  The lengths are digested as well, so
 * that no two contents look alike. */
static int make_stamp(struct record *record)
{
  unsigned char digest[EVP_MAX_MD_SIZE], id[BOOT_ID_SIZE];
  size_t id_size = read_boot_id(id, sizeof id);
  EVP_MD_CTX *context = EVP_MD_CTX_new();
  int good = context && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1 &&
             EVP_DigestUpdate(context, id, id_size) == 1 &&
             EVP_DigestUpdate(context, content(record), content_size(record)) == 1 &&
             EVP_DigestFinal_ex(context, digest, NULL) == 1;

  EVP_MD_CTX_free(context);
  if (!good)
    return -1;
  for (size_t i = 0; i < RECORD_STAMP_SIZE / 2; i++)
    snprintf(record->stamp + 2 * i, 3, "%02x", digest[i]);
  return 0;
}

int record_end(struct record *record)
{
  if (record->writer.overflow || make_stamp(record) != 0)
    return -1;
  keyring_write_text(&record->writer, TAG_STAMP, record->stamp);
  return record->writer.overflow ? -1 : 0;
}

int record_equal(const struct record *a, const struct record *b)
{
  return content_size(a) == content_size(b) && memcmp(content(a), content(b), content_size(a)) == 0;
}

int record_write(const struct record *record, struct keyring_answer *answer)
{
  size_t size = RECORD_PREFIX_SIZE + base64url_size(content_size(record));
  char *text = keyring_secret_alloc(size);

  if (!text)
    return keyring_fail(answer, CREDENCE_E_NOMEM, "", "out of memory");
  memcpy(text, RECORD_PREFIX, RECORD_PREFIX_SIZE);
  base64url_encode(text + RECORD_PREFIX_SIZE, content(record), content_size(record));
  keyring_write_field(&answer->fields, KEYRING_VALUE, text, size);
  keyring_write_text(&answer->fields, KEYRING_REVISION, record->stamp);
  keyring_secret_free(text, size);
  return CREDENCE_OK;
}
