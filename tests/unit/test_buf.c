/* SPDX-License-Identifier: BSD-3-Clause */
/* Buffers and arenas.  Breaks when a limit can be passed, when a failed buffer
 * goes on, or when memory that may have held a secret is given back unwiped:
 * the linker sends every free() of the core through watched_free() below. */
#include "testing.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "buf.h"

void __real_free(void *memory);
void __wrap_free(void *memory);

static const unsigned char *watched;
static size_t watched_size;
static size_t skipped;   /* bytes in front that do not matter */
static int seen_wiped;   /* the watched memory came by, all zero */
static int seen_unwiped; /* or not */

void __wrap_free(void *memory)
{
  if (memory != NULL && memory == watched) {
    size_t i = 0;
    while (i < watched_size && watched[skipped + i] == 0)
      i++;
    if (i == watched_size)
      seen_wiped++;
    else
      seen_unwiped++;
    watched = NULL;
  }
  __real_free(memory);
}

static void watch(const void *memory, size_t size)
{
  watched = memory;
  watched_size = size;
  seen_wiped = 0;
  seen_unwiped = 0;
}

static void expect_wiped(void)
{
  assert_int_equal(seen_wiped, 1);
  assert_int_equal(seen_unwiped, 0);
}

static void buf_grows_and_ends_in_nul(void **state)
{
  struct buf buf;
  size_t size = 0;
  (void)state;
  buf_init(&buf, 1000);
  for (int i = 0; i < 100; i++) {
    buf_text(&buf, "abc");
    buf_char(&buf, '-');
    buf_format(&buf, "%d", i % 10);
    assert_int_equal(strlen(buf.data), buf.size);
  }
  assert_int_equal(buf_ok(&buf), 0);
  char *text = buf_take(&buf, &size);
  assert_int_equal(size, 500);
  assert_memory_equal(text, "abc-0abc-1", 10);
  free(text);
  assert_null(buf.data);
}

static void buf_empty_is_a_text(void **state)
{
  struct buf buf;
  (void)state;
  buf_init(&buf, 0);
  char *text = buf_take(&buf, NULL);
  assert_string_equal(text, "");
  free(text);
}

static void buf_limit_is_exact(void **state)
{
  struct buf buf;
  (void)state;
  buf_init(&buf, 5);
  buf_text(&buf, "12345");
  assert_int_equal(buf_ok(&buf), 0);
  assert_string_equal(buf.data, "12345");
  buf_char(&buf, '6');
  assert_int_equal(buf_ok(&buf), CREDENCE_E_TOO_LARGE);
  assert_null(buf.data);
  buf_text(&buf, "1"); /* a failure stays */
  assert_int_equal(buf_ok(&buf), CREDENCE_E_TOO_LARGE);
  assert_null(buf_take(&buf, NULL));
  buf_reset(&buf);
  assert_int_equal(buf_ok(&buf), 0);
  buf_text(&buf, "12345");
  assert_int_equal(buf_ok(&buf), 0);
  buf_reset(&buf);
}

static void buf_sizes_do_not_wrap(void **state)
{
  struct buf buf;
  (void)state;
  buf_init(&buf, 100);
  buf_text(&buf, "12345");
  buf_append(&buf, "x", SIZE_MAX);
  assert_int_equal(buf_ok(&buf), CREDENCE_E_TOO_LARGE);
  buf_reset(&buf);
  buf_text(&buf, "12345");
  buf_append(&buf, "x", SIZE_MAX - 4);
  assert_int_equal(buf_ok(&buf), CREDENCE_E_TOO_LARGE);
  buf_reset(&buf);
}

static void buf_wipes_what_it_gives_back(void **state)
{
  struct buf buf;
  (void)state;
  buf_init(&buf, 4096);
  buf_text(&buf, "a secret");
  watch(buf.data, buf.capacity);
  buf_append(&buf, "................................................................", 64); /* moves */
  expect_wiped();
  watch(buf.data, buf.capacity);
  buf_reset(&buf);
  expect_wiped();
  buf_init(&buf, 16);
  buf_text(&buf, "a secret");
  watch(buf.data, buf.capacity);
  buf_text(&buf, "too much for it"); /* fails */
  expect_wiped();
}

static void arena_pieces(void **state)
{
  struct arena arena;
  (void)state;
  arena_init(&arena);
  for (size_t size = 0; size < 5000; size += 37) {
    char *piece = arena_alloc(&arena, size);
    assert_non_null(piece);
    assert_int_equal((uintptr_t)piece % _Alignof(max_align_t), 0);
    memset(piece, 0x55, size);
  }
  char *copy = arena_copy(&arena, "text", 2);
  assert_string_equal(copy, "te");
  assert_string_equal(arena_copy(&arena, NULL, 0), "");
  assert_null(arena_alloc(&arena, SIZE_MAX));
  assert_null(arena_alloc(&arena, SIZE_MAX - 7));
  assert_null(arena_copy(&arena, "", SIZE_MAX));
  arena_free(&arena);
  assert_null(arena.chunk);
}

static void arena_rewinds_and_wipes(void **state)
{
  struct arena arena;
  (void)state;
  arena_init(&arena);
  char *kept = arena_copy(&arena, "kept", 4);
  struct arena_mark mark = arena_mark(&arena);
  char *dropped = arena_copy(&arena, "dropped", 7);
  arena_rewind(&arena, mark);
  assert_string_equal(kept, "kept");
  for (size_t i = 0; i < 7; i++)
    assert_int_equal(dropped[i], 0); /* still the arena's memory */
  assert_ptr_equal(arena_copy(&arena, "again", 5), dropped);
  arena_free(&arena);
}

static void arena_wipes_whole_chunks(void **state)
{
  struct arena arena;
  (void)state;
  arena_init(&arena);
  char *piece = arena_alloc(&arena, 10000);
  memset(piece, 0x55, 10000);
  /* A chunk begins with a head, which is no secret. */
  const unsigned char *chunk = (const unsigned char *)arena.chunk;
  watch(chunk, 10000);
  skipped = (size_t)((const unsigned char *)piece - chunk);
  arena_free(&arena);
  expect_wiped();
  skipped = 0;
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(buf_grows_and_ends_in_nul),    cmocka_unit_test(buf_empty_is_a_text),
      cmocka_unit_test(buf_limit_is_exact),           cmocka_unit_test(buf_sizes_do_not_wrap),
      cmocka_unit_test(buf_wipes_what_it_gives_back), cmocka_unit_test(arena_pieces),
      cmocka_unit_test(arena_rewinds_and_wipes),      cmocka_unit_test(arena_wipes_whole_chunks),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
