/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * keyring-file.c - the file keyring: one encrypted file and a passphrase
 *
 * For machines without a Secret Service.  "unlock" turns the passphrase into a
 * key, which takes a fraction of a second on purpose; the helper then keeps
 * the key, so that every other operation is fast.  The key is made outside the
 * lock.  Should the file meanwhile have been made or replaced by somebody
 * else, its salt shows it, and the operation starts over.
 *
 * Underneath: file-contents.c keeps the key, file-format.c encrypts,
 * file-records.c finds records, file-disk.c reads and writes the file.
 */
#include "file-contents.h"

#include "../core/credence.h"

#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define REVISION_BYTES 16u
#define REVISION_SIZE (2u * REVISION_BYTES + 1u)

/* --- operations that read --------------------------------------------------------------- */

static int file_probe(const struct keyring_request *request, struct keyring_answer *answer)
{
  struct disk disk;
  struct stat status;
  int exists, r = disk_locate(&disk, request, answer);

  if (r != CREDENCE_OK)
    return r;
  exists = lstat(disk.path, &status) == 0;
  keyring_fact(answer, "store", disk.path);
  keyring_fact(answer, "exists", exists ? "yes" : "no");
  if (exists)
    keyring_fact(answer, "private",
                 S_ISREG(status.st_mode) && status.st_uid == geteuid() && (status.st_mode & 077) == 0 ? "yes"
                                                                                                      : "no");
  return keyring_fail(answer, CREDENCE_OK, "", "keyring file %s %s", disk.path,
                      exists ? "exists" : "does not exist yet");
}

/* Read and decrypt; without a file there is nothing to decrypt. */
static int contents_open(struct contents *contents, const struct keyring_request *request,
                         struct keyring_answer *answer)
{
  int r = contents_read(contents, request, answer);

  if (r == CREDENCE_OK && contents->exists)
    r = key_need(contents, answer);
  if (r == CREDENCE_OK)
    r = contents_decrypt(contents, answer);
  return r;
}

/* The revision of a record as text. */
static void copy_revision(const struct record *record, char *revision)
{
  snprintf(revision, REVISION_SIZE, "%.*s", (int)record->field[RECORD_REVISION].size,
           (const char *)record->field[RECORD_REVISION].data);
}

static void write_part(struct keyring_answer *answer, char tag, const struct record *record,
                       enum record_field field)
{
  keyring_write_field(&answer->fields, tag, record->field[field].data, record->field[field].size);
}

static int file_list(const struct keyring_request *request, struct keyring_answer *answer)
{
  struct contents contents;
  struct record record;
  size_t offset = 0;
  int found, r = contents_open(&contents, request, answer);

  if (r != CREDENCE_OK)
    goto out;
  while ((found = record_next(contents.plain, contents.plain_size, &offset, &record)) == 1)
    if (record_field_is(&record, RECORD_KIND, request->kind)) {
      write_part(answer, KEYRING_NAME, &record, RECORD_PROFILE);
      write_part(answer, KEYRING_REVISION, &record, RECORD_REVISION);
    }
  if (found < 0)
    r = fail_corrupt(&contents, answer);
out:
  contents_clear(&contents);
  return r;
}

static int fail_not_found(const struct keyring_request *request, struct keyring_answer *answer)
{
  return keyring_fail(answer, CREDENCE_E_NOT_FOUND, "", "the keyring file holds no %s for profile '%s'",
                      request->kind, request->profile);
}

static int file_get(const struct keyring_request *request, struct keyring_answer *answer)
{
  struct contents contents;
  struct record record;
  int found, r = contents_open(&contents, request, answer);

  if (r != CREDENCE_OK)
    goto out;
  found = record_find(contents.plain, contents.plain_size, request->profile, request->kind, &record);
  if (found < 0) {
    r = fail_corrupt(&contents, answer);
  } else if (found == 0) {
    r = fail_not_found(request, answer);
  } else {
    write_part(answer, KEYRING_VALUE, &record, RECORD_VALUE);
    write_part(answer, KEYRING_REVISION, &record, RECORD_REVISION);
  }
out:
  contents_clear(&contents);
  return r;
}

/* --- operations that write --------------------------------------------------------------- */

/* Changes contents, which are locked, to what is wanted.  old is the record of
 * the request, or NULL. */
typedef int change_function(const struct keyring_request *request, const struct contents *contents,
                            const struct record *old, struct keyring_answer *answer);

static int apply_change(const struct keyring_request *request, struct contents *contents,
                        change_function *change, struct keyring_answer *answer)
{
  struct record record;
  char revision[REVISION_SIZE];
  int found, r = contents_decrypt(contents, answer);

  if (r != CREDENCE_OK)
    return r;
  found = record_find(contents->plain, contents->plain_size, request->profile, request->kind, &record);
  if (found < 0)
    return fail_corrupt(contents, answer);
  if (found == 1) {
    copy_revision(&record, revision);
    r = keyring_check_expect(request, revision, answer);
  }
  return r == CREDENCE_OK ? change(request, contents, found == 1 ? &record : NULL, answer) : r;
}

/* Take the lock and change the file, unless the key does not fit any more.
 * Then *ret_again is set. */
static int try_change(const struct keyring_request *request, struct contents *contents,
                      change_function *change, int *ret_again, struct keyring_answer *answer)
{
  struct disk disk = contents->disk;
  int lock = -1, r = disk_lock(&disk, request, &lock, answer);

  if (r != CREDENCE_OK)
    return r;
  contents_clear(contents);
  r = contents_read(contents, request, answer);
  *ret_again = r == CREDENCE_OK && !key_fits(contents);
  if (r == CREDENCE_OK && !*ret_again)
    r = apply_change(request, contents, change, answer);
  close(lock);
  return r;
}

/* Each turn makes the key that the file needed a moment ago.  That one turn is
 * not enough is rare: somebody has to make or replace the file just then. */
static int change_file(const struct keyring_request *request, change_function *change,
                       struct keyring_answer *answer)
{
  struct contents contents;
  int again, r;

  do {
    again = 0;
    r = contents_read(&contents, request, answer);
    if (r == CREDENCE_OK)
      r = key_need(&contents, answer);
    if (r == CREDENCE_OK)
      r = try_change(request, &contents, change, &again, answer);
    contents_clear(&contents);
  } while (again && keyring_time_left(request) > 0);
  if (again)
    return keyring_fail(answer, CREDENCE_E_TIMEOUT, "try again", "the keyring file keeps being replaced");
  return r;
}

static int make_revision(char *revision)
{
  unsigned char random[REVISION_BYTES];

  if (RAND_bytes(random, sizeof random) != 1)
    return CREDENCE_E_FAILED;
  for (size_t i = 0; i < sizeof random; i++)
    snprintf(revision + 2 * i, 3, "%02x", random[i]);
  return CREDENCE_OK;
}

static int put_record(const struct keyring_request *request, const struct contents *contents,
                      const struct record *old, struct keyring_answer *answer)
{
  struct record record = {0};
  char revision[REVISION_SIZE];
  int r = old ? CREDENCE_OK : keyring_check_expect(request, NULL, answer);

  if (r != CREDENCE_OK)
    return r;
  if (make_revision(revision) != CREDENCE_OK)
    return fail_crypto(answer);
  record_set_field(&record, RECORD_PROFILE, request->profile);
  record_set_field(&record, RECORD_KIND, request->kind);
  record_set_field(&record, RECORD_LABEL, request->label ? request->label : "");
  record_set_field(&record, RECORD_VALUE, request->value);
  record_set_field(&record, RECORD_REVISION, revision);
  r = contents_write(contents, old, &record, answer);
  if (r == CREDENCE_OK)
    keyring_write_text(&answer->fields, KEYRING_REVISION, revision);
  return r;
}

static int delete_record(const struct keyring_request *request, const struct contents *contents,
                         const struct record *old, struct keyring_answer *answer)
{
  if (!old)
    return fail_not_found(request, answer);
  return contents_write(contents, old, NULL, answer);
}

static int file_put(const struct keyring_request *request, struct keyring_answer *answer)
{
  return change_file(request, put_record, answer);
}

static int file_delete(const struct keyring_request *request, struct keyring_answer *answer)
{
  struct contents contents;
  int exists, r = contents_read(&contents, request, answer);

  exists = contents.exists;
  contents_clear(&contents);
  if (r != CREDENCE_OK)
    return r;
  /* Do not ask for a passphrase, and make no directory, to delete nothing. */
  return exists ? change_file(request, delete_record, answer) : fail_not_found(request, answer);
}

/* --- locking --------------------------------------------------------------------------------- */

static int file_unlock(const struct keyring_request *request, struct keyring_answer *answer)
{
  struct contents contents;
  int r = contents_read(&contents, request, answer);

  if (r == CREDENCE_OK)
    r = request->passphrase ? key_make(&contents, request->passphrase, answer) : key_need(&contents, answer);
  contents_clear(&contents);
  return r;
}

static int file_lock(const struct keyring_request *request, struct keyring_answer *answer)
{
  (void)request;
  (void)answer;
  key_forget();
  return CREDENCE_OK;
}

static const struct keyring_store store = {
    .name = "file",
    .probe = file_probe,
    .list = file_list,
    .get = file_get,
    .put = file_put,
    .delete = file_delete,
    .unlock = file_unlock,
    .lock = file_lock,
};

int main(void)
{
  int r = 1;

  if (key_memory_open())
    r = keyring_serve(&store);
  key_memory_close();
  return r;
}
