/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * arena.h - memory that lives as long as a request
 *
 * Pieces are handed out one after the other and never freed alone.  A mark
 * remembers a place; going back to it wipes and gives back all that came
 * after, which is how a request is signed again.
 */
#ifndef CORE_ARENA_H
#define CORE_ARENA_H

#include <stddef.h>

struct arena_chunk {
  struct arena_chunk *previous;
  size_t used;
  size_t size;
  max_align_t data[];
};

struct arena {
  struct arena_chunk *chunk; /* the newest */
};

struct arena_mark {
  struct arena_chunk *chunk;
  size_t used;
};

void arena_init(struct arena *arena);
/* Wipes and frees everything. */
void arena_free(struct arena *arena);
/* Wipes everything, and frees all but one chunk of the usual size. */
void arena_reset(struct arena *arena);
/* What arena_alloc() does when the newest chunk is full. */
void *arena_alloc_chunk(struct arena *arena, size_t size);
/* Aligned for any type, not zeroed; NULL when memory runs out.  Sizes are rounded up, so
 * that what comes next is aligned, too. */
static inline void *arena_alloc(struct arena *arena, size_t size)
{
  const size_t align = _Alignof(max_align_t);
  struct arena_chunk *chunk = arena->chunk;
  if (size > (size_t)-1 / 2)
    return NULL;
  size = (size + align - 1) & ~(align - 1);
  if (chunk == NULL || chunk->size - chunk->used < size)
    return arena_alloc_chunk(arena, size);
  void *piece = (char *)chunk->data + chunk->used;
  chunk->used += size;
  return piece;
}
/* A copy with a NUL byte behind it. */
char *arena_copy(struct arena *arena, const void *data, size_t size);
struct arena_mark arena_mark(const struct arena *arena);
void arena_rewind(struct arena *arena, struct arena_mark mark);

#endif
