/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * braces.h - {} and {NAME} in the arguments of a command
 *
 * "{}" stands for a path, as with find and xargs, also inside a longer argument;
 * {NAME} does where NAME is known.  Doubled, "{{}}" and "{{NAME}}", they are written
 * as they stand here, with one brace on each side.  All other braces are nobody's
 * business but the command's.
 *
 * Nothing here prints or knows profiles, so that it can be tested apart.
 */
#ifndef TOOL_BRACES_H
#define TOOL_BRACES_H

#include <stdbool.h>
#include <stddef.h>

/* Where the names in braces come from. */
struct braces {
  void *userdata;
  /* Does name stand for something?  It is size bytes, 0 for "{}". */
  bool (*is_known)(void *userdata, const char *name, size_t size);
  /* What it stands for; NULL when that failed, and the whole expansion with it. */
  const char *(*resolve)(void *userdata, const char *name, size_t size);
};

/* A copy of text with all of them replaced, to be freed.  NULL when resolve failed, or
 * without memory. */
char *braces_expand(const struct braces *braces, const char *text);

#endif
