/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * file-contents.c - keep the key of the keyring file, read and write the file
 *
 * The key stays in secret memory until the helper ends or is told to forget
 * it; the passphrase only as long as a file is still to be made with it.
 */
#include "file-contents.h"
#include "file-format.h"

#include "../core/credence.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What the helper remembers between requests, in secret memory. */
struct memory {
  int unlocked;
  struct file_key key;
  /* Of a file that is still to be made.  Should somebody else make it first,
   * the key has to be made anew. */
  char passphrase[KEYRING_PASSPHRASE_MAX + 1];
};

static struct memory *memory;

/* --- errors ------------------------------------------------------------------- */

static int fail_locked(const struct contents *contents, const char *why, struct keyring_answer *answer)
{
  answer->wants = contents->exists ? "passphrase" : "new-passphrase";
  return keyring_fail(answer, CREDENCE_E_LOCKED,
                      "enter its passphrase, or name a file with CREDENCE_PASSPHRASE_FILE", "%s", why);
}

int fail_corrupt(const struct contents *contents, struct keyring_answer *answer)
{
  return keyring_fail(answer, CREDENCE_E_CORRUPT,
                      "restore it from a backup, or delete it and add the profiles again",
                      "keyring file %s is damaged", contents->disk.path);
}

static int fail_memory(struct keyring_answer *answer)
{
  return keyring_fail(answer, CREDENCE_E_NOMEM, "", "out of memory");
}

int fail_crypto(struct keyring_answer *answer)
{
  return keyring_fail(answer, CREDENCE_E_FAILED, "see whether memory or entropy is short", "OpenSSL failed");
}

/* --- key ------------------------------------------------------------------------- */

int key_memory_open(void)
{
  memory = keyring_secret_alloc(sizeof *memory);
  return memory != NULL;
}

void key_memory_close(void)
{
  keyring_secret_free(memory, sizeof *memory);
  memory = NULL;
}

void key_forget(void)
{
  explicit_bzero(memory, sizeof *memory);
}

int key_fits(const struct contents *contents)
{
  return memory->unlocked && (!contents->exists || file_key_matches(&memory->key, contents->file));
}

int key_make(const struct contents *contents, const char *passphrase, struct keyring_answer *answer)
{
  int r;

  if (contents->exists)
    r = file_key_derive(&memory->key, contents->file, passphrase);
  else
    r = file_key_create(&memory->key, passphrase);
  memory->unlocked = r == CREDENCE_OK;
  if (r == CREDENCE_OK && !contents->exists)
    snprintf(memory->passphrase, sizeof memory->passphrase, "%s", passphrase);
  else if (r == CREDENCE_OK)
    explicit_bzero(memory->passphrase, sizeof memory->passphrase);
  else
    key_forget();

  if (r == CREDENCE_E_LOCKED)
    return fail_locked(contents, "wrong passphrase", answer);
  return r == CREDENCE_OK ? r : fail_crypto(answer);
}

int key_need(const struct contents *contents, struct keyring_answer *answer)
{
  char passphrase[sizeof memory->passphrase];
  int r;

  if (key_fits(contents))
    return CREDENCE_OK;
  if (memory->passphrase[0] == '\0')
    return fail_locked(
        contents, contents->exists ? "the keyring file is locked" : "there is no keyring file yet", answer);
  memcpy(passphrase, memory->passphrase, sizeof passphrase);
  r = key_make(contents, passphrase, answer);
  explicit_bzero(passphrase, sizeof passphrase);
  return r;
}

/* --- contents ----------------------------------------------------------------------- */

void contents_clear(struct contents *contents)
{
  free(contents->file);
  keyring_secret_free(contents->plain, contents->plain_size + 1);
  contents->file = contents->plain = NULL;
  contents->exists = 0;
}

int contents_read(struct contents *contents, const struct keyring_request *request,
                  struct keyring_answer *answer)
{
  int r;

  memset(contents, 0, sizeof *contents);
  r = disk_locate(&contents->disk, request, answer);
  if (r != CREDENCE_OK)
    return r;
  r = disk_read(&contents->disk, FILE_SIZE_MAX, &contents->file, &contents->file_size, answer);
  if (r == CREDENCE_E_NOT_FOUND)
    return CREDENCE_OK;
  if (r != CREDENCE_OK)
    return r;
  r = file_check(contents->file, contents->file_size);
  if (r == CREDENCE_E_UNSUPPORTED)
    return keyring_fail(answer, r, "install a newer Credence", "%s was written by a newer version",
                        contents->disk.path);
  if (r != CREDENCE_OK)
    return fail_corrupt(contents, answer);
  contents->exists = 1;
  return CREDENCE_OK;
}

int contents_decrypt(struct contents *contents, struct keyring_answer *answer)
{
  int r;

  if (!contents->exists)
    return CREDENCE_OK;
  contents->plain_size = contents->file_size - FILE_OVERHEAD;
  contents->plain = keyring_secret_alloc(contents->plain_size + 1);
  if (!contents->plain)
    return fail_memory(answer);
  r = file_decrypt(&memory->key, contents->file, contents->file_size, contents->plain);
  if (r == CREDENCE_E_CORRUPT)
    return fail_corrupt(contents, answer);
  return r == CREDENCE_OK ? r : fail_crypto(answer);
}

int contents_write(const struct contents *contents, const struct record *old, const struct record *added,
                   struct keyring_answer *answer)
{
  size_t size = contents->plain_size - (old ? old->size : 0) + (added ? record_encoded_size(added) : 0);
  unsigned char *plain = NULL, *file = NULL;
  int r;

  if (size > FILE_SIZE_MAX - FILE_OVERHEAD)
    return keyring_fail(answer, CREDENCE_E_TOO_LARGE, "remove profiles that are not needed",
                        "the keyring file would be over %u bytes", FILE_SIZE_MAX);
  plain = keyring_secret_alloc(size + 1);
  file = malloc(size + FILE_OVERHEAD);
  if (!plain || !file) {
    r = fail_memory(answer);
    goto out;
  }
  record_replace(contents->plain, contents->plain_size, old, added, plain);
  if (file_encrypt(&memory->key, plain, size, file) != CREDENCE_OK) {
    r = fail_crypto(answer);
    goto out;
  }
  r = disk_replace(&contents->disk, file, size + FILE_OVERHEAD, answer);
  if (r == CREDENCE_OK)
    explicit_bzero(memory->passphrase, sizeof memory->passphrase);
out:
  keyring_secret_free(plain, size + 1);
  free(file);
  return r;
}
