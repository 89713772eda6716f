/* SPDX-License-Identifier: BSD-3-Clause */
/* arena.c - memory that lives as long as a request; see arena.h */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "arena.h"

#define CHUNK_SIZE 4064u /* with its head and malloc's, within a page */

void arena_init(struct arena *arena)
{
  arena->chunk = NULL;
}

static struct arena_chunk *chunk_new(struct arena *arena, size_t size)
{
  if (size < CHUNK_SIZE)
    size = CHUNK_SIZE;
  struct arena_chunk *chunk = malloc(sizeof(*chunk) + size);
  if (chunk == NULL)
    return NULL;
  chunk->previous = arena->chunk;
  chunk->used = 0;
  chunk->size = size;
  arena->chunk = chunk;
  return chunk;
}

void *arena_alloc_chunk(struct arena *arena, size_t size)
{
  struct arena_chunk *chunk = chunk_new(arena, size);
  if (chunk == NULL)
    return NULL;
  chunk->used = size;
  return chunk->data;
}

char *arena_copy(struct arena *arena, const void *data, size_t size)
{
  if (size == (size_t)-1)
    return NULL;
  char *copy = arena_alloc(arena, size + 1);
  if (copy == NULL)
    return NULL;
  if (size > 0)
    memcpy(copy, data, size);
  copy[size] = '\0';
  return copy;
}

struct arena_mark arena_mark(const struct arena *arena)
{
  struct arena_mark mark = {arena->chunk, arena->chunk == NULL ? 0 : arena->chunk->used};
  return mark;
}

void arena_rewind(struct arena *arena, struct arena_mark mark)
{
  while (arena->chunk != mark.chunk) {
    struct arena_chunk *chunk = arena->chunk;
    arena->chunk = chunk->previous;
    explicit_bzero(chunk->data, chunk->used);
    free(chunk);
  }
  if (arena->chunk != NULL) {
    explicit_bzero((char *)arena->chunk->data + mark.used, arena->chunk->used - mark.used);
    arena->chunk->used = mark.used;
  }
}

void arena_reset(struct arena *arena)
{
  struct arena_chunk *oldest = arena->chunk;
  while (oldest != NULL && oldest->previous != NULL)
    oldest = oldest->previous;
  struct arena_mark start = {oldest, 0};
  if (oldest != NULL && oldest->size > CHUNK_SIZE)
    start.chunk = NULL;
  arena_rewind(arena, start);
}

void arena_free(struct arena *arena)
{
  struct arena_mark start = {NULL, 0};
  arena_rewind(arena, start);
}
