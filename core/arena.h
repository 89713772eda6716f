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

struct arena_chunk;

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
/* Aligned for any type, not zeroed; NULL when memory runs out. */
void *arena_alloc(struct arena *arena, size_t size);
/* A copy with a NUL byte behind it. */
char *arena_copy(struct arena *arena, const void *data, size_t size);
struct arena_mark arena_mark(const struct arena *arena);
void arena_rewind(struct arena *arena, struct arena_mark mark);

#endif
