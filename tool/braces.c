/* SPDX-License-Identifier: BSD-3-Clause */
/* Replaces {} and {NAME} in the arguments of a command. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "braces.h"

static const char name_bytes[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";

/* What begins at a brace. */
struct piece {
  const char *name;
  size_t name_size;
  size_t size; /* with its braces; 0 when it is nothing of ours */
};

static struct piece find_piece(const struct braces *braces, const char *text)
{
  size_t depth = text[0] != '{' ? 0 : text[1] == '{' ? 2 : 1;
  struct piece piece = {.name = text + depth, .name_size = strspn(text + depth, name_bytes)};

  if (depth > 0 && strncmp(piece.name + piece.name_size, "}}", depth) == 0 &&
      braces->is_known(braces->userdata, piece.name, piece.name_size))
    piece.size = piece.name_size + 2 * depth;
  return piece;
}

/* Write what text begins with; returns how much of it that was, 0 for a failure. */
static size_t put_next(const struct braces *braces, FILE *stream, const char *text)
{
  struct piece piece = find_piece(braces, text);
  const char *path;

  if (piece.size == 0) {
    putc(*text, stream);
    return 1;
  }
  if (piece.size > piece.name_size + 2) {
    fprintf(stream, "{%.*s}", (int)piece.name_size, piece.name);
    return piece.size;
  }
  path = braces->resolve(braces->userdata, piece.name, piece.name_size);
  if (!path)
    return 0;
  fputs(path, stream);
  return piece.size;
}

char *braces_expand(const struct braces *braces, const char *text)
{
  char *result = NULL;
  size_t size = 0, used = 1;
  FILE *stream = open_memstream(&result, &size);

  if (!stream)
    return NULL;
  for (; *text && used > 0; text += used)
    used = put_next(braces, stream, text);
  if (fclose(stream) == 0 && used > 0)
    return result;
  free(result);
  return NULL;
}
