/* SPDX-License-Identifier: BSD-3-Clause */
/* keyring.c - what is asked of a keyring, and what its answers mean; see keyring.h */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../keyring/protocol.h"
#include "error.h"
#include "helper-client.h"
#include "keyring.h"
#include "paths.h"
#include "secret.h"
#include "sessionbus.h"

#define PASSPHRASE_TRIES 3
#define UNLOCK_MS 30000u
#define QUIET_MS 2000u /* nobody has to type */

struct keyring {
  credence_context *context;
  char *name;
  char *store;  /* which one is asked; NULL: the usual */
  char *locked; /* how a question for the passphrase calls it */
  enum passphrase_use use;
  char *stored; /* which one was written to; NULL: not said */
  char *wanted[KEYRING_FIELDS_MAX];
  size_t wanted_count;
  int is_quiet;
  struct helper *helper;
};

/* What one call asks.  NULL: the field is left out. */
struct question {
  const char *op;
  const char *profile;
  const char *kind;
  const char *label;
  const char *value;
  const char *expect;
  const char *passphrase;
};

struct answer {
  unsigned char *message; /* secret memory */
  size_t size;
};

const char *keyring_name(const struct keyring *keyring)
{
  return keyring->name;
}

static int check_name(const char *name, credence_error **error)
{
  if (name_is_valid(name))
    return 0;
  return error_set(error, CREDENCE_E_INVALID, "for instance secret-service or file",
                   "this is not the name of a keyring: %.80s", name);
}

int keyring_is_read_only(const char *name)
{
  return strcmp(name, "directory") == 0;
}

void keyring_be_quiet(struct keyring *keyring)
{
  keyring->is_quiet = 1;
}

void keyring_hint(const char *keyring, const char *store, const char *profile, const char *field,
                  char out[KEYRING_HINT_SIZE])
{
  if (keyring != NULL && keyring_is_read_only(keyring))
    snprintf(out, KEYRING_HINT_SIZE, "write it to the file %s/%.64s.%.64s",
             store == NULL ? "$CREDENTIALS_DIRECTORY" : store, profile, field);
  else
    snprintf(out, KEYRING_HINT_SIZE, "store it: credence set %.64s --secret %.64s=-", profile, field);
}

/* "file keyring", "file keyring /srv/team.keyring" */
static char *name_for_questions(const char *name, const char *store)
{
  char *text = NULL;
  if (asprintf(&text, "%s keyring%s%s", name, store == NULL ? "" : " ", store == NULL ? "" : store) < 0)
    return NULL;
  return text;
}

int keyring_open(credence_context *context, const char *name, const char *store, struct keyring **ret_keyring,
                 credence_error **error)
{
  const char *wanted = name == NULL ? KEYRING_USUAL : name;
  int r = check_name(wanted, error);
  if (r == 0 && strcmp(wanted, KEYRING_USUAL) == 0)
    r = session_bus_check(error);
  if (r < 0)
    return r;
  struct keyring *new = calloc(1, sizeof(*new));
  if (new == NULL)
    return error_nomem(error);
  new->context = context;
  new->name = strdup(wanted);
  new->store = store == NULL ? NULL : strdup(store);
  new->locked = name_for_questions(wanted, store);
  if (new->name == NULL || new->locked == NULL || (store != NULL && new->store == NULL))
    r = error_nomem(error);
  else
    r = helper_start(wanted, &new->helper, error);
  if (r < 0) {
    keyring_close(&new);
    return r;
  }
  *ret_keyring = new;
  return 0;
}

void keyring_close(struct keyring **keyring)
{
  if (*keyring == NULL)
    return;
  helper_stop(&(*keyring)->helper);
  for (size_t i = 0; i < (*keyring)->wanted_count; i++)
    free((*keyring)->wanted[i]);
  free((*keyring)->name);
  free((*keyring)->store);
  free((*keyring)->locked);
  free((*keyring)->stored);
  free(*keyring);
  *keyring = NULL;
}

void keyring_forget_store(struct keyring *keyring)
{
  free(keyring->store);
  keyring->store = NULL;
}

int keyring_is_export(struct keyring *keyring, const char *path, credence_error **error)
{
  char *text = NULL;
  if (asprintf(&text, "exported file %s", path) < 0)
    return error_nomem(error);
  free(keyring->locked);
  keyring->locked = text;
  keyring->use = PASSPHRASE_OF_EXPORT;
  return 0;
}

const char *keyring_store(const struct keyring *keyring)
{
  return keyring->stored;
}

int keyring_want(struct keyring *keyring, const char *provider, const char *field, credence_error **error)
{
  if (keyring->wanted_count == KEYRING_FIELDS_MAX)
    return error_set(error, CREDENCE_E_TOO_LARGE, NULL, "the profile has over %u secrets",
                     KEYRING_FIELDS_MAX);
  char **slot = &keyring->wanted[keyring->wanted_count];
  if (asprintf(slot, "%s.%s", provider, field) < 0) {
    *slot = NULL;
    return error_nomem(error);
  }
  keyring->wanted_count++;
  return 0;
}

static void write_optional(struct keyring_writer *writer, char tag, const char *text)
{
  if (text != NULL)
    keyring_write_text(writer, tag, text);
}

static size_t question_size(const struct question *q, const struct keyring *keyring)
{
  const char *const texts[] = {q->op,    q->profile, q->kind,       q->label,
                               q->value, q->expect,  q->passphrase, keyring->store};
  size_t size = 128;
  for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
    size += texts[i] == NULL ? 0 : strlen(texts[i]) + 5;
  for (size_t i = 0; i < keyring->wanted_count; i++)
    size += strlen(keyring->wanted[i]) + 5;
  return size;
}

/* Deriving a key from a passphrase is slow on purpose, and slower on a machine
 * that is busy. */
static unsigned deadline_of(const struct question *q, const struct keyring *keyring)
{
  const credence_context *context = keyring->context;
  unsigned usual = keyring->is_quiet && context->timeout == 0 ? QUIET_MS : context_keyring_timeout(context);
  int derives = strcmp(q->op, "unlock") == 0 && context->timeout == 0;
  return derives && usual < UNLOCK_MS ? UNLOCK_MS : usual;
}

static size_t write_question(const struct question *q, const struct keyring *keyring, void *out, size_t size)
{
  struct keyring_writer writer;
  keyring_write_begin(&writer, out, size);
  keyring_write_text(&writer, KEYRING_OP, q->op);
  write_optional(&writer, KEYRING_PROFILE, q->profile);
  write_optional(&writer, KEYRING_KIND, q->kind);
  write_optional(&writer, KEYRING_LABEL, q->label);
  write_optional(&writer, KEYRING_VALUE, q->value);
  write_optional(&writer, KEYRING_EXPECT, q->expect);
  write_optional(&writer, KEYRING_PASSPHRASE, q->passphrase);
  write_optional(&writer, KEYRING_STORE, keyring->store);
  for (size_t i = 0; i < keyring->wanted_count && strcmp(q->op, "get") == 0; i++)
    keyring_write_text(&writer, KEYRING_FIELD, keyring->wanted[i]);
  keyring_write_number(&writer, KEYRING_DEADLINE, (long)deadline_of(q, keyring));
  keyring_write_text(&writer, KEYRING_PROMPT, keyring->context->prompting && !keyring->is_quiet ? "1" : "0");
  return keyring_write_end(&writer);
}

/* A field as text in memory of malloc's; NULL when absent or out of memory. */
static char *answer_text(const struct answer *answer, char tag)
{
  const unsigned char *data = NULL;
  size_t size = 0;
  if (keyring_read_field(answer->message, answer->size, tag, 0, &data, &size) != 1)
    return NULL;
  return strndup((const char *)data, size);
}

/* A positive number when there is none that makes sense. */
static int answer_status(const struct answer *answer)
{
  char *text = answer_text(answer, KEYRING_STATUS);
  char *end = NULL;
  long number = text == NULL ? -1 : strtol(text, &end, 10);
  int bad = text == NULL || end == text || *end != '\0' || number < 0 || number > 20;
  free(text);
  return bad ? 1 : -(int)number;
}

static int report(const struct keyring *keyring, const struct answer *answer, int status,
                  credence_error **error)
{
  char *message = answer_text(answer, KEYRING_MESSAGE);
  char *remedy = answer_text(answer, KEYRING_REMEDY);
  int r = error_set(error, status, remedy, "keyring %s: %s", keyring->name,
                    message == NULL ? credence_strerror(status) : message);
  free(message);
  free(remedy);
  return r;
}

static int lost(const struct keyring *keyring, int code, unsigned deadline, credence_error **error)
{
  if (code == CREDENCE_E_TIMEOUT)
    return error_set(error, code,
                     "is the keyring waiting for you in a window? --timeout=SECONDS waits longer",
                     "keyring %s: no answer within %u ms", keyring->name, deadline);
  if (code == CREDENCE_E_MALFORMED)
    return error_set(error, CREDENCE_E_SERVICE_LOST, "install the helper again",
                     "keyring %s: its helper answered something that is not the protocol", keyring->name);
  if (code == CREDENCE_E_NOMEM)
    return error_nomem(error);
  return error_set(error, CREDENCE_E_SERVICE_LOST, "try again; if it stays, install the helper again",
                   "keyring %s: its helper died", keyring->name);
}

/* Send, and read the answer.  Reading may be tried once more with a new
 * helper; whether a write took place cannot be known. */
static int exchange(struct keyring *keyring, const struct question *q, struct answer *answer,
                    credence_error **error)
{
  int may_repeat = strcmp(q->op, "get") == 0;
  size_t size = question_size(q, keyring);
  void *request = secret_alloc(size);
  if (request == NULL)
    return error_nomem(error);
  size_t used = write_question(q, keyring, request, size);
  unsigned deadline = deadline_of(q, keyring);
  int r = used == 0
              ? CREDENCE_E_TOO_LARGE
              : helper_call(keyring->helper, request, used, (int)deadline, &answer->message, &answer->size);
  if (r == CREDENCE_E_SERVICE_LOST && may_repeat) {
    helper_stop(&keyring->helper);
    r = helper_start(keyring->name, &keyring->helper, error);
    if (r < 0) {
      secret_free(request);
      return r;
    }
    r = helper_call(keyring->helper, request, used, (int)deadline, &answer->message, &answer->size);
  }
  secret_free(request);
  return r < 0 ? lost(keyring, r, deadline, error) : 0;
}

/* One exchange; the answer's status as the result. */
static int ask(struct keyring *keyring, const struct question *q, struct answer *answer,
               credence_error **error)
{
  int r = exchange(keyring, q, answer, error);
  if (r < 0)
    return r;
  int status = answer_status(answer);
  if (status > 0)
    return lost(keyring, CREDENCE_E_MALFORMED, 0, error);
  return status == 0 ? 0 : report(keyring, answer, status, error);
}

static void answer_clear(struct answer *answer)
{
  secret_free(answer->message);
  answer->message = NULL;
  answer->size = 0;
}

/* Give the keyring its passphrase.  *ret_again: it was typed and is wrong, so
 * asking once more makes sense. */
static int unlock(struct keyring *keyring, enum passphrase_kind kind, int *ret_again, credence_error **error)
{
  struct answer answer = {NULL, 0};
  char *passphrase = NULL;
  int asked = 0;
  const struct passphrase_for what = {keyring->use, keyring->locked};
  int r = context_passphrase(keyring->context, &what, kind, &passphrase, &asked, error);
  if (r < 0)
    return r;
  const struct question q = {.op = "unlock", .passphrase = passphrase};
  r = ask(keyring, &q, &answer, error);
  if (r == 0 && asked)
    context_keep_passphrase(keyring->context, &what, passphrase);
  secret_free(passphrase);
  answer_clear(&answer);
  *ret_again = r == CREDENCE_E_LOCKED && (asked || context_forget_passphrase(keyring->context, &what));
  return r;
}

static int unlock_patiently(struct keyring *keyring, int is_new, credence_error **error)
{
  int again = 1;
  int r = CREDENCE_E_LOCKED;
  int tries = keyring->is_quiet ? 1 : PASSPHRASE_TRIES;
  enum passphrase_kind first = keyring->is_quiet ? PASSPHRASE_KNOWN
                               : is_new          ? PASSPHRASE_NEW
                                                 : PASSPHRASE_USUAL;
  for (int i = 0; i < tries && again; i++) {
    enum passphrase_kind kind = i == 0 || is_new ? first : PASSPHRASE_AGAIN;
    again = 0;
    r = unlock(keyring, kind, &again, error);
  }
  return r;
}

/* Ask; when the keyring wants its passphrase, give that and ask again.  Twice, for
 * a helper that dies once it is unlocked takes the key with it. */
static int ask_and_unlock(struct keyring *keyring, const struct question *q, struct answer *answer,
                          credence_error **error)
{
  int r = ask(keyring, q, answer, error);
  for (int i = 0; i < 2 && r == CREDENCE_E_LOCKED; i++) {
    char *wants = answer_text(answer, KEYRING_WANTS);
    if (wants == NULL)
      return r;
    int is_new = strcmp(wants, "new-passphrase") == 0;
    free(wants);
    answer_clear(answer);
    r = unlock_patiently(keyring, is_new, error);
    if (r < 0)
      return r;
    r = ask(keyring, q, answer, error);
  }
  return r;
}

/* An error that was overcome on the way, as a lock is, is none for the caller. */
static int ask_unlocking(struct keyring *keyring, const struct question *q, struct answer *answer,
                         credence_error **error)
{
  credence_error *why = NULL;
  int r = ask_and_unlock(keyring, q, answer, &why);
  if (r < 0)
    r = error_pass(error, r, &why);
  credence_error_free(&why);
  return r;
}

static int take_value(const struct answer *answer, char **ret_value)
{
  const unsigned char *data = NULL;
  size_t size = 0;
  if (keyring_read_field(answer->message, answer->size, KEYRING_VALUE, 0, &data, &size) != 1)
    return CREDENCE_E_MALFORMED;
  char *value = secret_copy(data, size);
  if (value == NULL)
    return CREDENCE_E_NOMEM;
  *ret_value = value;
  return 0;
}

int keyring_get(struct keyring *keyring, const char *profile, const char *kind, char **ret_value,
                char **ret_revision, credence_error **error)
{
  struct answer answer = {NULL, 0};
  char *value = NULL;
  const struct question q = {.op = "get", .profile = profile, .kind = kind};
  int r = ask_unlocking(keyring, &q, &answer, error);
  char *revision = r == 0 ? answer_text(&answer, KEYRING_REVISION) : NULL;
  if (r == 0) {
    r = revision == NULL ? CREDENCE_E_MALFORMED : take_value(&answer, &value);
    if (r < 0)
      r = lost(keyring, r, 0, error);
  }
  answer_clear(&answer);
  if (r < 0) {
    free(revision);
    return r;
  }
  *ret_value = value;
  *ret_revision = revision;
  return 0;
}

int keyring_put(struct keyring *keyring, const char *profile, const char *kind, const char *label,
                const char *value, const char *expect, credence_error **error)
{
  const struct question q = {
      .op = "put", .profile = profile, .kind = kind, .label = label, .value = value, .expect = expect};
  if (strlen(value) > KEYRING_SECRET_MAX)
    return error_set(error, CREDENCE_E_TOO_LARGE, NULL, "the secrets of a profile are over %u bytes together",
                     KEYRING_SECRET_MAX);
  struct answer answer = {NULL, 0};
  int r = ask_unlocking(keyring, &q, &answer, error);
  if (r == 0) {
    free(keyring->stored);
    keyring->stored = answer_text(&answer, KEYRING_STORE);
  }
  answer_clear(&answer);
  return r;
}

int keyring_delete(struct keyring *keyring, const char *profile, const char *kind, const char *expect,
                   credence_error **error)
{
  const struct question q = {.op = "delete", .profile = profile, .kind = kind, .expect = expect};
  struct answer answer = {NULL, 0};
  int r = ask_unlocking(keyring, &q, &answer, error);
  answer_clear(&answer);
  return r;
}

/* The texts of all fields with this tag, ended by NULL. */
static int take_texts(const struct answer *answer, char tag, char ***ret_texts)
{
  const unsigned char *data = NULL;
  size_t size = 0;
  size_t count = 0;
  while (keyring_read_field(answer->message, answer->size, tag, count, &data, &size) == 1)
    count++;
  char **texts = calloc(count + 1, sizeof(*texts));
  int r = texts == NULL ? CREDENCE_E_NOMEM : 0;
  for (size_t i = 0; r == 0 && i < count; i++) {
    (void)keyring_read_field(answer->message, answer->size, tag, i, &data, &size);
    texts[i] = strndup((const char *)data, size);
    r = texts[i] == NULL ? CREDENCE_E_NOMEM : 0;
  }
  if (r < 0)
    credence_strings_free(&texts);
  else
    *ret_texts = texts;
  return r;
}

int keyring_list(struct keyring *keyring, const char *kind, char ***ret_names, credence_error **error)
{
  const struct question q = {.op = "list", .kind = kind};
  struct answer answer = {NULL, 0};
  int r = ask_unlocking(keyring, &q, &answer, error);
  if (r == 0 && take_texts(&answer, KEYRING_NAME, ret_names) < 0)
    r = error_nomem(error);
  answer_clear(&answer);
  return r;
}

int keyring_probe(struct keyring *keyring, char ***ret_facts, credence_error **error)
{
  const struct question q = {.op = "probe"};
  struct answer answer = {NULL, 0};
  int r = ask(keyring, &q, &answer, error);
  if (r == 0 && take_texts(&answer, KEYRING_FACT, ret_facts) < 0)
    r = error_nomem(error);
  answer_clear(&answer);
  return r;
}
