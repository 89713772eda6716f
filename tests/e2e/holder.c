/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * holder.c - a program around the library, for tests to look into
 *
 * It signs with the profile that it is given, then does what it is told on its
 * standard input, a word a line: "free" gives everything back, "abort" ends with
 * a core dump where the system makes them, "quit" ends.  After each step it tells
 * on standard output and waits, so that its memory can be read.
 *
 * Around the signing it looks at itself: what the library must leave alone is
 * compared, and a thread waits for any child all the time.
 */
#include <errno.h>
#include <locale.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "credence.h"

extern char **environ;

static atomic_int child_signals;
static atomic_int done;
static atomic_int strange_child;
static char *decoy;

static void on_child(int number)
{
  (void)number;
  atomic_fetch_add(&child_signals, 1);
}

/* What a host must find as it was. */
struct surroundings {
  struct sigaction actions[32];
  sigset_t mask;
  char *environment[256];
  char locale[256];
  char folder[4096];
  mode_t umask;
};

static void look_around(struct surroundings *s)
{
  memset(s, 0, sizeof(*s));
  for (int i = 1; i < 32; i++)
    (void)sigaction(i, NULL, &s->actions[i]);
  (void)pthread_sigmask(SIG_SETMASK, NULL, &s->mask);
  for (size_t i = 0; i < 255 && environ[i] != NULL; i++)
    s->environment[i] = environ[i];
  snprintf(s->locale, sizeof(s->locale), "%s", setlocale(LC_ALL, NULL));
  if (getcwd(s->folder, sizeof(s->folder)) == NULL)
    s->folder[0] = '\0';
  s->umask = umask(0);
  (void)umask(s->umask);
}

/* The first thing that differs, or NULL. */
static const char *difference(const struct surroundings *a, const struct surroundings *b)
{
  for (int i = 1; i < 32; i++)
    if (a->actions[i].sa_handler != b->actions[i].sa_handler ||
        a->actions[i].sa_flags != b->actions[i].sa_flags)
      return "a signal's disposition";
  for (int i = 1; i < 32; i++)
    if (sigismember(&a->mask, i) != sigismember(&b->mask, i))
      return "the signal mask";
  if (memcmp(a->environment, b->environment, sizeof(a->environment)) != 0)
    return "the environment";
  if (strcmp(a->locale, b->locale) != 0)
    return "the locale";
  if (strcmp(a->folder, b->folder) != 0)
    return "the working directory";
  return a->umask != b->umask ? "the umask" : NULL;
}

/* The host has a child of its own; nobody but that one may ever turn up. */
static void *wait_for_anybody(void *argument)
{
  const pid_t *own = argument;
  const struct timespec pause = {0, 200000};
  while (!atomic_load(&done)) {
    pid_t pid = waitpid(-1, NULL, WNOHANG);
    if (pid > 0 && pid != *own)
      atomic_store(&strange_child, 1);
    (void)nanosleep(&pause, NULL);
  }
  return NULL;
}

static pid_t start_child(void)
{
  pid_t pid = fork();
  if (pid == 0) {
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)pause();
    _exit(0);
  }
  return pid;
}

static int sign(credence_context *context, const char *name, credence_profile **profile,
                credence_request **request)
{
  credence_error *error = NULL;
  int r = credence_profile_open(context, name, profile, &error);
  if (r == 0)
    r = credence_request_new(*profile, "GET", "?action=get", request, &error);
  if (r == 0)
    r = credence_request_sign(*request, &error);
  if (r < 0)
    printf("failed: %s\n", credence_error_message(error));
  credence_error_free(&error);
  return r;
}

/* Sign under the eyes of a thread that waits, and tell what was noticed. */
static int sign_watched(credence_context *context, const char *name, credence_profile **profile,
                        credence_request **request)
{
  static struct surroundings before, after;
  pthread_t thread;
  pid_t own = start_child();
  look_around(&before);
  if (own < 0 || pthread_create(&thread, NULL, wait_for_anybody, &own) != 0)
    return -1;
  int r = sign(context, name, profile, request);
  (void)usleep(50000); /* a child that ends late would show up, too */
  atomic_store(&done, 1);
  (void)pthread_join(thread, NULL);
  look_around(&after);
  const char *changed = difference(&before, &after);
  printf("changed: %s\n", changed == NULL ? "nothing" : changed);
  printf("signals: %d\n", atomic_load(&child_signals));
  printf("strange child: %d\n", atomic_load(&strange_child));
  (void)kill(own, SIGKILL);
  (void)waitpid(own, NULL, 0);
  return r;
}

static void obey(credence_context **context, credence_profile **profile, credence_request **request)
{
  char word[32];
  while (fgets(word, sizeof(word), stdin) != NULL) {
    word[strcspn(word, "\n")] = '\0';
    if (strcmp(word, "quit") == 0)
      return;
    if (strcmp(word, "abort") == 0)
      abort();
    if (strcmp(word, "free") == 0) {
      credence_request_free(request);
      credence_profile_free(profile);
      credence_context_free(context);
    }
    printf("done: %s\n", word);
  }
}

int main(int argc, char **argv)
{
  credence_context *context = NULL;
  credence_profile *profile = NULL;
  credence_request *request = NULL;
  struct sigaction action = {.sa_handler = on_child, .sa_flags = SA_RESTART};
  if (argc != 3)
    return 2;
  (void)setvbuf(stdout, NULL, _IOLBF, 0);
  (void)setlocale(LC_ALL, "");
  (void)umask(027);
  (void)sigaction(SIGCHLD, &action, NULL);
  decoy = strdup(argv[2]); /* what a search of the memory must find */
  if (decoy == NULL || credence_context_new(&context, NULL) < 0)
    return 1;
  credence_context_set_timeout(context, 60000);
  int r = sign_watched(context, argv[1], &profile, &request);
  if (r == 0) {
    printf("signed: %s\n", credence_request_url(request));
    obey(&context, &profile, &request);
  }
  credence_request_free(&request);
  credence_profile_free(&profile);
  credence_context_free(&context);
  free(decoy);
  return r == 0 ? 0 : 1;
}
