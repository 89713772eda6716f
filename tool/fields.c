/* SPDX-License-Identifier: BSD-3-Clause */
/* Brings values and secrets from the command line, files and the user into a
 * draft. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fields.h"
#include "output.h"
#include "prompt.h"
#include "safe-buffer.h"

#define ASK_TRIES 3 /* for one field */

static const char secret_remedy[] =
    "--secret FIELD=PATH names a file that holds the secret, - standard input";

/* Is text, up to its "=", the field's name or PROVIDER.NAME? */
static bool names_field(const char *text, const char *provider, const char *name)
{
  size_t size = strcspn(text, "=");
  size_t prefix = strlen(provider);

  if (size > prefix && strncmp(text, provider, prefix) == 0 && text[prefix] == '.') {
    text += prefix + 1;
    size -= prefix + 1;
  }
  return strlen(name) == size && memcmp(text, name, size) == 0;
}

/* Is the field secret?  -1 when there is no such field. */
static int secret_in_manifest(const credence_manifest *manifest, const char *text)
{
  for (size_t i = 0; i < credence_manifest_field_count(manifest); i++)
    if (names_field(text, credence_manifest_name(manifest), credence_manifest_field_name(manifest, i)))
      return (credence_manifest_field_flags(manifest, i) & CREDENCE_FIELD_SECRET) != 0;
  return -1;
}

/* The same; of several of that name one that is secret counts. */
static int secret_in_profile(const credence_profile *profile, const char *text)
{
  const char *provider, *name, *value;
  unsigned flags;
  int secret = -1;

  for (size_t i = 0; credence_profile_field(profile, i, &provider, &name, &value, &flags) == CREDENCE_OK; i++)
    if (secret != 1 && names_field(text, provider, name))
      secret = (flags & CREDENCE_FIELD_SECRET) != 0;
  return secret;
}

/* The key of a client certificate: a secret that every profile may have, unless a
 * provider calls a field of its own so. */
static bool is_client_key(const char *text)
{
  return strncmp(text, "client_key=", strlen("client_key=")) == 0;
}

static const char *other_way(const struct command *command, const char *text)
{
  if (is_client_key(text))
    return ", or give --client-key=PATH";
  return command == &command_add ? ", or leave it out to be asked" : "";
}

static int complain_secret_value(const struct command *command, const char *text, int size)
{
  char *remedy = NULL;

  if (asprintf(&remedy, "give --secret %.*s=- and write it to standard input%s", size, text,
               other_way(command, text)) < 0)
    return out_of_memory();
  complain(EXIT_USAGE, remedy, "%s: %.*s is secret and must not stand on the command line", command->name,
           size, text);
  free(remedy);
  return EXIT_USAGE;
}

static int check_value(const struct command *command, const char *text, size_t number,
                       const struct field_source *source)
{
  int size = (int)strcspn(text, "=");
  int secret;

  if (size == 0 || !text[size])
    return usage_error(command, "operand %zu is not FIELD=VALUE", number);
  secret = source->manifest ? secret_in_manifest(source->manifest, text)
                            : secret_in_profile(source->profile, text);
  if (secret < 0)
    secret = is_client_key(text);
  return secret ? complain_secret_value(command, text, size) : EXIT_DONE;
}

static int check_secrets(const struct arguments *arguments)
{
  const struct command *command = arguments->command;
  const char *text;
  size_t index = 0, from_stdin = 0;

  while ((text = option_next(arguments, "secret", &index))) {
    const char *path = strchr(text, '=');

    if (!path || path == text || !path[1])
      return usage_error(command, "--secret wants FIELD=PATH, or FIELD=- for standard input");
    from_stdin += strcmp(path, "=-") == 0;
  }
  if (from_stdin > 1)
    return usage_error(command,
                       "standard input holds one secret: use --secret FIELD=- once and files otherwise");
  return EXIT_DONE;
}

int fields_check(const struct arguments *arguments, size_t first, const struct field_source *source)
{
  int code = check_secrets(arguments);

  for (size_t i = first; i < arguments->operand_count && code == EXIT_DONE; i++)
    code = check_value(arguments->command, arguments->operands[i], i + 1, source);
  return code;
}

/* FIELD= without a value takes it away. */
static int apply_value(credence_draft *draft, const char *text)
{
  credence_error *error = NULL;
  const char *value = strchr(text, '=') + 1;
  char *field = strndup(text, strcspn(text, "="));
  int code;

  if (!field)
    return out_of_memory();
  code = credence_draft_set_field(draft, field, *value ? value : NULL, &error);
  free(field);
  return code == CREDENCE_OK ? EXIT_DONE : complain_library(code, &error);
}

/* Somebody who names standard input on a terminal is going to type. */
static int type_secret(const struct session *session, const char *field, struct safe_buffer *secret)
{
  int code = prompt_on_terminal(session, CREDENCE_ASK_SECRET, field, secret->data, PROMPT_ANSWER_MAX);

  secret->size = code == CREDENCE_OK ? strlen(secret->data) : 0;
  return code;
}

static int read_file(const char *path, struct safe_buffer *secret)
{
  int code, cause;
  int file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

  if (file < 0)
    return CREDENCE_E_FAILED;
  code = safe_buffer_read(secret, file);
  cause = errno;
  close(file);
  errno = cause;
  return code;
}

/* The path is not shown: it may be the secret itself, given by mistake. */
static int complain_secret(int code, const char *field)
{
  switch (code) {
  case CREDENCE_E_FAILED:
    return complain(EXIT_FAILED, secret_remedy, "cannot read the secret for %s: %s", field, strerror(errno));
  case CREDENCE_E_INVALID:
    return complain(EXIT_USAGE, secret_remedy, "the secret for %s is empty", field);
  case CREDENCE_E_TOO_LARGE:
    return complain(EXIT_CORRUPT, "give the file that holds it and nothing else",
                    "the secret for %s is longer than %u bytes", field, SECRET_MAX);
  case CREDENCE_E_UNSUPPORTED:
    return complain(EXIT_USAGE, "name the file that holds it: --secret client_key=PATH",
                    "%s has more lines than can be typed here", field);
  case CREDENCE_E_NOMEM:
    return out_of_memory();
  default:
    return complain(exit_code_for(code), secret_remedy, "no secret for %s: %s", field,
                    credence_strerror(code));
  }
}

static int apply_secret(const struct session *session, credence_draft *draft, const char *text)
{
  credence_error *error = NULL;
  struct safe_buffer secret = {0};
  const char *path = strchr(text, '=') + 1;
  char *field = strndup(text, strcspn(text, "="));
  /* Room for a newline at the end, and for the byte that is too much. */
  int code = field ? safe_buffer_new(&secret, SECRET_MAX + 3) : CREDENCE_E_NOMEM;

  if (code == CREDENCE_OK) {
    if (strcmp(path, "-") != 0)
      code = read_file(path, &secret);
    else if (isatty(STDIN_FILENO) && is_client_key(text))
      code = CREDENCE_E_UNSUPPORTED;
    else if (isatty(STDIN_FILENO))
      code = type_secret(session, field, &secret);
    else
      code = safe_buffer_read(&secret, STDIN_FILENO);
  }
  if (code != CREDENCE_OK) {
    code = complain_secret(code, field);
    goto out;
  }
  code = credence_draft_set_secret(draft, field, secret.data, secret.size, &error);
  if (code != CREDENCE_OK)
    code = complain_library(code, &error);
out:
  safe_buffer_free(&secret);
  free(field);
  return code;
}

int fields_apply(const struct session *session, const struct arguments *arguments, size_t first,
                 credence_draft *draft)
{
  const char *text;
  size_t index = 0;
  int code = EXIT_DONE;

  for (size_t i = first; i < arguments->operand_count && code == EXIT_DONE; i++)
    code = apply_value(draft, arguments->operands[i]);
  while (code == EXIT_DONE && (text = option_next(arguments, "secret", &index)))
    code = apply_secret(session, draft, text);
  return code;
}

static const char *why_missing(int code)
{
  switch (code) {
  case CREDENCE_E_TOO_LARGE:
    return "the answer is too long";
  case CREDENCE_E_DISMISSED:
    return "nothing was entered";
  default:
    return "there is nobody to ask";
  }
}

static int complain_missing(int code, const char *field, bool is_secret)
{
  char *remedy = NULL;
  int written = is_secret ? asprintf(&remedy, "give --secret %s=PATH, or --secret %s=- for standard input",
                                     field, field)
                          : asprintf(&remedy, "give %s=VALUE", field);

  if (written < 0)
    return out_of_memory();
  complain(0, remedy, "%s is missing: %s", field, why_missing(code));
  free(remedy);
  return exit_code_for(code);
}

/* A window would hide what is typed for a field that is not secret, and that can
 * be given as FIELD=VALUE. */
static int ask_user(const struct session *session, const char *question, bool is_secret,
                    struct safe_buffer *answer)
{
  int code = safe_buffer_new(answer, PROMPT_ANSWER_MAX);

  if (code != CREDENCE_OK)
    return code;
  if (is_secret)
    return prompt(session, CREDENCE_ASK_SECRET, question, answer->data, answer->capacity);
  return prompt_on_terminal(session, CREDENCE_ASK_TEXT, question, answer->data, answer->capacity);
}

/* One question and its answer.  *ret_again: the answer was no value for this
 * field, which has been said. */
static int ask_once(const struct session *session, credence_draft *draft, const char *field,
                    const char *label, bool is_secret, bool *ret_again)
{
  credence_error *error = NULL;
  struct safe_buffer answer = {0};
  int code = ask_user(session, label ? label : field, is_secret, &answer);

  *ret_again = false;
  if (code != CREDENCE_OK) {
    code = complain_missing(code, field, is_secret);
    goto out;
  }
  if (is_secret)
    code = credence_draft_set_secret(draft, field, answer.data, strlen(answer.data), &error);
  else
    code = credence_draft_set_field(draft, field, answer.data, &error);
  *ret_again = code == CREDENCE_E_INVALID;
  if (code != CREDENCE_OK)
    code = complain_library(code, &error);
out:
  safe_buffer_free(&answer);
  return code;
}

/* A slip of the finger costs one answer, not all that came before it. */
static int ask_field(const struct session *session, credence_draft *draft, const char *field,
                     const char *label, bool is_secret)
{
  bool again = true;
  int code = EXIT_FAILED;

  for (int i = 0; i < ASK_TRIES && again; i++)
    code = ask_once(session, draft, field, label, is_secret, &again);
  return code;
}

int fields_ask_missing(const struct session *session, credence_draft *draft)
{
  const char *field, *label = NULL;
  unsigned flags = 0;
  int code = EXIT_DONE;

  while (code == EXIT_DONE && (field = credence_draft_missing(draft, 0, &label, &flags)))
    code = ask_field(session, draft, field, label, (flags & CREDENCE_FIELD_SECRET) != 0);
  return code;
}

static int ask_new_secret(const struct session *session, credence_draft *draft, const char *provider,
                          const char *name)
{
  char *field = NULL, *label = NULL;
  int code = EXIT_FAILED;

  if (asprintf(&field, "%s.%s", provider, name) < 0)
    return out_of_memory();
  if (asprintf(&label, "new %s", name) < 0)
    code = out_of_memory();
  else
    code = ask_field(session, draft, field, label, true);
  free(field);
  free(label);
  return code;
}

int fields_ask_secrets(const struct session *session, credence_draft *draft, const credence_profile *profile)
{
  const unsigned wanted = CREDENCE_FIELD_SECRET | CREDENCE_FIELD_REQUIRED;
  const char *provider, *name, *value;
  unsigned flags;
  int code = EXIT_DONE;

  for (size_t i = 0; code == EXIT_DONE &&
                     credence_profile_field(profile, i, &provider, &name, &value, &flags) == CREDENCE_OK;
       i++)
    if ((flags & wanted) == wanted)
      code = ask_new_secret(session, draft, provider, name);
  return code;
}
