/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * variables.h - the environment of a command that is given secrets in it
 *
 * The variables that are set here are in protected memory and in the new
 * environment alone, never in that of this program or of a keyring helper.
 */
#ifndef TOOL_VARIABLES_H
#define TOOL_VARIABLES_H

#include <stdbool.h>
#include <stddef.h>

#include "safe-buffer.h"

struct variables {
  char **environment; /* ended by NULL; to run the command with */
  size_t count;
  struct safe_buffer *values; /* "NAME=VALUE" */
  size_t value_count;
};

/* Those that name a descriptor of ours, which a passphrase came through; ended by NULL. */
extern const char *const passphrase_variables[];

/* May a variable of this name be set?  One that says which code runs, or where files
 * are, may not: a secret is none of that. */
bool variable_name_is_valid(const char *name, size_t size);

/* Begin with the environment of this program, and room for so many values more.  What
 * tells of our own descriptors is left out.  0 or a CREDENCE_E_* code. */
int variables_init(struct variables *ret_variables, size_t room);
void variables_clear(struct variables *variables);

/* Set a variable to all that can be read from descriptor, or to text.  INVALID when
 * that has a NUL byte, FAILED when it cannot be read. */
int variables_set_from(struct variables *variables, const char *name, size_t name_size, int descriptor);
int variables_set_text(struct variables *variables, const char *name, size_t name_size, const char *text);

#endif
