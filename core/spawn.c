/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * spawn.c - start a helper that the program around us does not notice; see spawn.h
 *
 * A child that runs another program always ends with SIGCHLD: execve() puts that
 * back, whatever clone() was told.  So the helper is the child of a process in
 * between, which ends at once, without a signal, since it never calls execve().
 * The helper is then nobody's child but init's, which reaps it.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "spawn.h"

#define REAP_MS 200
#define STACK_SIZE (64u * 1024u) /* of each of the two processes */

extern char **environ;

/* Both children share our memory, and we stand still until they are done. */
struct child {
  const char *path;
  char **environment;
  int fd;
  sigset_t mask;
  char *stack;
  int error;
};

/* What runs in the children is not instrumented: AddressSanitizer's notes on a
 * stack that no function returns from would stay behind in our memory. */
#define CHILD_CODE __attribute__((no_sanitize("address")))

static CHILD_CODE void default_signals(void)
{
  struct sigaction action = {.sa_handler = SIG_DFL};
  for (int i = 1; i < NSIG; i++)
    (void)sigaction(i, &action, NULL);
}

/* The helper, until it runs its program: only calls that are safe in a signal
 * handler, since other threads may hold any lock.  The descriptors are moved out
 * of the way first, in case the program runs without standard ones.  The first
 * thing on the socket is the helper's number. */
static CHILD_CODE int helper_main(void *argument)
{
  struct child *child = argument;
  char *const argv[] = {(char *)(size_t)child->path, NULL};
  int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
  int messages = fcntl(child->fd, F_DUPFD_CLOEXEC, 3);
  int errors = fcntl(null, F_DUPFD_CLOEXEC, 3);
  pid_t pid = getpid();
  default_signals();
  if (messages >= 0 && errors >= 0 && dup2(messages, 0) >= 0 && dup2(messages, 1) >= 0 &&
      dup2(errors, 2) >= 0 && setsid() >= 0 && /* Ctrl-C on the terminal is for the program */
      send(messages, &pid, sizeof(pid), MSG_NOSIGNAL) == (ssize_t)sizeof(pid)) {
    (void)sigprocmask(SIG_SETMASK, &child->mask, NULL);
    execve(child->path, argv, child->environment);
  }
  child->error = errno;
  return 127; /* to clone(), which ends this process alone */
}

/* The process in between. */
static CHILD_CODE int between_main(void *argument)
{
  struct child *child = argument;
  if (clone(helper_main, child->stack + STACK_SIZE, CLONE_VM | CLONE_VFORK | SIGCHLD, child) < 0)
    child->error = errno;
  return 0;
}

static int run(struct child *child)
{
  sigset_t all;
  child->stack =
      mmap(NULL, 2 * STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  if (child->stack == MAP_FAILED)
    return errno;
  /* No handler of the program may run on the children's stacks. */
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &child->mask);
  /* As posix_spawn() does it, but without SIGCHLD at the end. */
  pid_t between = clone(between_main, child->stack + 2 * STACK_SIZE, CLONE_VM | CLONE_VFORK, child);
  int error = between < 0 ? errno : child->error;
  while (between > 0 && waitpid(between, NULL, (int)__WCLONE) < 0 && errno == EINTR)
    continue;
  pthread_sigmask(SIG_SETMASK, &child->mask, NULL);
  munmap(child->stack, 2 * STACK_SIZE);
  return error;
}

static int receive_pid(int fd, pid_t *ret_pid)
{
  pid_t pid = 0;
  ssize_t n;
  do
    n = recv(fd, &pid, sizeof(pid), MSG_WAITALL);
  while (n < 0 && errno == EINTR);
  if (n != (ssize_t)sizeof(pid))
    return ECHILD;
  *ret_pid = pid;
  return 0;
}

int spawn_helper(const char *path, int *ret_fd, pid_t *ret_pid)
{
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
    return errno;
  char *nothing[] = {NULL};
  struct child child = {.path = path, .fd = pair[1], .environment = environ};
  /* A program with more rights than its caller does not listen to that caller's
   * variables, and neither may its helpers. */
  if (getauxval(AT_SECURE))
    child.environment = nothing;
  /* A thread that is to be cancelled must not unwind its stack in a child. */
  int cancelling = PTHREAD_CANCEL_ENABLE;
  pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancelling);
  int error = run(&child);
  pthread_setcancelstate(cancelling, NULL);
  close(pair[1]);
  if (error == 0)
    error = receive_pid(pair[0], ret_pid);
  if (error != 0) {
    close(pair[0]);
    return error;
  }
  *ret_fd = pair[0];
  return 0;
}

/* A program that orphans come to (process 1 of a container, for instance) has
 * become the helper's parent: without this, each helper would stay as a zombie. */
static void reap_group(pid_t pid)
{
  const struct timespec pause = {0, 1000000};
  int is_subreaper = 0;
  if (getpid() != 1 && (prctl(PR_GET_CHILD_SUBREAPER, &is_subreaper, 0, 0, 0) < 0 || !is_subreaper))
    return;
  for (int i = 0; i < REAP_MS; i++) {
    pid_t ended = waitpid(-pid, NULL, WNOHANG);
    if (ended < 0)
      return;
    if (ended == 0)
      (void)nanosleep(&pause, NULL);
  }
}

void spawn_kill(pid_t pid)
{
  if (pid <= 1)
    return;
  (void)kill(-pid, SIGKILL);
  reap_group(pid);
}
