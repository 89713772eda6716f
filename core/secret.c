/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * secret.c - memory for secrets; see secret.h
 *
 * A region is a mapping cut into cells of 64 bytes.  A block is a run of cells;
 * how long the run is stands beside the region, so that an overrun cannot turn
 * a free into something else.  First fit is fast enough: a profile holds a
 * handful of blocks, and they are made when it is unlocked.
 */
#include "config.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "secret.h"

#define CELL 64u
#define REGION_CELLS 512u /* 32 KiB: half of the smallest usual RLIMIT_MEMLOCK */
#define SECRET_MAX (1024u * 1024u)

struct region {
  struct region *next;
  unsigned char *mapping; /* with a guard page at each end */
  size_t mapping_size;
  unsigned char *cells;
  size_t cell_count;
  int locked;
  uint32_t *run; /* per cell: length of the block that starts here; 0 elsewhere */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct region *regions;

static void region_free(struct region *region)
{
  if (region == NULL)
    return;
  if (region->mapping != MAP_FAILED)
    munmap(region->mapping, region->mapping_size);
  free(region->run);
  free(region);
}

static int region_map(struct region *region, size_t page)
{
  size_t inner = (region->cell_count * CELL + page - 1) / page * page;
  region->cell_count = inner / CELL;
  region->mapping_size = inner + 2 * page;
  region->mapping = mmap(NULL, region->mapping_size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (region->mapping == MAP_FAILED)
    return -1;
  region->cells = region->mapping + page;
  if (mprotect(region->cells, inner, PROT_READ | PROT_WRITE) < 0)
    return -1;
  region->locked = mlock(region->cells, inner) == 0;
  (void)madvise(region->cells, inner, MADV_DONTDUMP);
  return 0;
}

static struct region *region_new(size_t cell_count)
{
  long page = sysconf(_SC_PAGESIZE);
  struct region *region = calloc(1, sizeof(*region));
  if (region == NULL || page <= 0) {
    free(region);
    return NULL;
  }
  region->cell_count = cell_count;
  region->mapping = MAP_FAILED;
  if (region_map(region, (size_t)page) < 0)
    goto fail;
  region->run = calloc(region->cell_count, sizeof(*region->run));
  if (region->run == NULL)
    goto fail;
  return region;

fail:
  region_free(region);
  return NULL;
}

/* The first free run of count cells, marked as taken. */
static void *region_take(struct region *region, size_t count)
{
  size_t start = 0;
  for (size_t i = 0; i < region->cell_count;) {
    if (region->run[i] != 0) {
      i += region->run[i];
      start = i;
      continue;
    }
    i++;
    if (i - start == count) {
      region->run[start] = (uint32_t)count;
      return region->cells + start * CELL;
    }
  }
  return NULL;
}

static void *take_from_any(size_t count)
{
  for (struct region *region = regions; region != NULL; region = region->next) {
    void *block = region_take(region, count);
    if (block != NULL)
      return block;
  }
  struct region *region = region_new(count > REGION_CELLS ? count : REGION_CELLS);
  if (region == NULL)
    return NULL;
  region->next = regions;
  regions = region;
  return region_take(region, count);
}

void *secret_alloc(size_t size)
{
  if (size == 0 || size > SECRET_MAX)
    return NULL;
  pthread_mutex_lock(&lock);
  void *block = take_from_any((size + CELL - 1) / CELL);
  pthread_mutex_unlock(&lock);
  return block;
}

static int region_empty(const struct region *region)
{
  for (size_t i = 0; i < region->cell_count; i++)
    if (region->run[i] != 0)
      return 0;
  return 1;
}

/* Regions of the usual size stay for the next block; large ones go back. */
static void release(struct region **link, unsigned char *block)
{
  struct region *region = *link;
  size_t start = (size_t)(block - region->cells) / CELL;
  explicit_bzero(block, region->run[start] * CELL);
  region->run[start] = 0;
  if (region->cell_count > REGION_CELLS && region_empty(region)) {
    *link = region->next;
    region_free(region);
  }
}

void secret_free(void *block)
{
  if (block == NULL)
    return;
  uintptr_t address = (uintptr_t)block;
  pthread_mutex_lock(&lock);
  for (struct region **link = &regions; *link != NULL; link = &(*link)->next) {
    uintptr_t cells = (uintptr_t)(*link)->cells;
    if (address >= cells && address < cells + (*link)->cell_count * CELL) {
      release(link, block);
      break;
    }
  }
  pthread_mutex_unlock(&lock);
}

char *secret_copy(const void *data, size_t size)
{
  if (size >= SECRET_MAX)
    return NULL;
  char *copy = secret_alloc(size + 1);
  if (copy != NULL && size > 0)
    memcpy(copy, data, size);
  return copy;
}

int secret_memory_locked(void)
{
  int locked = 1;
  pthread_mutex_lock(&lock);
  for (const struct region *region = regions; region != NULL; region = region->next)
    locked = locked && region->locked;
  pthread_mutex_unlock(&lock);
  return locked;
}
