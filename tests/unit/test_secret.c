/* SPDX-License-Identifier: BSD-3-Clause */
/* Memory for secrets.  Breaks when a block is not zeroed, not wiped, overlaps
 * another, can be swapped or dumped where the system offers otherwise, or when
 * running over its end does not stop the program. */
#include "testing.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "secret.h"

#define MANY 10000

/* Sanitizers put an mlock() that does nothing in place of the system's. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define MLOCK_IS_FAKE 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define MLOCK_IS_FAKE 1
#endif
#ifndef MLOCK_IS_FAKE
#define MLOCK_IS_FAKE 0
#endif

static int is_zero(const unsigned char *block, size_t size)
{
  for (size_t i = 0; i < size; i++)
    if (block[i] != 0)
      return 0;
  return 1;
}

static void sizes(void **state)
{
  (void)state;
  assert_null(secret_alloc(0));
  assert_null(secret_alloc(1024 * 1024 + 1));
  assert_null(secret_alloc(SIZE_MAX));
  assert_null(secret_copy("", SIZE_MAX));
  secret_free(NULL);
  unsigned char *largest = secret_alloc(1024 * 1024);
  assert_non_null(largest);
  assert_true(is_zero(largest, 1024 * 1024));
  memset(largest, 1, 1024 * 1024);
  secret_free(largest);
  char *copy = secret_copy("secret\0x", 8);
  assert_memory_equal(copy, "secret\0x", 9);
  secret_free(copy);
  copy = secret_copy(NULL, 0);
  assert_string_equal(copy, "");
  secret_free(copy);
}

static void aligned_zeroed_and_wiped(void **state)
{
  (void)state;
  for (size_t size = 1; size < 2000; size += 61) {
    unsigned char *block = secret_alloc(size);
    assert_non_null(block);
    assert_int_equal((uintptr_t)block % _Alignof(max_align_t), 0);
    assert_true(is_zero(block, size));
    memset(block, 0xa5, size);
    secret_free(block);
    /* Regions of the usual size stay mapped, so this can be read. */
    assert_true(is_zero(block, size));
  }
}

static void freeing_twice_harms_nobody(void **state)
{
  (void)state;
  char *first = secret_copy("first", 5);
  char *second = secret_copy("second", 6);
  secret_free(first);
  secret_free(first);
  assert_string_equal(second, "second");
  secret_free(second);
}

static void ten_thousand_blocks(void **state)
{
  unsigned char **blocks = calloc(MANY, sizeof(*blocks));
  (void)state;
  assert_non_null(blocks);
  for (unsigned i = 0; i < MANY; i++) {
    blocks[i] = secret_alloc(1 + i % 100);
    assert_non_null(blocks[i]);
    memset(blocks[i], (int)(1 + i % 255), 1 + i % 100);
  }
  for (unsigned i = 0; i < MANY; i += 2)
    secret_free(blocks[i]);
  for (unsigned i = 1; i < MANY; i += 2) {
    for (unsigned j = 0; j < 1 + i % 100; j++)
      assert_int_equal(blocks[i][j], 1 + i % 255);
    secret_free(blocks[i]);
  }
  free(blocks);
}

/* --- what the system says about the memory --------------------------------- */

struct range {
  unsigned long start, end;
  char mode[8];
  char flags[256]; /* of smaps; "" where the system has none */
};

/* The mapping that holds address; *before and *behind are its neighbours. */
static int find_range(const void *address, struct range *found, struct range *before, struct range *behind)
{
  char line[512];
  struct range last = {0, 0, "", ""};
  struct range at = {0, 0, "", ""};
  int seen = 0;
  FILE *file = fopen("/proc/self/smaps", "r");
  if (file == NULL)
    return 0;
  memset(found, 0, sizeof(*found));
  memset(behind, 0, sizeof(*behind));
  while (fgets(line, sizeof(line), file) != NULL) {
    unsigned long start = 0;
    unsigned long end = 0;
    char mode[8] = "";
    if (sscanf(line, "%lx-%lx %7s", &start, &end, mode) == 3) {
      if (seen == 1) {
        *behind = (struct range){start, end, "", ""};
        memcpy(behind->mode, mode, sizeof(mode));
        seen = 2;
      }
      last = at;
      at = (struct range){start, end, "", ""};
      memcpy(at.mode, mode, sizeof(mode));
      if ((unsigned long)(uintptr_t)address >= start && (unsigned long)(uintptr_t)address < end) {
        *found = at;
        *before = last;
        seen = 1;
      }
    } else if (seen == 1 && strncmp(line, "VmFlags:", 8) == 0) {
      snprintf(found->flags, sizeof(found->flags), "%.250s", line + 8);
    }
  }
  fclose(file);
  return seen == 2;
}

static void locked_and_not_dumped(void **state)
{
  struct range range, before, behind;
  (void)state;
  void *block = secret_alloc(10);
  assert_non_null(block);
  if (find_range(block, &range, &before, &behind) && strstr(range.flags, "rd") != NULL) {
    if (secret_memory_locked() && !MLOCK_IS_FAKE)
      assert_non_null(strstr(range.flags, " lo"));
    assert_non_null(strstr(range.flags, " dd"));
  }
  secret_free(block);
}

static void guarded_on_both_sides(void **state)
{
  struct range range, before, behind;
  (void)state;
  void *block = secret_alloc(10);
  assert_non_null(block);
  assert_true(find_range(block, &range, &before, &behind));
  assert_int_equal(strncmp(range.mode, "rw", 2), 0);
  assert_int_equal(before.end, range.start);
  assert_int_equal(strncmp(before.mode, "---", 3), 0);
  assert_int_equal(behind.start, range.end);
  assert_int_equal(strncmp(behind.mode, "---", 3), 0);
  secret_free(block);
}

/* How a child ends that touches the byte. */
static int touch(volatile unsigned char *byte)
{
  int status = 0;
  pid_t pid = fork();
  if (pid == 0) {
    const struct rlimit none = {0, 0};
    (void)setrlimit(RLIMIT_CORE, &none);
    signal(SIGSEGV, SIG_DFL); /* a sanitizer would print a page about it */
    *byte = 1;
    _exit(0);
  }
  assert_int_equal(waitpid(pid, &status, 0), pid);
  return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void running_over_the_end_stops_the_program(void **state)
{
  long page = sysconf(_SC_PAGESIZE);
  (void)state;
  /* Whole pages, larger than a usual region: the block is all of its region. */
  size_t size = (size_t)page * 64;
  unsigned char *block = secret_alloc(size);
  assert_non_null(block);
  assert_int_equal(touch(block + size - 1), 0);
  assert_int_equal(touch(block + size), SIGSEGV);
  assert_int_equal(touch(block), 0);
  assert_int_equal(touch(block - 1), SIGSEGV);
  secret_free(block);
}

static void says_when_memory_is_not_locked(void **state)
{
  struct rlimit limit;
  (void)state;
  if (MLOCK_IS_FAKE)
    return;
  int status = 0;
  pid_t pid = fork();
  if (pid == 0) {
    /* Even root obeys the limit once it has given up CAP_IPC_LOCK, which changing
     * the user does. */
    limit = (struct rlimit){4096, 4096};
    if (setrlimit(RLIMIT_MEMLOCK, &limit) < 0 || (geteuid() == 0 && setuid(65534) < 0))
      _exit(2);
    void *block = secret_alloc(1024 * 1024);
    _exit(block != NULL && !secret_memory_locked() ? 0 : 1);
  }
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_true(WIFEXITED(status));
  assert_int_not_equal(WEXITSTATUS(status), 1);
}

static void *churn(void *argument)
{
  uint32_t seed = (uint32_t)(uintptr_t)argument;
  unsigned char *mine[16] = {NULL};
  for (int i = 0; i < 2000; i++) {
    size_t at = dice(&seed, 16);
    if (mine[at] != NULL && mine[at][0] != (unsigned char)(uintptr_t)argument)
      return argument;
    secret_free(mine[at]);
    mine[at] = secret_alloc(1 + dice(&seed, 300));
    if (mine[at] == NULL || mine[at][0] != 0)
      return argument;
    mine[at][0] = (unsigned char)(uintptr_t)argument;
  }
  for (size_t i = 0; i < 16; i++)
    secret_free(mine[i]);
  return NULL;
}

static void eight_threads(void **state)
{
  pthread_t threads[8];
  (void)state;
  for (uintptr_t i = 0; i < 8; i++)
    assert_int_equal(pthread_create(&threads[i], NULL, churn, (void *)(i + 1)), 0);
  for (size_t i = 0; i < 8; i++) {
    void *result = NULL;
    assert_int_equal(pthread_join(threads[i], &result), 0);
    assert_null(result);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sizes),
      cmocka_unit_test(aligned_zeroed_and_wiped),
      cmocka_unit_test(freeing_twice_harms_nobody),
      cmocka_unit_test(ten_thousand_blocks),
      cmocka_unit_test(locked_and_not_dumped),
      cmocka_unit_test(guarded_on_both_sides),
      cmocka_unit_test(running_over_the_end_stops_the_program),
      cmocka_unit_test(says_when_memory_is_not_locked),
      cmocka_unit_test(eight_threads),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
