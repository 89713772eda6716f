/* SPDX-License-Identifier: BSD-3-Clause */
/* measure.c - time, allocations and memory; see bench.h */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"

#define SLICE_NS 3e6

static _Thread_local unsigned long allocations;

/* Count the allocations of this thread, OpenSSL's too: our malloc() is seen by the
 * libraries.  glibc alone has the functions behind it. */
#define SEEN __attribute__((visibility("default")))
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *block, size_t size);

SEEN void *malloc(size_t size)
{
  allocations++;
  return __libc_malloc(size);
}

SEEN void *calloc(size_t count, size_t size)
{
  allocations++;
  return __libc_calloc(count, size);
}

SEEN void *realloc(void *block, size_t size)
{
  allocations++;
  return __libc_realloc(block, size);
}

void die(const char *what, const credence_error *error)
{
  fprintf(stderr, "bench: %s: %s\n", what, credence_error_message(error));
  exit(1);
}

double now_ns(void)
{
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static double run(const struct part *part, unsigned count)
{
  double from = now_ns();
  for (unsigned i = 0; i < count; i++)
    part->function(part->subject);
  return (now_ns() - from) / count;
}

/* How many calls fill a slice.  The first calls are for warming up. */
static unsigned calls_per_slice(const struct part *part)
{
  (void)run(part, 100);
  double calls = SLICE_NS / run(part, 100);
  return calls < 10 ? 10 : (unsigned)calls;
}

void measure(struct part *parts, size_t count)
{
  unsigned calls[16];
  if (count > sizeof(calls) / sizeof(calls[0]))
    die("too many parts", NULL);
  for (size_t i = 0; i < count; i++)
    calls[i] = calls_per_slice(&parts[i]);
  for (size_t round = 0; round < ROUNDS; round++)
    for (size_t i = 0; i < count; i++)
      parts[i].ns[round] = run(&parts[i], calls[i]);
}

static int compare(const void *a, const void *b)
{
  double x = *(const double *)a;
  double y = *(const double *)b;
  return (x > y) - (x < y);
}

double median(const double *values, size_t count)
{
  double sorted[ROUNDS];
  memcpy(sorted, values, count * sizeof(*values));
  qsort(sorted, count, sizeof(*sorted), compare);
  return sorted[count / 2];
}

double part_ns(const struct part *part)
{
  return median(part->ns, ROUNDS);
}

double part_ratio(const struct part *a, const struct part *b)
{
  double ratios[ROUNDS];
  for (size_t i = 0; i < ROUNDS; i++)
    ratios[i] = a->ns[i] / b->ns[i];
  return median(ratios, ROUNDS);
}

double part_difference_ns(const struct part *a, const struct part *b)
{
  double differences[ROUNDS];
  for (size_t i = 0; i < ROUNDS; i++)
    differences[i] = a->ns[i] - b->ns[i];
  return median(differences, ROUNDS);
}

double part_allocations(const struct part *part)
{
  unsigned long before = allocations;
  (void)run(part, 1000);
  return (double)(allocations - before) / 1000;
}

/* Second figure of /proc/self/statm, in pages. */
long resident_bytes(void)
{
  char line[128] = "";
  FILE *file = fopen("/proc/self/statm", "r");
  if (file == NULL || fgets(line, sizeof(line), file) == NULL)
    die("/proc/self/statm cannot be read", NULL);
  fclose(file);
  const char *second = strchr(line, ' ');
  return second == NULL ? 0 : strtol(second, NULL, 10) * sysconf(_SC_PAGESIZE);
}

int core_count(void)
{
  return (int)sysconf(_SC_NPROCESSORS_ONLN);
}

void put_number(json_object *object, const char *name, double value)
{
  char text[64];
  snprintf(text, sizeof(text), "%.2f", value);
  json_object_object_add(object, name, json_object_new_double_s(value, text));
}
