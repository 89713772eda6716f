/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * output.h - what the command says, and the exit code that goes with it
 *
 * Errors are one line, "credence: what: why (what to do)", with control
 * characters escaped, so that neither a server nor a file can write to the
 * terminal of the user.
 */
#ifndef TOOL_OUTPUT_H
#define TOOL_OUTPUT_H

#include "command.h"

/* Scripts rely on these numbers. */
enum exit_code {
  EXIT_DONE = 0,
  EXIT_FAILED = 1,
  EXIT_USAGE = 2,
  EXIT_NOT_FOUND = 3,
  EXIT_LOCKED = 4,
  EXIT_NO_KEYRING = 5,
  EXIT_REFUSED = 6,
  EXIT_REJECTED = 7,
  EXIT_NETWORK = 8,
  EXIT_CORRUPT = 9
};

/* The exit code for a CREDENCE_E_* code. */
int exit_code_for(int code);

/* Tell an error.  remedy may be NULL.  Returns exit_code. */
int complain(int exit_code, const char *remedy, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* A command line that makes no sense: names the help of command, or the
 * general one for NULL. */
int usage_error(const struct command *command, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Tell an error of the library and free it; it may be NULL. */
int complain_library(int code, credence_error **error);

/* The same for one entry of a listing that goes on without it. */
int complain_unreadable(const char *name, int code, credence_error **error);

int out_of_memory(void);

/* Tell of a success, unless --quiet. */
void notice(const struct session *session, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Output may hold a bearer token, so its buffer is ours and wiped at the end.
 * output_end() reports what could not be written and returns the exit code. */
void output_begin(void);
int output_end(int exit_code);

#endif
