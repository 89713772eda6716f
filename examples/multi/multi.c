/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * multi.c - a host program with an event loop: many profiles at once, in one thread
 *
 *     cc multi.c $(pkg-config --cflags --libs credence libcurl) -o multi
 *     ./multi '/v1/things' lab shop office ...
 *
 * Each profile is a job.  Its flow says what to do next, be it the request, a
 * login before it or one more attempt; libcurl's multi interface does the waiting.
 * A flow step may talk to the keyring, which takes milliseconds.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <credence-curl.h>
#include <credence.h>

struct job {
  const char *name;
  credence_profile *profile;
  credence_request *request;
  credence_flow *flow;
  CURL *curl;                  /* NULL: nothing is on its way */
  credence_response *response; /* what curl writes to */
  long long wake;              /* when to take the next step; 0: when curl is done */
  int is_over;
  int has_failed;
};

static long long now_ms(void)
{
  struct timespec ts;
  clock_gettime(CLOCK_MONOTONIC, &ts);
  return (long long)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void fail(struct job *job, const char *message, const char *remedy)
{
  printf("%s: %s (%s)\n", job->name, message, remedy);
  job->has_failed = job->is_over = 1;
  credence_flow_free(&job->flow); /* it may hold the login's lock, which others wait for */
}

static void fail_with(struct job *job, credence_error **error)
{
  fail(job, credence_error_message(*error), credence_error_remedy(*error));
  credence_error_free(error);
}

static void succeed(struct job *job)
{
  credence_response *response = credence_flow_take_response(job->flow);
  size_t size = 0;
  (void)credence_response_body(response, &size);
  printf("%s: status %d, %zu bytes\n", job->name, credence_response_status(response), size);
  credence_response_free(&response);
  job->is_over = 1;
}

/* A session is shared: once somebody has logged in with the command, which can ask,
 * this program has it too. */
static void tell_question(struct job *job)
{
  char remedy[100];
  unsigned kind = 0;
  const char *question = credence_flow_question(job->flow, 0, &kind);
  snprintf(remedy, sizeof(remedy), "answer it once with credence login %.64s", job->name);
  fail(job, question, remedy);
}

/* The request of the flow must stay as it is while the handle has it, so each has a
 * handle of its own, which ends before the next step. */
static int start_transfer(struct job *job, CURLM *multi, credence_error **error)
{
  int r = credence_response_new(&job->response, error);
  job->curl = curl_easy_init();
  if (r == 0)
    r = credence_curl_apply(job->curl, credence_flow_request(job->flow), error);
  if (r == 0)
    r = credence_curl_receive(job->curl, job->response, error);
  if (r < 0)
    return r;
  curl_easy_setopt(job->curl, CURLOPT_PRIVATE, job);
  curl_easy_setopt(job->curl, CURLOPT_TIMEOUT, 60L);
  curl_easy_setopt(job->curl, CURLOPT_NOSIGNAL, 1L);
  curl_multi_add_handle(multi, job->curl);
  return 0;
}

static void take_step(struct job *job, CURLM *multi)
{
  credence_error *error = NULL;
  int step = CREDENCE_STEP_DONE;
  int r = credence_flow_step(job->flow, &step, &error);
  if (r == 0 && step == CREDENCE_STEP_SEND)
    r = start_transfer(job, multi, &error);
  else if (r == 0 && step == CREDENCE_STEP_WAIT)
    job->wake = now_ms() + credence_flow_delay(job->flow);
  else if (r == 0 && step == CREDENCE_STEP_ASK)
    tell_question(job);
  else if (r == 0)
    succeed(job);
  if (r < 0)
    fail_with(job, &error);
}

/* The answer is there: give it to the flow, which may want something else now. */
static void finish_transfer(struct job *job, CURLM *multi, CURLcode code)
{
  credence_error *error = NULL;
  curl_multi_remove_handle(multi, job->curl);
  curl_easy_cleanup(job->curl);
  job->curl = NULL;
  if (code != CURLE_OK && code != CURLE_WRITE_ERROR)
    fail(job, curl_easy_strerror(code), "is the server reachable from here?");
  else if (credence_flow_respond(job->flow, &job->response, &error) < 0)
    fail_with(job, &error);
  else
    take_step(job, multi);
}

static void start_job(struct job *job, CURLM *multi, const char *target)
{
  credence_error *error = NULL;
  if (credence_profile_open(NULL, job->name, &job->profile, &error) == 0 &&
      credence_request_new(job->profile, "GET", target, &job->request, &error) == 0 &&
      credence_flow_new(job->request, &job->flow, &error) == 0)
    take_step(job, multi);
  else
    fail_with(job, &error);
}

static void free_job(struct job *job)
{
  curl_easy_cleanup(job->curl);
  credence_response_free(&job->response);
  credence_flow_free(&job->flow);
  credence_request_free(&job->request);
  credence_profile_free(&job->profile);
}

/* Take the steps that are due.  Returns milliseconds until the next is; -1 when all
 * jobs are over. */
static int wake_jobs(struct job *jobs, int count, CURLM *multi)
{
  int pause = -1;
  for (int i = 0; i < count; i++) {
    struct job *job = &jobs[i];
    if (job->wake != 0 && job->wake <= now_ms()) {
      job->wake = 0;
      take_step(job, multi);
    }
    int left = job->wake == 0 ? 1000 : (int)(job->wake - now_ms());
    if (!job->is_over && (pause < 0 || left < pause))
      pause = left < 0 ? 0 : left;
  }
  return pause;
}

static void run(struct job *jobs, int count, CURLM *multi)
{
  int pause;
  while ((pause = wake_jobs(jobs, count, multi)) >= 0) {
    int running = 0;
    int left = 0;
    const CURLMsg *message;
    curl_multi_poll(multi, NULL, 0, pause, NULL);
    curl_multi_perform(multi, &running);
    while ((message = curl_multi_info_read(multi, &left)) != NULL) {
      struct job *job = NULL;
      CURLcode code = message->data.result; /* the message ends with the handle */
      curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &job);
      finish_transfer(job, multi, code);
    }
  }
}

int main(int argc, char **argv)
{
  int count = argc - 2;
  int failed = 0;
  if (count < 1) {
    fputs("usage: multi TARGET PROFILE...\n", stderr);
    return 2;
  }
  curl_global_init(CURL_GLOBAL_DEFAULT);
  struct job *jobs = calloc((size_t)count, sizeof(*jobs));
  CURLM *multi = curl_multi_init();
  if (jobs == NULL || multi == NULL)
    return 1;
  for (int i = 0; i < count; i++) {
    jobs[i].name = argv[2 + i];
    start_job(&jobs[i], multi, argv[1]);
  }
  run(jobs, count, multi);
  for (int i = 0; i < count; i++) {
    failed |= jobs[i].has_failed;
    free_job(&jobs[i]);
  }
  curl_multi_cleanup(multi);
  free(jobs);
  curl_global_cleanup();
  return failed;
}
