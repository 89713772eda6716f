/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The credence command: global options, help, and the way to a subcommand.
 * Everything it does goes through the public API of the library.
 */
#include "config.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "options.h"
#include "output.h"
#include "prompt.h"

const struct command *const commands[] = {
    &command_providers,
    &command_add,
    &command_list,
    &command_show,
    &command_set,
    &command_rotate,
    &command_remove,
    &command_sign,
    &command_send,
    &command_login,
    &command_logout,
    &command_doctor,
    &command_migrate,
    &command_export,
    &command_import,
    &command_exec,
    NULL,
};

const struct option_spec global_options[] = {
    {"no-prompt", NULL, "never ask anything; fail with exit code 4 instead", 0},
    {"timeout", "SECONDS", "the longest wait for a keyring, a server or a window", 0},
    {"quiet", NULL, "do not tell of success", 0},
    {"version", NULL, "print the version", 'V'},
    {"help", NULL, "print this help", 'h'},
    {0},
};

static void print_options(const struct option_spec *table)
{
  for (; table->name; table++) {
    char text[40], letter[] = "-x, ";

    letter[1] = table->letter;
    snprintf(text, sizeof text, "%s--%s%s%s", table->letter ? letter : "", table->name,
             table->value ? "=" : "", table->value ? table->value : "");
    printf("  %-25s  %s\n", text, table->help);
  }
}

static void print_command_help(const struct command *command)
{
  const char *rest = strstr(command->operands, " -- "); /* behind which no option may stand */
  int size = (int)(rest ? (size_t)(rest - command->operands) : strlen(command->operands));

  printf("usage: credence %s %.*s%s[OPTION]...%s\n\n%s\n", command->name, size, command->operands,
         *command->operands ? " " : "", rest ? rest : "", command->summary);
  if (*command->details)
    printf("\n%s", command->details);
  printf("\noptions:\n");
  print_options(command->options);
  print_options(global_options);
  printf("\nexample:\n  %s\n", command->example);
}

static void print_help(void)
{
  printf("usage: credence COMMAND [OPERAND]... [OPTION]...\n\n"
         "Use APIs that want signed requests without handling the keys.\n\ncommands:\n");
  for (size_t i = 0; commands[i]; i++)
    printf("  %-10s %s\n", commands[i]->name, commands[i]->summary);
  printf("\noptions of every command, anywhere in the line:\n");
  print_options(global_options);
  printf("\ncredence COMMAND --help tells more about one.\n");
}

/* Neither a core dump nor a debugger of the same user gets at secrets. */
static void harden(void)
{
  const struct rlimit none = {0, 0};

  (void)setrlimit(RLIMIT_CORE, &none);
  (void)prctl(PR_SET_DUMPABLE, 0L, 0L, 0L, 0L);
}

/* A closed standard descriptor would be taken by the next file that is opened,
 * and our output go there.  Read-only, so that writing still fails. */
static void fill_standard_descriptors(void)
{
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
    if (fcntl(fd, F_GETFD) < 0)
      (void)open("/dev/null", O_RDONLY);
}

static int set_timeout(struct session *session, const struct arguments *arguments)
{
  const char *text = option_value(arguments, "timeout");
  int64_t milliseconds = 0;

  if (!text)
    return EXIT_DONE;
  if (!parse_decimal(text, 3, &milliseconds) || milliseconds <= 0 || milliseconds > INT_MAX)
    return usage_error(arguments->command, "--timeout wants a number of seconds above 0, such as 5 or 0.5");
  session->timeout = (unsigned)milliseconds;
  credence_context_set_timeout(session->context, session->timeout);
  return EXIT_DONE;
}

static int run_command(const struct arguments *arguments)
{
  struct session session = {
      .may_prompt = !option_value(arguments, "no-prompt"),
      .quiet = option_value(arguments, "quiet") != NULL,
  };
  credence_error *error = NULL;
  int code = credence_context_new(&session.context, &error);

  if (code != CREDENCE_OK)
    return complain_library(code, &error);
  if (session.may_prompt) {
    credence_context_set_prompting(session.context, 1);
    credence_context_set_ask(session.context, prompt_for_library, &session);
  }
  code = set_timeout(&session, arguments);
  if (code == EXIT_DONE)
    code = arguments->command->run(&session, arguments);
  credence_context_free(&session.context);
  return code;
}

static int dispatch(int argc, char **argv)
{
  struct arguments arguments;
  int code = arguments_parse(argc, argv, &arguments);

  if (code != EXIT_DONE)
    goto out;
  if (option_value(&arguments, "help") && arguments.command)
    print_command_help(arguments.command);
  else if (option_value(&arguments, "help"))
    print_help();
  else if (option_value(&arguments, "version"))
    printf("credence %s\n", credence_version());
  else if (!arguments.command)
    code = usage_error(NULL, "no command given");
  else if ((code = arguments_check_count(&arguments)) == EXIT_DONE)
    code = run_command(&arguments);
out:
  arguments_clear(&arguments);
  return code;
}

int main(int argc, char **argv)
{
  harden();
  fill_standard_descriptors();
  output_begin();
  return output_end(dispatch(argc, argv));
}
