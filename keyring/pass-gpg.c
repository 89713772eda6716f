/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pass-gpg.c - what gpg is asked to do for a password store; see pass-gpg.h
 *
 * A key that is locked, one that is not here and an entry that is damaged are
 * three different errors, and gpg ends with the same exit code for all of them.
 */
#include "pass-gpg.h"
#include "pass-gpg-run.h"
#include "pass-terminal.h"

#include "../core/credence.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Numbers of libgpg-error, which are part of its interface: the lower 16 bits are
 * the cause, and those above 32768 an errno as libgpg-error numbers it. */
#define GPG_NO_ERROR 0u
#define GPG_CHECKSUM 10u
#define GPG_BAD_PASSPHRASE 11u
#define GPG_INV_PACKET 14u
#define GPG_NO_SECKEY 17u
#define GPG_WRONG_SECKEY 18u /* also what a damaged session key looks like */
#define GPG_TIMEOUT 62u
#define GPG_NO_AGENT 77u
#define GPG_AGENT 78u
#define GPG_INV_DATA 79u
#define GPG_NO_PINENTRY 85u
#define GPG_PINENTRY 86u
#define GPG_BAD_PIN 87u
#define GPG_BAD_DATA 89u
#define GPG_WRONG_CARD 91u
#define GPG_CANCELED 99u
#define GPG_CARD 108u
#define GPG_CARD_REMOVED 110u
#define GPG_CARD_NOT_PRESENT 112u
#define GPG_NO_SCDAEMON 119u
#define GPG_SCDAEMON 120u
#define GPG_PIN_BLOCKED 130u
#define GPG_DECRYPT_FAILED 152u
#define GPG_FULLY_CANCELED 198u
#define GPG_ERRNO_ENOTTY (32768u | 102u)

/* --- decrypt -------------------------------------------------------------------------------------- */

static int fail_locked(struct pass *pass, int code, const char *message)
{
  char remedy[192];

  snprintf(remedy, sizeof remedy, "pass show %s >/dev/null", pass->entry);
  return keyring_fail(pass->answer, code, remedy, "%s", message);
}

/* gpg cannot tell "no such key" from "no agent to ask for it". */
static int agent_answers(struct pass *pass)
{
  static const char *const argv[] = {"gpg-connect-agent", "--quiet", "/bye", NULL};
  struct child child = {.argv = argv};

  return !child_program_exists(argv[0]) ||
         (child_run(&child, pass->request) == CREDENCE_OK && child.exit_code == 0);
}

static int fail_no_key(struct pass *pass)
{
  if (!agent_answers(pass))
    return keyring_fail(pass->answer, CREDENCE_E_SERVICE_LOST, "gpgconf --launch gpg-agent",
                        "gpg-agent, which keeps the keys, does not answer");
  return keyring_fail(pass->answer, CREDENCE_E_DENIED,
                      "gpg --import the secret key, or have somebody who can read it run pass init",
                      "%s is encrypted for others: gpg has no secret key that opens it", pass->entry);
}

static int fail_no_pinentry(struct pass *pass, int may_ask)
{
  if (!pass->request->prompt)
    return fail_locked(pass, CREDENCE_E_LOCKED, "the key of the password store is locked");
  if (!may_ask)
    return keyring_fail(
        pass->answer, CREDENCE_E_PROMPT_REQUIRED, "export GPG_TTY=$(tty)",
        "the key of the password store is locked, and there is neither a display nor a terminal "
        "to ask on");
  return keyring_fail(pass->answer, CREDENCE_E_PROMPT_REQUIRED,
                      "apt install pinentry-curses, or see pinentry-program in ~/.gnupg/gpg-agent.conf",
                      "the key of the password store is locked, and gpg-agent's pinentry cannot ask");
}

/* Why was the secret key not used? */
static int fail_key(struct pass *pass, unsigned error, int may_ask)
{
  char remedy[192];

  switch (error) {
  case GPG_CANCELED:
  case GPG_FULLY_CANCELED:
    return fail_locked(pass, CREDENCE_E_DISMISSED, "the question for the passphrase was dismissed");
  case GPG_BAD_PASSPHRASE:
  case GPG_BAD_PIN:
    return fail_locked(pass, CREDENCE_E_LOCKED, "wrong passphrase for the key of the password store");
  case GPG_WRONG_CARD:
  case GPG_CARD:
  case GPG_CARD_REMOVED:
  case GPG_CARD_NOT_PRESENT:
  case GPG_NO_SCDAEMON:
  case GPG_SCDAEMON:
    return keyring_fail(pass->answer, CREDENCE_E_LOCKED, "insert it; gpg --card-status shows it",
                        "the smartcard with the key of the password store cannot be used");
  case GPG_PIN_BLOCKED:
    return keyring_fail(pass->answer, CREDENCE_E_LOCKED, "gpg --card-edit, then passwd",
                        "the PIN of the smartcard is blocked");
  case GPG_TIMEOUT:
    return fail_locked(pass, CREDENCE_E_TIMEOUT, "nobody gave the passphrase of the key in time");
  case GPG_NO_PINENTRY:
  case GPG_PINENTRY:
  case GPG_ERRNO_ENOTTY:
    return fail_no_pinentry(pass, may_ask);
  case GPG_NO_AGENT:
  case GPG_AGENT:
    return keyring_fail(pass->answer, CREDENCE_E_SERVICE_LOST, "gpgconf --launch gpg-agent",
                        "gpg-agent, which keeps the keys, does not answer");
  case GPG_NO_SECKEY:
    return fail_no_key(pass);
  case GPG_NO_ERROR:
  case GPG_CHECKSUM:
  case GPG_INV_PACKET:
  case GPG_WRONG_SECKEY:
  case GPG_INV_DATA:
  case GPG_BAD_DATA:
  case GPG_DECRYPT_FAILED:
    return keyring_fail(pass->answer, CREDENCE_E_CORRUPT, "restore it from a backup or with pass git",
                        "%s.gpg in the password store is damaged", pass->entry);
  default:
    snprintf(remedy, sizeof remedy, "pass show %s shows what gpg says", pass->entry);
    return keyring_fail(pass->answer, CREDENCE_E_FAILED, remedy, "gpg could not use the key: error %u",
                        error);
  }
}

/* It is not there as a whole, does not know an option, or something ended it. */
static int fail_run(struct pass *pass)
{
  const char *options = getenv("PASSWORD_STORE_GPG_OPTS");

  return keyring_fail(pass->answer, CREDENCE_E_FAILED,
                      options && options[0] ? "gpg $PASSWORD_STORE_GPG_OPTS --version shows why"
                                            : "gpg --version shows why",
                      "gpg did not run");
}

static int fail_decrypt(struct pass *pass, const struct gpg_status *status, int exit_code, int may_ask)
{
  if (status->error != 0)
    return fail_key(pass, status->error, may_ask);
  if (status->has_no_key)
    return fail_no_key(pass);
  /* Only who has read the entry can say that it is damaged. */
  if (exit_code < 0 || (exit_code > 0 && !status->has_read))
    return fail_run(pass);
  /* With "quiet" in gpg.conf there is no reason.  "Damaged" would be the worst guess. */
  if (status->has_failed && status->has_recipient && !status->has_session_key)
    return fail_key(pass, status->pinentry > 0 ? GPG_CANCELED : GPG_NO_PINENTRY, may_ask);
  return fail_key(pass, GPG_NO_ERROR, may_ask);
}

int gpg_decrypt(struct pass *pass, const struct blob *encrypted, void *secret, size_t max, size_t *ret_size)
{
  struct gpg_arguments arguments;
  struct gpg_status status = {0};
  struct child child = {
      .input = encrypted->text, .input_size = encrypted->size, .output = secret, .output_max = max};
  int r, may_ask = pass->request->prompt && terminal_prepare();

  if (may_ask)
    child.may_end = gpg_knows_pinentry;
  gpg_begin(&arguments, may_ask);
  gpg_add(&arguments, "--decrypt");
  r = gpg_run(pass, &arguments, &child, &status);
  gpg_arguments_free(&arguments);
  if (r != CREDENCE_OK)
    return r;
  if (child.overflow)
    return keyring_fail(pass->answer, CREDENCE_E_TOO_LARGE, "", "%s.gpg in the password store is too large",
                        pass->entry);
  /* gpg takes a file that was cut off early for an empty one, and is content. */
  if (!status.is_decrypted)
    return fail_decrypt(pass, &status, child.exit_code, may_ask);
  *ret_size = child.output_size;
  return CREDENCE_OK;
}

/* --- recipients ---------------------------------------------------------------------------------------- */

static int wants_signature(void)
{
  const char *key = getenv("PASSWORD_STORE_SIGNING_KEY");

  return key && key[0];
}

/* .gpg-id is worth as much as its signature when the user asked for one: who can
 * change it chooses who reads all that is written from now on. */
static int verify(struct pass *pass, const char *path, const struct blob *id)
{
  struct gpg_arguments arguments;
  struct gpg_status status = {.wanted = getenv("PASSWORD_STORE_SIGNING_KEY")};
  struct child child = {.input = id->text, .input_size = id->size};
  char signature[PASS_PATH_MAX + 8];
  int r;

  if (!wants_signature())
    return CREDENCE_OK;
  snprintf(signature, sizeof signature, "%s.sig", path);
  gpg_begin(&arguments, 0);
  gpg_add(&arguments, "--verify");
  gpg_add(&arguments, "--");
  gpg_add(&arguments, signature);
  gpg_add(&arguments, "-");
  r = gpg_run(pass, &arguments, &child, &status);
  gpg_arguments_free(&arguments);
  if (r == CREDENCE_OK && !status.is_signed)
    r = keyring_fail(pass->answer, CREDENCE_E_REFUSED, "see who changed it; pass init KEYID signs it again",
                     "%s has no valid signature of PASSWORD_STORE_SIGNING_KEY", path);
  return r;
}

/* One recipient a line; what follows a '#' is a comment.  text is cut up. */
static void add_lines(struct gpg_arguments *arguments, char *text)
{
  char *rest = NULL;

  for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
    size_t length;

    line[strcspn(line, "#")] = '\0';
    line += strspn(line, " \t\r");
    for (length = strlen(line); length > 0 && isspace((unsigned char)line[length - 1]);)
      line[--length] = '\0';
    if (length > 0) {
      gpg_add(arguments, "--recipient");
      gpg_add(arguments, line);
    }
  }
}

/* to_write: what is encrypted for them is about to be written. */
static int add_recipients(struct pass *pass, struct gpg_arguments *arguments, int to_write)
{
  struct blob id = {NULL, 0};
  char path[PASS_PATH_MAX];
  size_t before = arguments->count;
  int r;

  arguments->recipients = gpg_copy_of_variable("PASSWORD_STORE_KEY");
  if (arguments->recipients) {
    gpg_add_words(arguments, "--recipient", arguments->recipients);
    return CREDENCE_OK;
  }
  r = store_find_id(pass, path) ? store_read(pass, path, &id) : CREDENCE_E_NOT_FOUND;
  if (r == CREDENCE_OK)
    r = verify(pass, path, &id);
  if (r == CREDENCE_OK && to_write && !wants_signature())
    r = store_check_private(pass);
  if (r == CREDENCE_E_NOT_FOUND)
    return store_need(pass);
  if (r != CREDENCE_OK) {
    blob_free(&id);
    return r;
  }
  arguments->recipients = id.text; /* transferred */
  add_lines(arguments, arguments->recipients);
  if (arguments->count == before)
    return keyring_fail(pass->answer, CREDENCE_E_NO_KEYRING, "pass init KEYID", "%s names no recipient",
                        path);
  return CREDENCE_OK;
}

/* --- encrypt
 * ------------------------------------------------------------------------------------------------ */

static int fail_recipient(struct pass *pass, const struct gpg_status *status)
{
  char remedy[192];
  const char *why = "has no usable key here", *what = "gpg --list-keys %s; gpg --import brings a key";

  if (status->bad_reason == 10) {
    why = "has a key that is not trusted";
    what = "gpg --edit-key %s trust";
  } else if (status->bad_reason == 5) {
    why = "has a key that has expired";
    what = "gpg --quick-set-expire %s 1y";
  }
  /* Both formats are the ones above. */
  snprintf(remedy, sizeof remedy, "%.*s%s%s", (int)strcspn(what, "%"), what, status->bad_recipient,
           what + strcspn(what, "%") + 2);
  return keyring_fail(pass->answer, CREDENCE_E_DENIED, remedy,
                      "cannot encrypt for '%s', whom .gpg-id or PASSWORD_STORE_KEY names: it %s",
                      status->bad_recipient, why);
}

static int encrypt(struct pass *pass, const struct gpg_arguments *arguments, const void *secret, size_t size,
                   struct blob *encrypted)
{
  struct gpg_status status = {0};
  struct child child = {
      .input = secret, .input_size = size, .output = encrypted->text, .output_max = PASS_FILE_MAX};
  int r = gpg_run(pass, arguments, &child, &status);

  if (r != CREDENCE_OK)
    return r;
  if (status.bad_recipient[0])
    return fail_recipient(pass, &status);
  if (child.exit_code != 0 || !status.is_encrypted)
    return keyring_fail(pass->answer, CREDENCE_E_FAILED, "see what is wrong: pass insert test",
                        "gpg could not encrypt");
  if (child.overflow)
    return keyring_fail(pass->answer, CREDENCE_E_TOO_LARGE, "", "the encrypted value is too large");
  encrypted->size = child.output_size;
  return CREDENCE_OK;
}

int gpg_encrypt(struct pass *pass, const void *secret, size_t size, struct blob *ret_encrypted)
{
  static const char *const words[] = {
      "--compress-algo=none", "--no-encrypt-to", "--output", "-", "--encrypt", NULL};
  struct gpg_arguments arguments;
  struct blob encrypted = {malloc(PASS_FILE_MAX), 0};
  int r;

  gpg_begin(&arguments, 0);
  gpg_add_all(&arguments, words);
  r = encrypted.text ? add_recipients(pass, &arguments, 1)
                     : keyring_fail(pass->answer, CREDENCE_E_NOMEM, "", "out of memory");
  if (r == CREDENCE_OK)
    r = encrypt(pass, &arguments, secret, size, &encrypted);
  gpg_arguments_free(&arguments);
  if (r == CREDENCE_OK)
    *ret_encrypted = encrypted;
  else
    blob_free(&encrypted);
  return r;
}

/* --- keys
 * ------------------------------------------------------------------------------------------------------ */

/* In a listing for programs, secret keys are lines "sec:" and "ssb:". */
int gpg_has_key(struct pass *pass)
{
  struct gpg_arguments list, named;
  struct gpg_status status = {0};
  char text[4096];
  struct child child = {.output = text, .output_max = sizeof text - 1};
  int r;

  gpg_begin(&list, 0);
  gpg_begin(&named, 0);
  r = add_recipients(pass, &named, 0);
  gpg_add(&list, "--with-colons");
  gpg_add(&list, "--list-secret-keys");
  gpg_add(&list, "--");
  for (size_t i = 1; i < named.count; i++)
    if (strcmp(named.word[i - 1], "--recipient") == 0)
      gpg_add(&list, named.word[i]);
  if (r == CREDENCE_OK)
    r = gpg_run(pass, &list, &child, &status);
  gpg_arguments_free(&list);
  gpg_arguments_free(&named);
  if (r != CREDENCE_OK || (child.exit_code != 0 && child.output_size == 0 && !status.has_no_key))
    return -1;
  text[child.output_size] = '\0';
  return strncmp(text, "sec", 3) == 0 || strstr(text, "\nsec") || strstr(text, "\nssb");
}
