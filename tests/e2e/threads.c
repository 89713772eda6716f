/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * threads.c - many threads that use a profile which logs in
 *
 * usage: threads WORK PROFILE COUNT
 *
 *   send    each sends a request with one profile object that all share
 *   apart   each sends with a profile object of its own
 *   renew   all sign with one object, again and again, while another thread logs in
 *           ten times
 *
 * Prints how many threads did well, and the error of one that did not.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "credence.h"

#define RENEWALS 10

struct work {
  const char *name;
  credence_profile *shared; /* NULL: each opens its own */
  int (*each)(credence_profile *profile, credence_error **error);
  pthread_barrier_t together;
  pthread_mutex_t lock; /* guards what follows */
  int good;
  char message[512];
};

static atomic_int renewed;

static int send_one(credence_profile *profile, credence_error **error)
{
  credence_request *request = NULL;
  credence_response *response = NULL;
  int r = credence_request_new(profile, "GET", "/x", &request, error);
  if (r == 0)
    r = credence_request_send(request, &response, error);
  if (r == 0 && credence_response_status(response) != 200)
    r = -1;
  credence_response_free(&response);
  credence_request_free(&request);
  return r;
}

/* Is the token whole? */
static int check_signed(const credence_request *request)
{
  const char *name = NULL;
  const char *value = NULL;
  if (credence_request_header(request, 0, &name, &value) < 0 || strncmp(value, "Bearer token-", 13) != 0 ||
      strcmp(value + strlen(value) - 11, "-0123456789") != 0)
    return -1;
  return 0;
}

static int sign_often(credence_profile *profile, credence_error **error)
{
  int64_t when = 0;
  int r = 0;
  while (r == 0 && !atomic_load(&renewed)) {
    credence_request *request = NULL;
    r = credence_request_new(profile, "GET", "/{account}", &request, error);
    if (r == 0)
      r = credence_request_sign(request, error);
    if (r == 0)
      r = check_signed(request);
    if (r == 0 && credence_profile_session(profile, &when) != CREDENCE_SESSION_HELD)
      r = -1;
    credence_request_free(&request);
  }
  return r;
}

static void *run(void *argument)
{
  struct work *work = argument;
  credence_profile *own = NULL;
  credence_error *error = NULL;
  int r = work->shared == NULL ? credence_profile_open(NULL, work->name, &own, &error) : 0;
  (void)pthread_barrier_wait(&work->together);
  if (r == 0)
    r = work->each(own == NULL ? work->shared : own, &error);
  credence_profile_free(&own);
  pthread_mutex_lock(&work->lock);
  if (r == 0)
    work->good++;
  else
    snprintf(work->message, sizeof(work->message), "%d %s (%s)", r, credence_error_message(error),
             credence_error_remedy(error));
  pthread_mutex_unlock(&work->lock);
  credence_error_free(&error);
  return NULL;
}

static int renew(credence_profile *profile)
{
  credence_error *error = NULL;
  int r = 0;
  for (int i = 0; r == 0 && i < RENEWALS; i++)
    r = credence_profile_login(profile, &error);
  if (r < 0)
    printf("cannot renew: %s\n", credence_error_message(error));
  credence_error_free(&error);
  atomic_store(&renewed, 1);
  return r;
}

static int run_all(struct work *work, int count)
{
  pthread_t *threads = calloc((size_t)count, sizeof(*threads));
  int r = 0;
  if (threads == NULL)
    return -1;
  (void)pthread_barrier_init(&work->together, NULL, (unsigned)count);
  (void)pthread_mutex_init(&work->lock, NULL);
  for (int i = 0; i < count; i++)
    if (pthread_create(&threads[i], NULL, run, work) != 0)
      exit(3);
  if (work->each == sign_often)
    r = renew(work->shared);
  for (int i = 0; i < count; i++)
    (void)pthread_join(threads[i], NULL);
  (void)pthread_barrier_destroy(&work->together);
  (void)pthread_mutex_destroy(&work->lock);
  free(threads);
  return r;
}

int main(int argc, char **argv)
{
  struct work work = {.each = send_one};
  if (argc != 4)
    return 2;
  work.name = argv[2];
  if (strcmp(argv[1], "renew") == 0)
    work.each = sign_often;
  if (strcmp(argv[1], "apart") != 0 && credence_profile_open(NULL, argv[2], &work.shared, NULL) < 0)
    return 1;
  int count = (int)strtol(argv[3], NULL, 10);
  int r = run_all(&work, count);
  printf("%d %s\n", work.good, work.message);
  credence_profile_free(&work.shared);
  return r < 0 || work.good != count;
}
