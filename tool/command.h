/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * command.h - what a subcommand is
 *
 * Each subcommand describes itself in one table entry: its usage, its options
 * and the function that runs it.  Parsing and help are made from the entry, so
 * that they cannot disagree.
 */
#ifndef TOOL_COMMAND_H
#define TOOL_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#include "credence.h"

/* What the global options ask for. */
struct session {
  credence_context *context;
  unsigned timeout; /* in milliseconds; 0 for the usual ones */
  bool may_prompt;
  bool quiet;
};

/* Tables of options end with an entry whose name is NULL. */
struct option_spec {
  const char *name;  /* without the dashes */
  const char *value; /* what the help calls the value; NULL for a switch */
  const char *help;
  char letter; /* of the short form; 0 when there is none */
};

struct arguments;

struct command {
  const char *name;
  const char *operands; /* as the usage line shows them */
  const char *summary;
  const char *details; /* what the operands mean: whole lines, or "" */
  const char *example;
  size_t least_operands;
  size_t most_operands;
  const struct option_spec *options;
  int (*run)(const struct session *session, const struct arguments *arguments); /* returns the exit code */
};

extern const struct option_spec global_options[];

/* Ended by NULL. */
extern const struct command *const commands[];

extern const struct command command_providers;
extern const struct command command_add;
extern const struct command command_list;
extern const struct command command_show;
extern const struct command command_set;
extern const struct command command_rotate;
extern const struct command command_remove;
extern const struct command command_sign;
extern const struct command command_send;
extern const struct command command_login;
extern const struct command command_logout;
extern const struct command command_doctor;
extern const struct command command_exec;
extern const struct command command_migrate;
extern const struct command command_export;
extern const struct command command_import;

#endif
