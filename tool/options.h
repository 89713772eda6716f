/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * options.h - the command line, taken apart
 *
 * Options may stand anywhere among the operands, "--" ends them, and a value
 * follows after "=" or as the next word.  getopt_long is not used because its
 * messages do not name the help and show what they complain about in full.
 */
#ifndef TOOL_OPTIONS_H
#define TOOL_OPTIONS_H

#include <stdint.h>

#include "command.h"

struct given_option {
  const struct option_spec *spec;
  const char *value; /* "" for a switch */
};

struct arguments {
  const struct command *command; /* NULL when none is named */
  const char **operands;
  size_t operand_count;
  size_t operands_before; /* "--"; all, when there was none */
  struct given_option *options;
  size_t option_count;
};

/* Returns an exit code after telling what is wrong; clear in any case. */
int arguments_parse(int argc, char **argv, struct arguments *ret_arguments);
void arguments_clear(struct arguments *arguments);

/* Too few or too many operands?  Returns an exit code. */
int arguments_check_count(const struct arguments *arguments);

/* The value given last, "" for a switch; NULL when the option is not there. */
const char *option_value(const struct arguments *arguments, const char *name);

/* The next value of an option that may be repeated; *index starts at 0. */
const char *option_next(const struct arguments *arguments, const char *name, size_t *index);

/* "12.5" with 3 decimals is 12500.  Further digits are dropped.  False when
 * text is anything but digits with perhaps a fraction, or too large. */
bool parse_decimal(const char *text, unsigned decimals, int64_t *ret_scaled);

#endif
