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

struct typed_passphrase {
  struct typed_passphrase *next;
  char *text; /* secret memory */
  char name[];
};

/* The variables, without "_FD" and "_FILE". */
static const char *const variables[PASSPHRASE_USES] = {"CREDENCE_PASSPHRASE", "CREDENCE_EXPORT_PASSPHRASE"};

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

/* Takes the first of a list out of it. */
static void drop_typed(struct typed_passphrase **list)
{
  struct typed_passphrase *first = *list;
  *list = first->next;
  secret_free(first->text);
  free(first);
}

void credence_context_free(credence_context **context)
{
  if (context == NULL || *context == NULL)
    return;
  for (size_t i = 0; i < PASSPHRASE_USES; i++)
    secret_free((*context)->given[i]);
  while ((*context)->typed != NULL)
    drop_typed(&(*context)->typed);
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

static int from_fd(const char *variable, const char *number, char *out, credence_error **error)
{
  char *end = NULL;
  errno = 0;
  long fd = strtol(number, &end, 10);
  /* strtol() also takes spaces and signs, which nobody else reads as a number. */
  if (errno != 0 || number[0] < '0' || number[0] > '9' || *end != '\0' || fd > 1000000)
    return error_set(error, CREDENCE_E_INVALID, "give the number of an open descriptor", "%s is not a number",
                     variable);
  if (read_passphrase((int)fd, out, PASSPHRASE_MAX) < 0)
    return error_set(error, CREDENCE_E_INVALID,
                     "open it in the shell, for instance 3</run/secrets/passphrase",
                     "the descriptor in %s cannot be read: %s", variable, strerror(errno));
  return 0;
}

static int from_file(const char *variable, const char *path, char *out, credence_error **error)
{
  char remedy[96];
  struct stat st;
  int r = CREDENCE_E_FAILED;
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  snprintf(remedy, sizeof(remedy), "set %s to a file that can be read", variable);
  if (fd < 0 || fstat(fd, &st) < 0)
    r = error_set(error, CREDENCE_E_INVALID, remedy, "%s: %s", path, strerror(errno));
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

/* One of the variables of this use, or NULL when it says nothing; its name goes to out. */
#define VARIABLE_SIZE 40u
static const char *variable(enum passphrase_use use, const char *suffix, char out[VARIABLE_SIZE])
{
  snprintf(out, VARIABLE_SIZE, "%s%s", variables[use], suffix);
  const char *value = secure_getenv(out);
  return value == NULL || value[0] == '\0' ? NULL : value;
}

/* 1 when one was read, 0 when the environment names none. */
static int from_environment(enum passphrase_use use, char *out, credence_error **error)
{
  char fd_name[VARIABLE_SIZE];
  char file_name[VARIABLE_SIZE];
  const char *fd = variable(use, "_FD", fd_name);
  const char *file = variable(use, "_FILE", file_name);
  int r = 0;
  if (fd == NULL && file == NULL)
    return 0;
  r = fd != NULL ? from_fd(fd_name, fd, out, error) : from_file(file_name, file, out, error);
  if (r == 0 && out[0] == '\0')
    r = error_set(error, CREDENCE_E_INVALID, "give one; nothing is stored without",
                  "the passphrase is empty");
  return r < 0 ? r : 1;
}

static int copy_of(const char *text, char **ret_passphrase, credence_error **error)
{
  char *copy = secret_copy(text, strlen(text));
  if (copy == NULL)
    return error_nomem(error);
  *ret_passphrase = copy;
  return 1;
}

/* 1 and a copy when the environment gives one, now or before. */
static int given(credence_context *context, enum passphrase_use use, char **ret_passphrase,
                 credence_error **error)
{
  if (context->given[use] == NULL) {
    char *text = secret_alloc(PASSPHRASE_MAX);
    int r = text == NULL ? error_nomem(error) : from_environment(use, text, error);
    if (r != 1) {
      secret_free(text);
      return r;
    }
    context->given[use] = text; /* transferred */
  }
  return copy_of(context->given[use], ret_passphrase, error);
}

/* The link that points to what was typed for this; to NULL when nothing was. */
static struct typed_passphrase **find_typed(credence_context *context, const struct passphrase_for *what)
{
  struct typed_passphrase **link = &context->typed;
  while (*link != NULL && strcmp((*link)->name, what->name) != 0)
    link = &(*link)->next;
  return link;
}

/* 1 and a copy when nobody has to be asked.  What the user keeps and what goes elsewhere
 * may have the same passphrase: then the environment names it once. */
static int remembered(credence_context *context, const struct passphrase_for *what, enum passphrase_kind kind,
                      char **ret_passphrase, credence_error **error)
{
  pthread_mutex_lock(&context->lock);
  int r = given(context, what->use, ret_passphrase, error);
  if (r == 0 && what->use != PASSPHRASE_OF_KEYRING)
    r = given(context, PASSPHRASE_OF_KEYRING, ret_passphrase, error);
  struct typed_passphrase *typed = *find_typed(context, what);
  if (r == 0 && typed != NULL && kind != PASSPHRASE_NEW)
    r = copy_of(typed->text, ret_passphrase, error);
  pthread_mutex_unlock(&context->lock);
  return r;
}

void context_keep_passphrase(credence_context *context, const struct passphrase_for *what,
                             const char *passphrase)
{
  size_t size = strlen(what->name) + 1;
  struct typed_passphrase *new = malloc(sizeof(*new) + size);
  char *text = secret_copy(passphrase, strlen(passphrase));
  if (new == NULL || text == NULL) { /* then it is asked for again */
    free(new);
    secret_free(text);
    return;
  }
  memcpy(new->name, what->name, size);
  new->text = text;
  pthread_mutex_lock(&context->lock);
  struct typed_passphrase **link = find_typed(context, what);
  if (*link != NULL)
    drop_typed(link);
  new->next = context->typed;
  context->typed = new;
  pthread_mutex_unlock(&context->lock);
}

int context_forget_passphrase(credence_context *context, const struct passphrase_for *what)
{
  pthread_mutex_lock(&context->lock);
  struct typed_passphrase **link = find_typed(context, what);
  int was_typed = *link != NULL;
  if (was_typed)
    drop_typed(link);
  pthread_mutex_unlock(&context->lock);
  return was_typed;
}

static int fail_unasked(int code, const struct passphrase_for *what, credence_error **error)
{
  char remedy[160];
  snprintf(remedy, sizeof(remedy), "set %s_FD or %s_FILE, or run it where it can ask", variables[what->use],
           variables[what->use]);
  return error_set(error, code, remedy,
                   "the %s is locked, its passphrase was not given and there is nobody to ask", what->name);
}

static int ask_once(credence_context *context, const struct passphrase_for *what, const char *question,
                    char *answer, credence_error **error)
{
  memset(answer, 0, PASSPHRASE_MAX);
  int r = context->ask(context->ask_userdata, CREDENCE_ASK_SECRET, question, answer, PASSPHRASE_MAX);
  if (r == 0 && answer[0] == '\0')
    r = CREDENCE_E_DISMISSED;
  if (r == CREDENCE_E_DISMISSED)
    return error_set(error, r, NULL, "no passphrase was given");
  if (r < 0)
    return fail_unasked(r, what, error);
  return 0;
}

static int ask_user(credence_context *context, const struct passphrase_for *what, enum passphrase_kind kind,
                    char *answer, credence_error **error)
{
  static const char *const before[] = {"", "", "That is not it.  "};
  static const char *const behind[] = {"", " (new; keep it safe)", ""};
  char *question = NULL;
  if (asprintf(&question, "%sPassphrase of the %s%s", before[kind], what->name, behind[kind]) < 0)
    return error_nomem(error);
  int r = ask_once(context, what, question, answer, error);
  free(question);
  if (r < 0 || kind != PASSPHRASE_NEW)
    return r;
  char *again = secret_alloc(PASSPHRASE_MAX);
  if (again == NULL)
    return error_nomem(error);
  r = ask_once(context, what, "The same again", again, error);
  if (r == 0 && strcmp(answer, again) != 0)
    r = error_set(error, CREDENCE_E_INVALID, "try again", "the two passphrases differ");
  secret_free(again);
  return r;
}

int context_passphrase(credence_context *context, const struct passphrase_for *what,
                       enum passphrase_kind kind, char **ret_passphrase, int *ret_asked,
                       credence_error **error)
{
  int r = remembered(context, what, kind, ret_passphrase, error);
  *ret_asked = 0;
  if (r != 0)
    return r < 0 ? r : 0;
  if (context->ask == NULL || kind == PASSPHRASE_KNOWN)
    return fail_unasked(CREDENCE_E_PROMPT_REQUIRED, what, error);
  char *answer = secret_alloc(PASSPHRASE_MAX);
  if (answer == NULL)
    return error_nomem(error);
  r = ask_user(context, what, kind, answer, error);
  if (r < 0) {
    secret_free(answer);
    return r;
  }
  *ret_asked = 1;
  *ret_passphrase = answer;
  return 0;
}
