/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * keyring-pass.c - keep secrets in the store of pass, the standard unix password
 * manager
 *
 * A value is the first line of an entry, which gpg encrypts for the people that
 * .gpg-id names.  pass itself is not run: it writes into files in place, asks
 * when it likes to, and says what is wrong in sentences.
 *
 * The revision of a value is the digest of its encrypted file, so that comparing
 * needs no key.
 *
 * Underneath: pass-store.c has the files, pass-gpg.c encrypts and decrypts by
 * pass-gpg-run.c, pass-git.c keeps the history, pass-child.c runs programs,
 * pass-terminal.c finds a terminal to ask on.
 */
#include "pass-git.h"
#include "pass-gpg-run.h"
#include "pass-gpg.h"

#include "../core/credence.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define PLAIN_MAX (2 * KEYRING_SECRET_MAX) /* a value, and what somebody wrote below it */
#define REREAD_MS 100

/* --- reading ------------------------------------------------------------------------ */

static void sleep_ms(long milliseconds)
{
  const struct timespec pause = {0, milliseconds * 1000000L};

  nanosleep(&pause, NULL);
}

/* Read a file again that could not be decrypted: pass writes in place, and perhaps
 * it was doing so.  1 when it is another now. */
static int has_changed(struct pass *pass, const char *path, struct blob *encrypted)
{
  struct blob now = {NULL, 0};
  int changed;

  sleep_ms(REREAD_MS);
  if (store_read(pass, path, &now) != CREDENCE_OK)
    return 0;
  changed = now.size != encrypted->size || memcmp(now.text, encrypted->text, now.size) != 0;
  blob_free(encrypted);
  *encrypted = now; /* transferred */
  return changed;
}

static int decrypt_file(struct pass *pass, const char *path, struct blob *encrypted, char *plain,
                        size_t *ret_size)
{
  int r;

  do
    r = gpg_decrypt(pass, encrypted, plain, PLAIN_MAX, ret_size);
  while (r == CREDENCE_E_CORRUPT && has_changed(pass, path, encrypted));
  return r;
}

/* Is it a line of printable ASCII? */
static int is_value(const char *text, size_t size)
{
  for (size_t i = 0; i < size; i++)
    if (text[i] < 0x20 || text[i] > 0x7e)
      return 0;
  return size > 0 && size <= KEYRING_SECRET_MAX;
}

static int answer_value(struct pass *pass, const struct blob *encrypted, const char *plain, size_t size)
{
  const char *newline = memchr(plain, '\n', size);
  char revision[PASS_REVISION_SIZE];

  if (newline)
    size = (size_t)(newline - plain);
  if (!is_value(plain, size))
    return keyring_fail(pass->answer, CREDENCE_E_CORRUPT, "restore it from a backup or with pass git",
                        "the first line of %s in the password store is nothing that Credence wrote",
                        pass->entry);
  store_revision(encrypted->text, encrypted->size, revision);
  keyring_write_field(&pass->answer->fields, KEYRING_VALUE, plain, size);
  keyring_write_text(&pass->answer->fields, KEYRING_REVISION, revision);
  return CREDENCE_OK;
}

static int pass_get(const struct keyring_request *request, struct keyring_answer *answer)
{
  struct pass pass;
  struct blob encrypted = {NULL, 0};
  char *plain = keyring_secret_alloc(PLAIN_MAX);
  size_t size = 0;
  int r = plain ? store_open(&pass, request, answer)
                : keyring_fail(answer, CREDENCE_E_NOMEM, "", "out of memory");

  if (r == CREDENCE_OK)
    r = store_need(&pass);
  if (r == CREDENCE_OK) {
    r = store_read(&pass, pass.file, &encrypted);
    if (r == CREDENCE_E_NOT_FOUND)
      r = store_fail_not_found(&pass);
  }
  if (r == CREDENCE_OK)
    r = decrypt_file(&pass, pass.file, &encrypted, plain, &size);
  if (r == CREDENCE_OK)
    r = answer_value(&pass, &encrypted, plain, size);
  blob_free(&encrypted);
  keyring_secret_free(plain, PLAIN_MAX);
  return r;
}

static int list_entry(struct pass *pass, const char *path, const char *profile)
{
  struct blob encrypted = {NULL, 0};
  char revision[PASS_REVISION_SIZE];
  int r = store_read(pass, path, &encrypted);

  if (r == CREDENCE_E_NOT_FOUND)
    return CREDENCE_OK; /* deleted meanwhile */
  if (r != CREDENCE_OK)
    return r;
  store_revision(encrypted.text, encrypted.size, revision);
  keyring_write_text(&pass->answer->fields, KEYRING_NAME, profile);
  keyring_write_text(&pass->answer->fields, KEYRING_REVISION, revision);
  blob_free(&encrypted);
  return CREDENCE_OK;
}

static int pass_list(const struct keyring_request *request, struct keyring_answer *answer)
{
  struct pass pass;
  int r = store_open(&pass, request, answer);

  if (r == CREDENCE_OK)
    r = store_need(&pass);
  return r == CREDENCE_OK ? store_visit(&pass, request->kind, list_entry) : r;
}

static int pass_probe(const struct keyring_request *request, struct keyring_answer *answer)
{
  struct pass pass;
  int exists, has_key, r = store_open(&pass, request, answer);

  if (r != CREDENCE_OK)
    return r;
  exists = store_need(&pass) == CREDENCE_OK;
  keyring_fact(answer, "store", pass.store);
  keyring_fact(answer, "exists", exists ? "yes" : "no");
  keyring_fact(answer, "program", gpg_exists() && child_program_exists("pass") ? "yes" : "no");
  if (exists)
    keyring_fact(answer, "private", store_check_private(&pass) == CREDENCE_OK ? "yes" : "no");
  has_key = exists && gpg_exists() ? gpg_has_key(&pass) : 0;
  if (has_key >= 0)
    keyring_fact(answer, "key", has_key ? "yes" : "no");
  return keyring_fail(answer, CREDENCE_OK, "", "password store %s %s", pass.store,
                      exists ? "exists" : "does not exist yet");
}

/* --- writing ---------------------------------------------------------------------------- */

/* The revision of what is there; empty when nothing is. */
static int current_revision(struct pass *pass, char *revision)
{
  struct blob encrypted = {NULL, 0};
  int r = store_read(pass, pass->file, &encrypted);

  revision[0] = '\0';
  if (r == CREDENCE_E_NOT_FOUND)
    return CREDENCE_OK;
  if (r == CREDENCE_OK)
    store_revision(encrypted.text, encrypted.size, revision);
  blob_free(&encrypted);
  return r;
}

static int lock_and_look(struct pass *pass, char *revision)
{
  int r = store_lock(pass);

  return r == CREDENCE_OK ? current_revision(pass, revision) : r;
}

static int replace_entry(struct pass *pass, const struct blob *encrypted)
{
  char revision[PASS_REVISION_SIZE];
  int is_new = 0, r = lock_and_look(pass, revision);

  if (r == CREDENCE_OK) {
    is_new = revision[0] == '\0';
    r = keyring_check_expect(pass->request, is_new ? NULL : revision, pass->answer);
  }
  if (r != CREDENCE_OK)
    return r;
  if (git_is_used(pass))
    store_hide_from_git(pass);
  r = store_write(pass, encrypted->text, encrypted->size);
  if (r != CREDENCE_OK)
    return r;
  store_revision(encrypted->text, encrypted->size, revision);
  keyring_write_text(&pass->answer->fields, KEYRING_REVISION, revision);
  git_commit(pass, is_new ? "Add" : "Change");
  return CREDENCE_OK;
}

/* The value with the end of line that belongs to an entry of pass. */
static int encrypt_value(struct pass *pass, struct blob *encrypted)
{
  size_t size = pass->request->value_size + 1;
  char *line = keyring_secret_alloc(size);
  int r;

  if (!line)
    return keyring_fail(pass->answer, CREDENCE_E_NOMEM, "", "out of memory");
  memcpy(line, pass->request->value, size - 1);
  line[size - 1] = '\n';
  r = gpg_encrypt(pass, line, size, encrypted);
  keyring_secret_free(line, size);
  return r;
}

static int pass_put(const struct keyring_request *request, struct keyring_answer *answer)
{
  struct pass pass;
  struct blob encrypted = {NULL, 0};
  int r = store_open(&pass, request, answer);

  if (r == CREDENCE_OK)
    r = store_need(&pass);
  if (r == CREDENCE_OK)
    r = encrypt_value(&pass, &encrypted);
  if (r == CREDENCE_OK)
    r = replace_entry(&pass, &encrypted);
  blob_free(&encrypted);
  store_close(&pass);
  return r;
}

static int pass_delete(const struct keyring_request *request, struct keyring_answer *answer)
{
  struct pass pass;
  char revision[PASS_REVISION_SIZE] = "";
  int r = store_open(&pass, request, answer);

  if (r == CREDENCE_OK)
    r = store_need(&pass);
  if (r == CREDENCE_OK)
    r = lock_and_look(&pass, revision);
  if (r == CREDENCE_OK)
    r = revision[0] ? keyring_check_expect(request, revision, answer) : store_fail_not_found(&pass);
  if (r == CREDENCE_OK)
    r = store_delete(&pass);
  if (r == CREDENCE_OK)
    git_commit(&pass, "Remove");
  store_close(&pass);
  return r;
}

/* --- unlocking ------------------------------------------------------------------------------ */

/* gpg-agent has the key ready when some entry can be decrypted. */
static int unlock_by(struct pass *pass, const char *path, const char *profile)
{
  struct blob encrypted = {NULL, 0};
  char *plain = keyring_secret_alloc(PLAIN_MAX);
  size_t size = 0;
  int r = plain ? store_read(pass, path, &encrypted)
                : keyring_fail(pass->answer, CREDENCE_E_NOMEM, "", "out of memory");

  snprintf(pass->entry, sizeof pass->entry, PASS_FOLDER "/%s", profile);
  if (r == CREDENCE_OK)
    r = gpg_decrypt(pass, &encrypted, plain, PLAIN_MAX, &size);
  blob_free(&encrypted);
  keyring_secret_free(plain, PLAIN_MAX);
  return r == CREDENCE_OK ? STORE_STOP : r;
}

static int pass_unlock(const struct keyring_request *request, struct keyring_answer *answer)
{
  struct pass pass;
  int r;

  if (request->passphrase)
    return keyring_fail(answer, CREDENCE_E_UNSUPPORTED, "leave it to gpg-agent, which asks for it",
                        "keyring pass takes no passphrase");
  r = store_open(&pass, request, answer);
  if (r == CREDENCE_OK)
    r = store_need(&pass);
  return r == CREDENCE_OK ? store_visit(&pass, "credential", unlock_by) : r;
}

/* Nothing is kept between requests.  What gpg-agent remembers is the user's, and
 * other programs need it. */
static int pass_lock(const struct keyring_request *request, struct keyring_answer *answer)
{
  (void)request;
  (void)answer;
  return CREDENCE_OK;
}

static const struct keyring_store store = {
    .name = "pass",
    .probe = pass_probe,
    .list = pass_list,
    .get = pass_get,
    .put = pass_put,
    .delete = pass_delete,
    .unlock = pass_unlock,
    .lock = pass_lock,
};

int main(int argc, char **argv)
{
  if (argc > 1)
    return gpg_become(argv + 1); /* for git: see pass-git.c */
  /* Somebody who stops listening is an error of write(), and no reason to die. */
  signal(SIGPIPE, SIG_IGN);
  return keyring_serve(&store);
}
