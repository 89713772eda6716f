/* SPDX-License-Identifier: BSD-3-Clause */
/* context.c - how the library may behave in this program; see context.h */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "context.h"
#include "error.h"
#include "files.h"
#include "secret.h"

#define PASSPHRASE_MAX 1025u /* with a NUL: helpers take 1024 */
#define TIMEOUT_MAX 86400000u

static credence_context default_context = {.lock = PTHREAD_MUTEX_INITIALIZER};

credence_context *context_or_default(credence_context *context)
{
  return context == NULL ? &default_context : context;
}

int credence_context_new(credence_context **ret_context, credence_error **error)
{
  credence_context *new = calloc(1, sizeof(*new));
  if (new == NULL || pthread_mutex_init(&new->lock, NULL) != 0) {
    free(new);
    return error_nomem(error);
  }
  *ret_context = new;
  return 0;
}

void credence_context_free(credence_context **context)
{
  if (context == NULL || *context == NULL)
    return;
  secret_free((*context)->passphrase);
  pthread_mutex_destroy(&(*context)->lock);
  free(*context);
  *context = NULL;
}

void credence_context_set_prompting(credence_context *context, int allowed)
{
  if (context != NULL)
    context->prompting = allowed != 0;
}

void credence_context_set_timeout(credence_context *context, unsigned milliseconds)
{
  if (context != NULL)
    context->timeout = milliseconds > TIMEOUT_MAX ? TIMEOUT_MAX : milliseconds;
}

void credence_context_set_ask(credence_context *context, credence_ask_function ask, void *userdata)
{
  if (context == NULL)
    return;
  context->ask = ask;
  context->ask_userdata = userdata;
}

unsigned context_keyring_timeout(const credence_context *context)
{
  if (context->timeout > 0)
    return context->timeout;
  return context->prompting ? 60000 : 2000;
}

unsigned context_network_timeout(const credence_context *context)
{
  return context->timeout > 0 ? context->timeout : 60000;
}

/* Read to the end, without the line end there may be. */
static int read_passphrase(int fd, char *out, size_t size)
{
  ssize_t used = file_read(fd, out, size);
  if (used < 0)
    return CREDENCE_E_FAILED;
  if ((size_t)used == size)
    return CREDENCE_E_TOO_LARGE;
  out[used] = '\0';
  out[strcspn(out, "\r\n")] = '\0';
  return 0;
}

static int from_fd(const char *number, char *out, credence_error **error)
{
  char *end = NULL;
  errno = 0;
  long fd = strtol(number, &end, 10);
  if (errno != 0 || end == number || *end != '\0' || fd < 0 || fd > 1000000)
    return error_set(error, CREDENCE_E_INVALID, "give the number of an open descriptor",
                     "CREDENCE_PASSPHRASE_FD is not a number");
  if (read_passphrase((int)fd, out, PASSPHRASE_MAX) < 0)
    return error_set(error, CREDENCE_E_INVALID,
                     "open it in the shell, for instance 3</run/secrets/passphrase",
                     "the descriptor in CREDENCE_PASSPHRASE_FD cannot be read: %s", strerror(errno));
  return 0;
}

static int from_file(const char *path, char *out, credence_error **error)
{
  struct stat st;
  int r = CREDENCE_E_FAILED;
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0 || fstat(fd, &st) < 0)
    r = error_set(error, CREDENCE_E_INVALID, "set CREDENCE_PASSPHRASE_FILE to a file that can be read",
                  "%s: %s", path, strerror(errno));
  else if (!S_ISREG(st.st_mode) || (st.st_mode & 077) != 0 || (st.st_uid != geteuid() && st.st_uid != 0))
    r = error_set(error, CREDENCE_E_REFUSED, "chmod 600 it, and make it yours",
                  "%s: the passphrase file is not a regular file that only its owner can read", path);
  else if (read_passphrase(fd, out, PASSPHRASE_MAX) < 0)
    r = error_set(error, CREDENCE_E_INVALID, NULL, "%s: the passphrase cannot be read", path);
  else
    r = 0;
  if (fd >= 0)
    close(fd);
  return r;
}

/* 1 when one was read, 0 when the environment names none. */
static int from_environment(char *out, credence_error **error)
{
  const char *fd = secure_getenv("CREDENCE_PASSPHRASE_FD");
  const char *file = secure_getenv("CREDENCE_PASSPHRASE_FILE");
  int r = 0;
  if ((fd == NULL || fd[0] == '\0') && (file == NULL || file[0] == '\0'))
    return 0;
  r = fd != NULL && fd[0] != '\0' ? from_fd(fd, out, error) : from_file(file, out, error);
  if (r == 0 && out[0] == '\0')
    r = error_set(error, CREDENCE_E_INVALID, "give one; nothing is stored without",
                  "the passphrase is empty");
  return r < 0 ? r : 1;
}

/* 1 and a copy when a passphrase came from the environment, now or before. */
static int remembered(credence_context *context, enum passphrase_kind kind, char **ret_passphrase,
                      credence_error **error)
{
  char *text = NULL;
  int r = 1;
  pthread_mutex_lock(&context->lock);
  if (context->passphrase == NULL) {
    text = secret_alloc(PASSPHRASE_MAX);
    r = text == NULL ? error_nomem(error) : from_environment(text, error);
    if (r == 1) {
      context->passphrase = text;
      text = NULL; /* transferred */
    }
  }
  if (r == 1 && context->was_typed && kind == PASSPHRASE_NEW)
    r = 0; /* it is another keyring's */
  if (r == 1) {
    *ret_passphrase = secret_copy(context->passphrase, strlen(context->passphrase));
    if (*ret_passphrase == NULL)
      r = error_nomem(error);
  }
  pthread_mutex_unlock(&context->lock);
  secret_free(text);
  return r;
}

void context_keep_passphrase(credence_context *context, const char *passphrase)
{
  pthread_mutex_lock(&context->lock);
  if (context->passphrase == NULL) {
    context->passphrase = secret_copy(passphrase, strlen(passphrase));
    context->was_typed = 1;
  }
  pthread_mutex_unlock(&context->lock);
}

int context_forget_passphrase(credence_context *context)
{
  pthread_mutex_lock(&context->lock);
  int was_typed = context->was_typed;
  if (was_typed) {
    secret_free(context->passphrase);
    context->passphrase = NULL;
    context->was_typed = 0;
  }
  pthread_mutex_unlock(&context->lock);
  return was_typed;
}

static int ask_once(credence_context *context, const char *question, char *answer, credence_error **error)
{
  memset(answer, 0, PASSPHRASE_MAX);
  int r = context->ask(context->ask_userdata, CREDENCE_ASK_SECRET, question, answer, PASSPHRASE_MAX);
  if (r == 0 && answer[0] == '\0')
    r = CREDENCE_E_DISMISSED;
  if (r == CREDENCE_E_DISMISSED)
    return error_set(error, r, NULL, "no passphrase was given");
  if (r < 0)
    return error_set(error, r, "set CREDENCE_PASSPHRASE_FD or CREDENCE_PASSPHRASE_FILE",
                     "the keyring needs its passphrase and there is nobody to ask");
  return 0;
}

static int ask_user(credence_context *context, const char *keyring, enum passphrase_kind kind, char *answer,
                    credence_error **error)
{
  static const char *const before[] = {"", "", "That is not it.  "};
  static const char *const behind[] = {"", " (new; keep it safe)", ""};
  char question[160];
  snprintf(question, sizeof(question), "%sPassphrase of the %.64s keyring%s", before[kind], keyring,
           behind[kind]);
  int r = ask_once(context, question, answer, error);
  if (r < 0 || kind != PASSPHRASE_NEW)
    return r;
  char *again = secret_alloc(PASSPHRASE_MAX);
  if (again == NULL)
    return error_nomem(error);
  r = ask_once(context, "The same again", again, error);
  if (r == 0 && strcmp(answer, again) != 0)
    r = error_set(error, CREDENCE_E_INVALID, "try again", "the two passphrases differ");
  secret_free(again);
  return r;
}

int context_passphrase(credence_context *context, const char *keyring, enum passphrase_kind kind,
                       char **ret_passphrase, int *ret_asked, credence_error **error)
{
  int r = remembered(context, kind, ret_passphrase, error);
  *ret_asked = 0;
  if (r != 0)
    return r < 0 ? r : 0;
  if (context->ask == NULL || kind == PASSPHRASE_KNOWN)
    return error_set(error, CREDENCE_E_PROMPT_REQUIRED,
                     "set CREDENCE_PASSPHRASE_FD or CREDENCE_PASSPHRASE_FILE, or run it where it can ask",
                     "the %s keyring is locked and its passphrase was not given", keyring);
  char *answer = secret_alloc(PASSPHRASE_MAX);
  if (answer == NULL)
    return error_nomem(error);
  r = ask_user(context, keyring, kind, answer, error);
  if (r < 0) {
    secret_free(answer);
    return r;
  }
  *ret_asked = 1;
  *ret_passphrase = answer;
  return 0;
}
