/* SPDX-License-Identifier: BSD-3-Clause */
/* spawn.c - start a helper that the program around us does not notice; see spawn.h */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "spawn.h"

#define STACK_SIZE (64u * 1024u)

extern char **environ;

struct child {
  const char *path;
  int fd;
  sigset_t mask;
  int error; /* written by the child, which shares our memory until it execs */
};

static void default_signals(void)
{
  struct sigaction action = {.sa_handler = SIG_DFL};
  for (int i = 1; i < NSIG; i++)
    (void)sigaction(i, &action, NULL);
}

/* In the child, between clone and exec: only calls that are safe in a signal
 * handler, since other threads may hold any lock.  The descriptors are moved out
 * of the way first, in case the program runs without standard ones. */
static int child_main(void *argument)
{
  struct child *child = argument;
  char *const argv[] = {(char *)(size_t)child->path, NULL};
  int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
  int messages = fcntl(child->fd, F_DUPFD_CLOEXEC, 3);
  int errors = fcntl(null, F_DUPFD_CLOEXEC, 3);
  default_signals();
  if (messages >= 0 && errors >= 0 && dup2(messages, 0) >= 0 && dup2(messages, 1) >= 0 && dup2(errors, 2) >= 0) {
    (void)setsid(); /* Ctrl-C on the terminal is for the program */
    (void)sigprocmask(SIG_SETMASK, &child->mask, NULL);
    execve(child->path, argv, environ);
  }
  child->error = errno;
  _exit(127);
}

int spawn_helper(const char *path, int fd, pid_t *ret_pid)
{
  sigset_t all;
  struct child child = {.path = path, .fd = fd};
  char *stack = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  if (stack == MAP_FAILED)
    return errno;
  /* No handler of the program may run on the child's stack. */
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &child.mask);
  /* As posix_spawn() does it, but without SIGCHLD at the end. */
  pid_t pid = clone(child_main, stack + STACK_SIZE, CLONE_VM | CLONE_VFORK, &child);
  int error = pid < 0 ? errno : child.error;
  pthread_sigmask(SIG_SETMASK, &child.mask, NULL);
  munmap(stack, STACK_SIZE);
  if (pid > 0 && error != 0)
    spawn_wait(pid, 0);
  if (error == 0)
    *ret_pid = pid;
  return error;
}

static int reap(pid_t pid, int flags)
{
  pid_t r;
  do
    r = waitpid(pid, NULL, (int)__WCLONE | flags);
  while (r < 0 && errno == EINTR);
  return r != 0; /* gone, or not ours any more */
}

void spawn_wait(pid_t pid, int milliseconds)
{
  struct timespec pause = {0, 1000000};
  for (; milliseconds > 0; milliseconds--) {
    if (reap(pid, WNOHANG))
      return;
    (void)nanosleep(&pause, NULL);
  }
  (void)kill(pid, SIGKILL);
  (void)reap(pid, 0);
}
