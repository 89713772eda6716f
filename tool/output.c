/* SPDX-License-Identifier: BSD-3-Clause */
/* Errors, notices, exit codes, and standard output from begin to end. */
#include "config.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "output.h"
#include "text.h"

static char stdout_buffer[64 * 1024];

int exit_code_for(int code)
{
  switch (code) {
  case CREDENCE_OK:
    return EXIT_DONE;
  case CREDENCE_E_INVALID:
    return EXIT_USAGE;
  case CREDENCE_E_NOT_FOUND:
  case CREDENCE_E_NO_SESSION:
    return EXIT_NOT_FOUND;
  case CREDENCE_E_LOCKED:
  case CREDENCE_E_PROMPT_REQUIRED:
  case CREDENCE_E_DISMISSED:
    return EXIT_LOCKED;
  case CREDENCE_E_NO_KEYRING:
  case CREDENCE_E_SERVICE_LOST:
    return EXIT_NO_KEYRING;
  case CREDENCE_E_REFUSED:
  case CREDENCE_E_DENIED:
    return EXIT_REFUSED;
  case CREDENCE_E_REJECTED:
    return EXIT_REJECTED;
  case CREDENCE_E_NETWORK:
  case CREDENCE_E_TIMEOUT:
    return EXIT_NETWORK;
  case CREDENCE_E_CORRUPT:
  case CREDENCE_E_MALFORMED:
  case CREDENCE_E_TOO_LARGE:
    return EXIT_CORRUPT;
  default:
    return EXIT_FAILED;
  }
}

/* Standard output goes first, so that both stay in order on a terminal. */
static void put_line(const char *text, const char *remedy)
{
  fflush(stdout);
  flockfile(stderr);
  fputs("credence: ", stderr);
  put_escaped(stderr, text, strlen(text));
  if (remedy && *remedy) {
    fputs(" (", stderr);
    put_escaped(stderr, remedy, strlen(remedy));
    fputc(')', stderr);
  }
  fputc('\n', stderr);
  fflush(stderr);
  funlockfile(stderr);
}

__attribute__((format(printf, 2, 0))) static void put_formatted(const char *remedy, const char *format,
                                                                va_list arguments)
{
  char *text = NULL;

  if (vasprintf(&text, format, arguments) < 0)
    text = NULL;
  put_line(text ? text : "out of memory", remedy);
  free(text);
}

int complain(int exit_code, const char *remedy, const char *format, ...)
{
  va_list arguments;

  va_start(arguments, format);
  put_formatted(remedy, format, arguments);
  va_end(arguments);
  return exit_code;
}

int usage_error(const struct command *command, const char *format, ...)
{
  char *text = NULL, *remedy = NULL;
  va_list arguments;

  va_start(arguments, format);
  if (vasprintf(&text, format, arguments) < 0)
    text = NULL;
  va_end(arguments);
  if (asprintf(&remedy, "see credence %s%s--help", command ? command->name : "", command ? " " : "") < 0)
    remedy = NULL;
  complain(EXIT_USAGE, remedy, "%s%s%s", command ? command->name : "", command ? ": " : "",
           text ? text : "out of memory");
  free(text);
  free(remedy);
  return EXIT_USAGE;
}

/* What the library says, or the name of the code when it had no memory to say
 * more. */
static const char *library_message(int code, const credence_error *error)
{
  return error ? credence_error_message(error) : credence_strerror(code);
}

int complain_library(int code, credence_error **error)
{
  complain(0, *error ? credence_error_remedy(*error) : NULL, "%s", library_message(code, *error));
  credence_error_free(error);
  return exit_code_for(code);
}

int complain_unreadable(const char *name, int code, credence_error **error)
{
  complain(0, *error ? credence_error_remedy(*error) : NULL, "%s: (unreadable: %s)", name,
           library_message(code, *error));
  credence_error_free(error);
  return EXIT_CORRUPT;
}

int out_of_memory(void)
{
  return complain(EXIT_FAILED, NULL, "out of memory");
}

void notice(const struct session *session, const char *format, ...)
{
  va_list arguments;

  if (session->quiet)
    return;
  va_start(arguments, format);
  put_formatted(NULL, format, arguments);
  va_end(arguments);
}

void output_begin(void)
{
  setvbuf(stdout, stdout_buffer, _IOFBF, sizeof stdout_buffer);
}

/* The file is closed too, since some file systems report a full disk only
 * then. */
int output_end(int exit_code)
{
  bool failed = ferror(stdout) != 0;

  errno = 0;
  if (fclose(stdout) != 0)
    failed = true;
  explicit_bzero(stdout_buffer, sizeof stdout_buffer);
  if (failed)
    complain(EXIT_FAILED, "check where the output goes", "cannot write standard output: %s",
             errno ? strerror(errno) : "write error");
  return failed && exit_code == EXIT_DONE ? EXIT_FAILED : exit_code;
}
