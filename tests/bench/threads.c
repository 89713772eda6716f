/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * threads.c - signatures per second on many threads at once
 *
 * Each thread makes its own request, or its own contexts of OpenSSL, and uses them
 * until it is told to stop.  OpenSSL alone is measured too: where the threads count
 * references to the same digest, they get in each other's way there already.  The
 * CPU time of a signature shows that also where other programs take the cores.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench.h"

#define THREADS_MAX 4
#define THREAD_ROUNDS 11
#define SLICE_MS 30

static const unsigned thread_counts[] = {1, 2, 4};
#define COUNTS (sizeof(thread_counts) / sizeof(thread_counts[0]))

/* How a thread makes what it works on, and works on it. */
struct work {
  const char *name;
  void *(*begin)(const struct subject *subject);
  void (*run)(void *own);
  void (*end)(void *own);
  double rates[COUNTS][THREAD_ROUNDS];
  double cpu_ns[COUNTS][THREAD_ROUNDS]; /* of one */
};

struct crew {
  const struct subject *subject;
  const struct work *work;
  pthread_barrier_t together;
  atomic_int stop;
};

struct worker {
  struct crew *crew;
  pthread_t thread;
  double done;
  double cpu_ns; /* of all of them */
};

/* --- what is done -------------------------------------------------------------------- */

static struct subject *subject_on(const struct kind *kind, credence_profile *profile)
{
  struct subject *own = calloc(1, sizeof(*own));
  if (own == NULL)
    die("out of memory", NULL);
  own->kind = kind;
  own->profile = profile;
  own->request = request_of(kind, profile);
  subject_sign(own);
  return own;
}

static void *begin_shared(const struct subject *from)
{
  return subject_on(from->kind, from->profile);
}

static void end_shared(void *data)
{
  struct subject *own = data;
  own->profile = NULL; /* not ours */
  subject_close(own);
  free(own);
}

static void *begin_apart(const struct subject *from)
{
  return subject_on(from->kind, profile_of(from->kind));
}

static void end_apart(void *own)
{
  subject_close(own);
  free(own);
}

static void *begin_floor(const struct subject *from)
{
  return floor_new(from);
}

static void end_floor(void *own)
{
  floor_free(own);
}

/* --- threads -------------------------------------------------------------------------- */

static double thread_ns(void)
{
  struct timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static void *worker_main(void *data)
{
  struct worker *worker = data;
  struct crew *crew = worker->crew;
  unsigned long done = 0;
  void *own = crew->work->begin(crew->subject);
  pthread_barrier_wait(&crew->together);
  double from = thread_ns();
  for (; !atomic_load_explicit(&crew->stop, memory_order_relaxed); done++)
    crew->work->run(own);
  worker->cpu_ns = thread_ns() - from;
  worker->done = (double)done;
  crew->work->end(own);
  return NULL;
}

static void start(struct crew *crew, struct worker *workers, unsigned count)
{
  pthread_barrier_init(&crew->together, NULL, count + 1);
  for (unsigned i = 0; i < count; i++) {
    workers[i].crew = crew;
    if (pthread_create(&workers[i].thread, NULL, worker_main, &workers[i]) != 0)
      die("no thread can be started", NULL);
  }
  pthread_barrier_wait(&crew->together);
}

/* One slice of time with so many threads. */
static void run_round(const struct subject *subject, struct work *work, size_t index, size_t round)
{
  const struct timespec slice = {0, SLICE_MS * 1000000L};
  unsigned count = thread_counts[index];
  struct crew crew = {.subject = subject, .work = work};
  struct worker workers[THREADS_MAX];
  double done = 0;
  double cpu_ns = 0;
  start(&crew, workers, count);
  double from = now_ns();
  nanosleep(&slice, NULL);
  atomic_store(&crew.stop, 1);
  double seconds = (now_ns() - from) / 1e9;
  for (unsigned i = 0; i < count; i++) {
    pthread_join(workers[i].thread, NULL);
    done += workers[i].done;
    cpu_ns += workers[i].cpu_ns;
  }
  pthread_barrier_destroy(&crew.together);
  work->rates[index][round] = done / seconds;
  work->cpu_ns[index][round] = cpu_ns / done;
}

/* --- the table ------------------------------------------------------------------------- */

static double times_one(double figures[COUNTS][THREAD_ROUNDS], size_t index)
{
  double ratios[THREAD_ROUNDS];
  for (size_t round = 0; round < THREAD_ROUNDS; round++)
    ratios[round] = figures[index][round] / figures[0][round];
  return median(ratios, THREAD_ROUNDS);
}

static void put_numbered(json_object *row, const char *name, unsigned number, double value)
{
  char key[32];
  snprintf(key, sizeof(key), "%s_%u", name, number);
  put_number(row, key, value);
}

static json_object *show(const struct subject *subject, struct work *work)
{
  char name[80];
  json_object *row = json_object_new_object();
  snprintf(name, sizeof(name), "%s, %s", subject->kind->name, work->name);
  json_object_object_add(row, "name", json_object_new_string(name));
  printf("%-39s", name);
  for (size_t i = 0; i < COUNTS; i++) {
    double per_second = median(work->rates[i], THREAD_ROUNDS);
    put_numbered(row, "per_second", thread_counts[i], per_second);
    put_numbered(row, "ratio", thread_counts[i], times_one(work->rates, i));
    put_numbered(row, "cpu_ns", thread_counts[i], median(work->cpu_ns[i], THREAD_ROUNDS));
    printf(" %9.0f", per_second);
    if (i > 0)
      printf(" %5.2f", times_one(work->rates, i));
  }
  printf(" %9.2f\n", times_one(work->cpu_ns, 1));
  return row;
}

static void bench_kind(const char *name, json_object *rows)
{
  struct work works[] = {
      {.name = "one profile", .begin = begin_shared, .run = subject_sign, .end = end_shared},
      {.name = "all of it", .begin = begin_shared, .run = subject_all, .end = end_shared},
      {.name = "a profile each", .begin = begin_apart, .run = subject_sign, .end = end_apart},
      {.name = "HMAC alone", .begin = begin_floor, .run = floor_mac, .end = end_floor},
  };
  const size_t count = sizeof(works) / sizeof(works[0]);
  struct subject subject;
  if (!subject_open(&subject, kind_find(name)))
    return;
  for (size_t round = 0; round < THREAD_ROUNDS; round++)
    for (size_t w = 0; w < count; w++)
      for (size_t i = 0; i < COUNTS; i++)
        run_round(&subject, &works[w], i, round);
  for (size_t w = 0; w < count; w++)
    json_object_array_add(rows, show(&subject, &works[w]));
  subject_close(&subject);
}

void bench_threads(json_object *report)
{
  json_object *rows = json_object_new_array();
  printf("\nSignatures per second on many threads, and how many times those of one; %d cores\n",
         core_count());
  printf("%-39s %9s %9s %5s %9s %5s %9s\n", "", "1 thread", "2 threads", "", "4 threads", "", "CPU 2 / 1");
  bench_kind("6connect", rows);
  bench_kind("aws-sigv4, get-vanilla", rows);
  json_object_object_add(report, "threads", rows);
}
