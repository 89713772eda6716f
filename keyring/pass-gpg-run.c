/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pass-gpg-run.c - run gpg and hear what it says; see pass-gpg-run.h
 *
 * gpg itself never asks.  gpg-agent does, through its pinentry, and only with
 * permission: otherwise gpg tells it not to, and the answer is "locked".  A
 * pinentry is the agent's child and outlives gpg, so that it is ended here when
 * nobody has answered it by the deadline.
 */
#include "pass-gpg-run.h"

#include "../core/credence.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define FINGERPRINT_SIZE 40u
#define GPG_CODE_MASK 0xffffu /* the cause; above it is which part of GnuPG says so */

/* --- arguments ------------------------------------------------------------------- */

void gpg_add(struct gpg_arguments *arguments, const char *word)
{
  if (arguments->count < GPG_ARGUMENTS_MAX)
    arguments->word[arguments->count++] = word;
  else
    arguments->overflow = 1;
}

void gpg_add_all(struct gpg_arguments *arguments, const char *const *words)
{
  for (; *words; words++)
    gpg_add(arguments, *words);
}

void gpg_add_words(struct gpg_arguments *arguments, const char *flag, char *text)
{
  static const char blanks[] = " \t\n";

  for (text += strspn(text, blanks); *text; text += strspn(text, blanks)) {
    if (flag)
      gpg_add(arguments, flag);
    gpg_add(arguments, text);
    text += strcspn(text, blanks);
    if (*text)
      *text++ = '\0';
  }
}

char *gpg_copy_of_variable(const char *name)
{
  const char *value = getenv(name);

  return value && value[0] ? strdup(value) : NULL;
}

/* As pass has it: gpg2 where that is another program. */
static const char *gpg_name(void)
{
  return child_program_exists("gpg2") ? "gpg2" : "gpg";
}

int gpg_exists(void)
{
  return child_program_exists(gpg_name());
}

/* gpg and what all its tasks want.  The user's options come before ours, so that
 * none of them brings questions back.  --quiet, which pass has, would keep gpg from
 * saying why a key could not be used.  Looking for a recipient's key in the network
 * is nothing that a write should wait for. */
void gpg_begin(struct gpg_arguments *arguments, int may_ask)
{
  static const char *const ours[] = {"--yes", "--batch",         "--no-tty", "--status-fd",
                                     "3",     "--pinentry-mode", NULL};

  memset(arguments, 0, sizeof *arguments);
  gpg_add(arguments, gpg_name());
  gpg_add(arguments, "--no-auto-key-locate");
  arguments->options = gpg_copy_of_variable("PASSWORD_STORE_GPG_OPTS");
  if (arguments->options)
    gpg_add_words(arguments, NULL, arguments->options);
  gpg_add_all(arguments, ours);
  gpg_add(arguments, may_ask ? "ask" : "error");
}

void gpg_arguments_free(struct gpg_arguments *arguments)
{
  free(arguments->options);
  free(arguments->recipients);
}

int gpg_become(char **arguments)
{
  static const char *const ours[] = {"--batch", "--no-tty", "--pinentry-mode", "error", NULL};
  struct gpg_arguments all;

  memset(&all, 0, sizeof all);
  gpg_add(&all, gpg_name());
  gpg_add_all(&all, ours);
  gpg_add_all(&all, (const char *const *)arguments);
  if (!all.overflow)
    execvp(all.word[0], (char *const *)(size_t)all.word);
  return 127;
}

/* --- what gpg says -------------------------------------------------------------------- */

/* What follows the word; NULL when the line begins with another one. */
static const char *behind(const char *line, const char *word)
{
  size_t length = strlen(word);

  if (strncmp(line, word, length) != 0 || (line[length] != ' ' && line[length] != '\0'))
    return NULL;
  return line[length] ? line + length + 1 : line + length;
}

static int is_fingerprint(const char *word, size_t length)
{
  return length == FINGERPRINT_SIZE && strspn(word, "0123456789ABCDEF") >= length;
}

/* Is this key, or the primary key that it belongs to, one of those wanted? */
static int is_wanted(const char *wanted, const char *line)
{
  const char *primary = strrchr(line, ' ');

  while (wanted && *wanted) {
    size_t length = strcspn(wanted, " \t\n");

    if (is_fingerprint(wanted, length) &&
        (strncmp(line, wanted, length) == 0 ||
         (primary && strlen(primary + 1) == length && strncmp(primary + 1, wanted, length) == 0)))
      return 1;
    wanted += length + (wanted[length] != '\0');
  }
  return 0;
}

/* Lines of a gpg that has started to work on its input, be there a message in it or not. */
static int tells_of_input(const char *line)
{
  return behind(line, "ENC_TO") || behind(line, "NODATA") || behind(line, "BADARMOR") ||
         behind(line, "BEGIN_DECRYPTION") || behind(line, "DECRYPTION_FAILED");
}

static void hear(void *context, char *line)
{
  struct gpg_status *status = context;
  const char *rest;

  line = strncmp(line, "[GNUPG:] ", 9) == 0 ? line + 9 : line;
  status->has_read |= tells_of_input(line);
  if (behind(line, "DECRYPTION_OKAY"))
    status->is_decrypted = 1;
  else if (behind(line, "END_ENCRYPTION"))
    status->is_encrypted = 1;
  else if (behind(line, "ENC_TO"))
    status->has_recipient = 1;
  else if (behind(line, "DECRYPTION_INFO"))
    status->has_session_key = 1;
  else if (behind(line, "DECRYPTION_FAILED"))
    status->has_failed = 1;
  else if (behind(line, "NO_SECKEY") || behind(line, "ERROR keylist.getkey"))
    status->has_no_key = 1;
  else if ((rest = behind(line, "ERROR pkdecrypt_failed")) != NULL)
    status->error = (unsigned)strtoul(rest, NULL, 10) & GPG_CODE_MASK;
  else if ((rest = behind(line, "PINENTRY_LAUNCHED")) != NULL)
    status->pinentry = (pid_t)strtol(rest, NULL, 10);
  else if ((rest = behind(line, "VALIDSIG")) != NULL)
    status->is_signed |= is_wanted(status->wanted, rest);
  else if ((rest = behind(line, "INV_RECP")) != NULL)
    sscanf(rest, "%u %79s", &status->bad_reason, status->bad_recipient);
}

/* --- a pinentry that nobody answers --------------------------------------------------------- */

/* Does a process with this number belong to a gpg-agent of ours?  The agent may
 * also be on another machine (its socket can be forwarded), and the number then
 * means a stranger here. */
static int is_child_of_agent(pid_t pid)
{
  char path[64], text[512], name[32] = "";
  FILE *file;
  const char *behind_name;
  long parent = 0;

  snprintf(path, sizeof path, "/proc/%ld/stat", (long)pid);
  file = pid > 1 ? fopen(path, "re") : NULL;
  if (file && fgets(text, sizeof text, file) && (behind_name = strrchr(text, ')')) != NULL)
    (void)sscanf(behind_name, ") %*c %ld", &parent);
  if (file)
    fclose(file);
  snprintf(path, sizeof path, "/proc/%ld/comm", parent);
  file = parent > 1 ? fopen(path, "re") : NULL;
  if (file && !fgets(name, sizeof name, file))
    name[0] = '\0';
  if (file)
    fclose(file);
  return strcmp(name, "gpg-agent\n") == 0;
}

static void end_pinentry(pid_t pid)
{
  const struct timespec pause = {0, 10000000};

  if (pid <= 1 || !is_child_of_agent(pid) || kill(pid, SIGTERM) != 0)
    return;
  for (int i = 0; i < 5 && is_child_of_agent(pid); i++)
    nanosleep(&pause, NULL);
  if (is_child_of_agent(pid))
    kill(pid, SIGKILL);
}

/* gpg-agent goes on to ask although nobody waits for the answer any more.  So let gpg
 * live until it has said who asks. */
int gpg_knows_pinentry(void *context)
{
  const struct gpg_status *status = context;

  return status->pinentry > 0 || !status->has_recipient || status->has_session_key;
}

/* --- run it ------------------------------------------------------------------------------------ */

static int fail_start(struct pass *pass, int code)
{
  static const char patience[] =
      "allow more time with --timeout; is gpg-agent well? gpgconf --kill gpg-agent ends it";

  if (code == CREDENCE_E_TIMEOUT)
    return keyring_fail(pass->answer, code, patience, "gpg did not finish in time");
  if (code == CREDENCE_E_SERVICE_LOST)
    return keyring_fail(pass->answer, code, "", "the caller is gone");
  return keyring_fail(pass->answer, CREDENCE_E_FAILED, "", "gpg cannot be started");
}

/* Run gpg to its end, whether it succeeds or not. */
int gpg_run(struct pass *pass, const struct gpg_arguments *arguments, struct child *child,
            struct gpg_status *status)
{
  int r;

  if (!gpg_exists())
    return keyring_fail(pass->answer, CREDENCE_E_NO_KEYRING, "apt install gnupg pass",
                        "gpg is not installed");
  if (arguments->overflow)
    return keyring_fail(pass->answer, CREDENCE_E_TOO_LARGE, "name fewer recipients in .gpg-id",
                        "there are too many recipients or options for gpg");
  child->argv = arguments->word;
  child->on_status = hear;
  child->context = status;
  r = child_run(child, pass->request);
  if (r == CREDENCE_OK)
    return r;
  end_pinentry(status->pinentry);
  if (r == CREDENCE_E_TIMEOUT && status->pinentry > 0)
    return keyring_fail(pass->answer, r, "try again, and answer the question for the passphrase",
                        "nobody gave the passphrase of the key in time");
  return fail_start(pass, r);
}
