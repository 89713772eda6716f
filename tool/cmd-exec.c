/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * credence exec: run a command that can only be given a key.
 *
 * The secret goes through a descriptor that the command inherits, or by the user's
 * wish through its environment; never through arguments, which every user can read.
 * This program becomes the command, so that there is nobody in between who would
 * have to pass on signals and exit codes, or whom a debugger could ask.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "braces.h"
#include "options.h"
#include "output.h"
#include "variables.h"

/* As shells have it. */
enum { EXIT_CANNOT_RUN = 126, EXIT_NO_COMMAND = 127 };

/* Descriptors of a secret each. */
#define HANDED_MAX 64u

struct handed {
  const char *name; /* as in the braces; not terminated */
  size_t size;
  int descriptor;
  char path[32];
};

struct run {
  const struct arguments *arguments;
  credence_profile *profile;
  struct handed handed[HANDED_MAX];
  size_t handed_count;
  struct variables variables;
  bool reveals; /* is a secret among what the command gets? */
  char **argv;
  int code; /* of the exit, once something was told to be wrong */
};

/* --- fields ----------------------------------------------------------------------- */

struct found {
  size_t count; /* fields of that name */
  bool is_secret;
  const char *value;
};

/* Look for "NAME" or "PROVIDER.NAME", or count all secrets for the name "". */
static struct found find_field(const credence_profile *profile, const char *text, size_t size)
{
  const char *provider, *name, *value;
  struct found found = {0};
  unsigned flags;

  for (size_t i = 0; credence_profile_field(profile, i, &provider, &name, &value, &flags) == CREDENCE_OK;
       i++) {
    bool is_secret = (flags & CREDENCE_FIELD_SECRET) != 0;
    size_t prefix = strlen(provider);
    size_t skip =
        size > prefix && strncmp(text, provider, prefix) == 0 && text[prefix] == '.' ? prefix + 1 : 0;

    if (size == 0 ? !is_secret : strlen(name) != size - skip || memcmp(name, text + skip, size - skip) != 0)
      continue;
    found = (struct found){found.count + 1, is_secret, value};
  }
  /* The profile's own, which is not listed. */
  if (found.count == 0 && size == strlen("client_key") && memcmp(text, "client_key", size) == 0)
    found = (struct found){1, true, NULL};
  return found;
}

/* The profile's secrets, as they would be written; to be freed. */
static char *list_secrets(const credence_profile *profile)
{
  const char *provider, *name, *value;
  char *text = NULL;
  size_t size = 0;
  unsigned flags;
  FILE *stream = open_memstream(&text, &size);

  if (!stream)
    return NULL;
  for (size_t i = 0; credence_profile_field(profile, i, &provider, &name, &value, &flags) == CREDENCE_OK; i++)
    if (flags & CREDENCE_FIELD_SECRET)
      fprintf(stream, "%s{%s}", ftell(stream) > 0 ? " or " : "", name);
  if (fclose(stream) == 0)
    return text;
  free(text);
  return NULL;
}

/* --- descriptors ------------------------------------------------------------------- */

/* Open a secret; -1 after telling why not. */
static int open_secret(struct run *run, const char *name, size_t size)
{
  credence_error *error = NULL;
  int descriptor = -1, code;
  char *field = strndup(name, size);

  if (!field) {
    run->code = out_of_memory();
    return -1;
  }
  code = credence_profile_secret_fd(run->profile, field, &descriptor, &error);
  free(field);
  if (code == CREDENCE_OK)
    run->reveals = true;
  else
    run->code = complain_library(code, &error);
  return descriptor;
}

static bool is_known(void *userdata, const char *name, size_t size)
{
  const struct run *run = userdata;

  return size == 0 || find_field(run->profile, name, size).is_secret;
}

/* Which secret is "{}"? */
static const char *meant_by_default(struct run *run)
{
  const char *field = option_value(run->arguments, "field");
  const char *provider, *name, *value;
  unsigned flags;
  char *names;

  if (field)
    return field;
  if (find_field(run->profile, "", 0).count > 1) {
    names = list_secrets(run->profile);
    run->code =
        usage_error(run->arguments->command, "the profile has several secrets: say %s, or --field=FIELD",
                    names ? names : "which");
    free(names);
    return NULL;
  }
  for (size_t i = 0; credence_profile_field(run->profile, i, &provider, &name, &value, &flags) == CREDENCE_OK;
       i++)
    if (flags & CREDENCE_FIELD_SECRET)
      return name;
  run->code = complain(EXIT_NOT_FOUND, "there is nothing to hand over", "profile %s has no secret",
                       credence_profile_name(run->profile));
  return NULL;
}

/* The path of a secret, which is opened once however often it is named. */
static const char *path_of(void *userdata, const char *name, size_t size)
{
  struct run *run = userdata;
  struct handed *handed = &run->handed[run->handed_count];

  if (size == 0) {
    name = meant_by_default(run);
    if (!name)
      return NULL;
    size = strlen(name);
  }
  for (size_t i = 0; i < run->handed_count; i++)
    if (run->handed[i].size == size && memcmp(run->handed[i].name, name, size) == 0)
      return run->handed[i].path;
  if (run->handed_count == HANDED_MAX) {
    run->code = usage_error(run->arguments->command, "more than %u secrets", HANDED_MAX);
    return NULL;
  }
  *handed = (struct handed){.name = name, .size = size, .descriptor = open_secret(run, name, size)};
  if (handed->descriptor < 0)
    return NULL;
  snprintf(handed->path, sizeof handed->path, "/dev/fd/%d", handed->descriptor);
  run->handed_count++;
  return handed->path;
}

/* --- arguments and environment ----------------------------------------------------- */

/* The command itself stays as it is written. */
static int make_arguments(struct run *run)
{
  const char *const *words = run->arguments->operands + 1;
  const struct braces braces = {run, is_known, path_of};
  size_t count = run->arguments->operand_count - 1;

  run->argv = calloc(count + 1, sizeof *run->argv);
  if (!run->argv)
    return out_of_memory();
  for (size_t i = 0; i < count; i++) {
    run->argv[i] = i == 0 ? strdup(words[i]) : braces_expand(&braces, words[i]);
    if (!run->argv[i])
      return run->code != EXIT_DONE ? run->code : out_of_memory();
  }
  return EXIT_DONE;
}

static int complain_value(int code, const char *name, int size, const char *field)
{
  if (code == CREDENCE_OK)
    return EXIT_DONE;
  if (code == CREDENCE_E_INVALID)
    return complain(EXIT_USAGE, "hand it over as a file, with {} or {FIELD} in the arguments",
                    "--env %.*s: %s has a NUL byte, which no variable can hold", size, name, field);
  return code == CREDENCE_E_NOMEM
             ? out_of_memory()
             : complain(EXIT_FAILED, NULL, "--env %.*s: cannot be read: %s", size, name, strerror(errno));
}

static int set_secret(struct run *run, const char *name, size_t size, const char *field)
{
  int descriptor = open_secret(run, field, strlen(field));
  int code;

  if (descriptor < 0)
    return run->code;
  code = variables_set_from(&run->variables, name, size, descriptor);
  close(descriptor);
  return complain_value(code, name, (int)size, field);
}

static int set_variable(struct run *run, const char *text)
{
  size_t size = strcspn(text, "=");
  const char *field = text + size + 1; /* it was checked that there is one */
  const char *profile = credence_profile_name(run->profile);
  struct found found = find_field(run->profile, field, strlen(field));

  if (found.count == 0)
    return complain(EXIT_NOT_FOUND, "credence show tells which there are", "profile %s has no field %.80s",
                    profile, field);
  if (found.count > 1)
    return usage_error(run->arguments->command,
                       "more than one provider has a field %.80s: write PROVIDER.FIELD", field);
  if (found.is_secret)
    return set_secret(run, text, size, field);
  if (!found.value)
    return complain(EXIT_NOT_FOUND, "give it one with credence set", "profile %s has no value for %.80s",
                    profile, field);
  return complain_value(variables_set_text(&run->variables, text, size, found.value), text, (int)size, field);
}

static int make_environment(struct run *run)
{
  const char *text;
  size_t index = 0;
  int code = EXIT_DONE;

  if (variables_init(&run->variables, run->arguments->option_count) != CREDENCE_OK)
    return out_of_memory();
  while (code == EXIT_DONE && (text = option_next(run->arguments, "env", &index)))
    code = set_variable(run, text);
  return code;
}

/* --- running ------------------------------------------------------------------------- */

/* A descriptor that a passphrase came through is not for others. */
static void keep_passphrases(void)
{
  for (size_t i = 0; passphrase_variables[i]; i++) {
    const char *text = getenv(passphrase_variables[i]);
    int64_t number;

    if (text && parse_decimal(text, 0, &number) && number > STDERR_FILENO && number < INT32_MAX)
      (void)fcntl((int)number, F_SETFD, FD_CLOEXEC);
  }
}

/* Returns only when that failed. */
static int become(struct run *run)
{
  keep_passphrases();
  for (size_t i = 0; i < run->handed_count; i++)
    (void)fcntl(run->handed[i].descriptor, F_SETFD, 0);
  execvpe(run->argv[0], run->argv, run->variables.environment);
  return complain(errno == ENOENT ? EXIT_NO_COMMAND : EXIT_CANNOT_RUN,
                  errno == ENOENT ? "is it installed, and in the PATH?" : NULL, "exec: cannot run %.200s: %s",
                  run->argv[0], strerror(errno));
}

/* All that is wrong without opening a keyring. */
static int check_words(const struct arguments *arguments)
{
  const char *text;
  size_t index = 0;

  if (arguments->operands_before != 1)
    return usage_error(arguments->command, "write one profile, then --, then the command");
  while ((text = option_next(arguments, "env", &index))) {
    size_t size = strcspn(text, "=");

    if (!text[size] || !text[size + 1])
      return usage_error(arguments->command, "--env wants NAME=FIELD");
    if (!variable_name_is_valid(text, size))
      return usage_error(arguments->command, "--env cannot set a variable %.*s", (int)(size > 40 ? 40 : size),
                         text);
  }
  return EXIT_DONE;
}

/* What was asked for is there; does it make sense? */
static int check_use(const struct run *run)
{
  const struct command *command = run->arguments->command;

  if (option_value(run->arguments, "field") && run->handed_count == 0)
    return usage_error(command, "--field says what {} is, and there is no {} in the arguments");
  if (!run->reveals)
    return usage_error(command, "no secret is used: put {} in the arguments, or give --env NAME=FIELD");
  return EXIT_DONE;
}

static void clear(struct run *run)
{
  for (size_t i = 0; i < run->handed_count; i++)
    close(run->handed[i].descriptor);
  for (size_t i = 0; run->argv && run->argv[i]; i++)
    free(run->argv[i]);
  free(run->argv);
  variables_clear(&run->variables);
  credence_profile_free(&run->profile);
}

static int run_exec(const struct session *session, const struct arguments *arguments)
{
  struct run run = {.arguments = arguments};
  credence_error *error = NULL;
  int code = check_words(arguments);

  if (code != EXIT_DONE)
    return code;
  code = credence_profile_open(session->context, arguments->operands[0], &run.profile, &error);
  if (code != CREDENCE_OK)
    return complain_library(code, &error);
  code = make_arguments(&run);
  if (code == EXIT_DONE)
    code = make_environment(&run);
  if (code == EXIT_DONE)
    code = check_use(&run);
  if (code == EXIT_DONE)
    code = become(&run);
  clear(&run);
  return code;
}

static const struct option_spec exec_options[] = {
    {"field", "FIELD", "the secret that {} stands for, when there are several", 0},
    {"env", "NAME=FIELD", "put a field into the environment of the command; repeats", 0},
    {0},
};

const struct command command_exec = {
    .name = "exec",
    .operands = "PROFILE -- COMMAND [ARGUMENT]...",
    .summary = "run a command that needs the secret itself",
    .details = "In the arguments, {} becomes the path of a file in memory that holds the secret,\n"
               "and {FIELD} that of the secret FIELD; {{}} is written as {}.\n"
               "The profile must allow it: allow = exec in its file, which credence show names.\n"
               "The command can then send the secret anywhere.  Prefer sign and send.\n",
    .example = "credence exec lab -- vendor-tool --key-file={} list",
    .least_operands = 2,
    .most_operands = SIZE_MAX,
    .options = exec_options,
    .run = run_exec,
};
