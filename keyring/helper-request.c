/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * helper-request.c - turn a message into a request that a store can trust
 *
 * Every rule about what a caller may say is here, so that all stores accept
 * the same names and values.  A store that keeps items as lines of text, for
 * instance, is destroyed by a value of two lines.
 */
#include "helper.h"

#include "../core/credence.h"

#include <string.h>
#include <time.h>

#define DEADLINE_DEFAULT 2000         /* milliseconds, without a prompt */
#define DEADLINE_DEFAULT_PROMPT 60000 /* the user has to read and type */
#define DEADLINE_MAX 600000
#define PROFILE_MAX 64u
#define LABEL_MAX 256u
#define REVISION_MAX 128u

/* One field of the message while it is parsed. */
struct field {
  char tag;
  size_t max;
  const char **text; /* where in the request it goes */
  size_t size;
};

static int invalid(struct keyring_answer *answer, const char *what)
{
  return keyring_fail(answer, CREDENCE_E_INVALID, "", "keyring request: %s", what);
}

static int64_t now(void)
{
  struct timespec time;

  clock_gettime(CLOCK_MONOTONIC, &time);
  return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

int64_t keyring_time_left(const struct keyring_request *request)
{
  int64_t left = request->deadline - now();

  return left > 0 ? left : 0;
}

/* Find a field without changing the message yet. */
static int find_field(const unsigned char *message, size_t size, struct field *field,
                      struct keyring_answer *answer)
{
  const unsigned char *data = NULL, *second = NULL;
  size_t length = 0;

  if (keyring_read_field(message, size, field->tag, 0, &data, &field->size) <= 0)
    return CREDENCE_OK;
  if (keyring_read_field(message, size, field->tag, 1, &second, &length) != 0)
    return invalid(answer, "a field occurs twice");
  if (field->size > field->max)
    return keyring_fail(answer, CREDENCE_E_TOO_LARGE, "", "keyring request: field '%c' is over %zu bytes",
                        field->tag, field->max);
  if (memchr(data, 0, field->size))
    return invalid(answer, "a field contains a NUL byte");
  *field->text = (const char *)data;
  return CREDENCE_OK;
}

static int is_alphanumeric(char c)
{
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static int valid_name(const char *name)
{
  if (!is_alphanumeric(name[0]))
    return 0;
  for (; *name; name++)
    if (!is_alphanumeric(*name) && !strchr("._-", *name))
      return 0;
  return 1;
}

static int is_line(const char *text)
{
  for (; *text; text++)
    if ((unsigned char)*text < 0x20 || *text == 0x7f)
      return 0;
  return 1;
}

static int is_op(const struct keyring_request *request, const char *op)
{
  return strcmp(request->op, op) == 0;
}

/* No slash: stores may make file names of it. */
static int valid_field(const char *name)
{
  for (const char *at = name; *at; at++)
    if (!is_alphanumeric(*at) && !strchr("._-@", *at))
      return 0;
  return name[0] != '\0' && name[0] != '.';
}

static int check_fields(const struct keyring_request *request, struct keyring_answer *answer)
{
  for (size_t i = 0; i < request->field_count; i++)
    if (!valid_field(request->fields[i]))
      return invalid(answer, "the name of a field is not of letters, digits, '.', '_', '-' and '@'");
  return CREDENCE_OK;
}

static int valid_kind(const char *kind)
{
  return strcmp(kind, "credential") == 0 || strcmp(kind, "session") == 0 || strcmp(kind, "profile") == 0;
}

static int check_item(const struct keyring_request *request, struct keyring_answer *answer)
{
  if (!request->profile || !valid_name(request->profile))
    return invalid(answer, "profile is missing, or not of letters, digits, '.', '_' and '-'");
  if (!request->kind)
    return invalid(answer, "kind is missing");
  if (is_op(request, "put") && (!request->value || request->value_size == 0))
    return invalid(answer, "value is missing");
  return CREDENCE_OK;
}

static int check(struct keyring_request *request, struct keyring_answer *answer)
{
  if (!request->op || !valid_name(request->op))
    return invalid(answer, "operation is missing, or not a name");
  if (request->kind && !valid_kind(request->kind))
    return invalid(answer, "kind is neither credential nor session nor profile");
  if ((request->value && !is_line(request->value)) || (request->label && !is_line(request->label)) ||
      (request->expect && !is_line(request->expect)) || (request->store && !is_line(request->store)))
    return invalid(answer, "value, label, revision or store contains a control character");
  if (request->passphrase && request->passphrase[0] == '\0')
    return keyring_fail(answer, CREDENCE_E_INVALID, "choose a passphrase of at least one character",
                        "the passphrase is empty");
  if (is_op(request, "list") && !request->kind)
    request->kind = "credential";
  if (check_fields(request, answer) != CREDENCE_OK)
    return CREDENCE_E_INVALID;
  if (is_op(request, "get") || is_op(request, "put") || is_op(request, "delete"))
    return check_item(request, answer);
  return CREDENCE_OK;
}

/* Milliseconds as decimal text of at most 9 digits, which fit an int64_t. */
static int parse_deadline(const char *text, int64_t *ret_milliseconds)
{
  int64_t number = 0;

  for (; *text; text++) {
    if (*text < '0' || *text > '9')
      return CREDENCE_E_INVALID;
    number = number * 10 + (*text - '0');
  }
  if (number == 0)
    return CREDENCE_E_INVALID;
  *ret_milliseconds = number < DEADLINE_MAX ? number : DEADLINE_MAX;
  return CREDENCE_OK;
}

static int set_times(struct keyring_request *request, const char *deadline, const char *prompt,
                     struct keyring_answer *answer)
{
  int64_t milliseconds;

  if (prompt && strcmp(prompt, "1") != 0 && strcmp(prompt, "0") != 0)
    return invalid(answer, "prompt is neither 0 nor 1");
  request->prompt = prompt && prompt[0] == '1';
  milliseconds = request->prompt ? DEADLINE_DEFAULT_PROMPT : DEADLINE_DEFAULT;
  if (deadline && parse_deadline(deadline, &milliseconds) != CREDENCE_OK)
    return invalid(answer, "deadline is not a positive number of milliseconds");
  request->deadline = now() + milliseconds;
  return CREDENCE_OK;
}

/* The fields that repeat.  sizes has room for as many as there may be. */
static int find_fields(const unsigned char *message, size_t size, struct keyring_request *request,
                       size_t *sizes, struct keyring_answer *answer)
{
  const unsigned char *data = NULL;
  size_t length = 0;

  for (size_t i = 0; keyring_read_field(message, size, KEYRING_FIELD, i, &data, &length) == 1; i++) {
    if (i == KEYRING_FIELDS_MAX || length > KEYRING_FIELD_MAX)
      return keyring_fail(answer, CREDENCE_E_TOO_LARGE, "",
                          "keyring request: too many fields, or too long ones");
    if (memchr(data, 0, length))
      return invalid(answer, "a field contains a NUL byte");
    request->fields[i] = (const char *)data;
    sizes[i] = length;
    request->field_count = i + 1;
  }
  return CREDENCE_OK;
}

static void end_with_nul(unsigned char *message, const char *text, size_t size)
{
  message[(size_t)((const unsigned char *)text - message) + size] = '\0';
}

int keyring_request_parse(struct keyring_request *request, unsigned char *message, size_t size,
                          struct keyring_answer *answer)
{
  const char *deadline = NULL, *prompt = NULL;
  struct field fields[] = {
      {KEYRING_VALUE, KEYRING_SECRET_MAX, &request->value, 0},
      {KEYRING_OP, 16, &request->op, 0},
      {KEYRING_PROFILE, PROFILE_MAX, &request->profile, 0},
      {KEYRING_KIND, 16, &request->kind, 0},
      {KEYRING_EXPECT, REVISION_MAX, &request->expect, 0},
      {KEYRING_LABEL, LABEL_MAX, &request->label, 0},
      {KEYRING_DEADLINE, 9, &deadline, 0},
      {KEYRING_PROMPT, 1, &prompt, 0},
      {KEYRING_PASSPHRASE, KEYRING_PASSPHRASE_MAX, &request->passphrase, 0},
      {KEYRING_STORE, KEYRING_STORE_MAX, &request->store, 0},
  };
  size_t sizes[KEYRING_FIELDS_MAX];
  const size_t count = sizeof fields / sizeof *fields;
  int r = CREDENCE_OK;

  memset(request, 0, sizeof *request);
  for (size_t i = 0; i < count && r == CREDENCE_OK; i++)
    r = find_field(message, size, &fields[i], answer);
  if (r == CREDENCE_OK)
    r = find_fields(message, size, request, sizes, answer);

  /* Behind a field is the tag of the next, which nobody reads any more, or the
   * spare byte at the end. */
  for (size_t i = 0; i < count && r == CREDENCE_OK; i++)
    if (*fields[i].text)
      end_with_nul(message, *fields[i].text, fields[i].size);
  for (size_t i = 0; i < request->field_count && r == CREDENCE_OK; i++)
    end_with_nul(message, request->fields[i], sizes[i]);

  if (r == CREDENCE_OK) {
    request->value_size = fields[0].size;
    r = set_times(request, deadline, prompt, answer);
  }
  return r == CREDENCE_OK ? check(request, answer) : r;
}
