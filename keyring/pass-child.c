/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pass-child.c - run gpg or git, by a deadline; see pass-child.h
 *
 * One loop feeds the child, collects what it says and watches the clock and the
 * caller.  A child that is to end is asked first, since git and gpg then remove
 * their lock files, and killed when it does not.  Should this process be killed,
 * the kernel ends the child.
 */
#include "config.h"

#include "pass-child.h"

#include "../core/credence.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ANSWER_MS 400  /* kept back to end the child and to answer */
#define GRACE_MS 100   /* for a child that was asked to end */
#define LINGER_MS 1000 /* until may_end; only LINGER_LATE_MS when the deadline is near */
#define LINGER_LATE_MS 100
#define EXIT_POLL_MS 2
#define LINE_SIZE 1024u

/* Our ends of the pipes, each -1 when closed. */
struct pipes {
  int input;
  int output;
  int status;
  size_t sent;
  char line[LINE_SIZE];
  size_t line_used;
};

static void close_fd(int *fd)
{
  if (*fd >= 0)
    close(*fd);
  *fd = -1;
}

static void sleep_ms(long milliseconds)
{
  const struct timespec pause = {0, milliseconds * 1000000L};

  nanosleep(&pause, NULL);
}

/* --- the child's side ------------------------------------------------------------ */

/* Its ends are moved out of the way of the numbers that they get. */
static int place(int fd, int number)
{
  int high = fd < 0 ? open("/dev/null", O_RDWR | O_CLOEXEC) : fd;

  high = fcntl(high, F_DUPFD_CLOEXEC, 10);
  return high < 0 ? -1 : dup2(high, number);
}

static _Noreturn void become(const struct child *child, const int ends[3], pid_t parent)
{
  sigset_t none;

  sigemptyset(&none);
  signal(SIGPIPE, SIG_DFL);
  sigprocmask(SIG_SETMASK, &none, NULL);
  prctl(PR_SET_PDEATHSIG, child->is_group ? SIGTERM : SIGKILL, 0, 0, 0);
  if (child->is_group)
    setpgid(0, 0);
  if (getppid() == parent && place(ends[0], 0) >= 0 && place(ends[1], 1) >= 0 && place(-1, 2) >= 0 &&
      (ends[2] < 0 || place(ends[2], CHILD_STATUS_FD) >= 0))
    execvp(child->argv[0], (char *const *)(size_t)child->argv);
  _exit(127);
}

/* --- start and end ------------------------------------------------------------------ */

static int make_pipe(int wanted, int ours, int *ret_ours, int *ret_theirs)
{
  int ends[2];

  if (!wanted)
    return 0;
  if (pipe2(ends, O_CLOEXEC) != 0)
    return -1;
  *ret_ours = ends[ours];
  *ret_theirs = ends[1 - ours];
  return fcntl(*ret_ours, F_SETFL, O_NONBLOCK);
}

static pid_t start(const struct child *child, struct pipes *pipes)
{
  int ends[3] = {-1, -1, -1};
  pid_t parent = getpid(), pid = -1;

  if (make_pipe(child->input != NULL, 1, &pipes->input, &ends[0]) == 0 &&
      make_pipe(child->output != NULL, 0, &pipes->output, &ends[1]) == 0 &&
      make_pipe(child->on_status != NULL, 0, &pipes->status, &ends[2]) == 0)
    pid = fork();
  if (pid == 0)
    become(child, ends, parent);
  /* The child does the same: whoever comes first. */
  if (pid > 0 && child->is_group)
    setpgid(pid, pid);
  for (size_t i = 0; i < 3; i++)
    close_fd(&ends[i]);
  return pid;
}

/* 1 when it has ended and was reaped. */
static int has_ended(struct child *child, pid_t pid)
{
  int status = 0;
  pid_t ended = waitpid(pid, &status, WNOHANG);

  if (ended == 0 || (ended < 0 && errno == EINTR))
    return 0;
  child->exit_code = ended == pid && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return 1;
}

static int ends_within(struct child *child, pid_t pid, int milliseconds)
{
  for (; milliseconds > 0; milliseconds -= EXIT_POLL_MS) {
    if (has_ended(child, pid))
      return 1;
    sleep_ms(EXIT_POLL_MS);
  }
  return has_ended(child, pid);
}

static void end(struct child *child, pid_t pid)
{
  pid_t target = child->is_group ? -pid : pid;

  kill(target, SIGTERM);
  if (ends_within(child, pid, GRACE_MS))
    return;
  kill(target, SIGKILL);
  (void)ends_within(child, pid, GRACE_MS);
}

/* --- the loop --------------------------------------------------------------------------- */

static void feed(const struct child *child, struct pipes *pipes)
{
  ssize_t n = write(pipes->input, (const char *)child->input + pipes->sent, child->input_size - pipes->sent);

  if (n > 0)
    pipes->sent += (size_t)n;
  /* Whoever does not want the rest says why on another pipe. */
  if ((n < 0 && errno != EAGAIN && errno != EINTR) || pipes->sent == child->input_size)
    close_fd(&pipes->input);
}

static void collect(struct child *child, struct pipes *pipes)
{
  char more;
  int full = child->output_size == child->output_max;
  ssize_t n = full ? read(pipes->output, &more, 1)
                   : read(pipes->output, (char *)child->output + child->output_size,
                          child->output_max - child->output_size);

  if (n > 0 && full)
    child->overflow = 1;
  else if (n > 0)
    child->output_size += (size_t)n;
  if (n == 0 || child->overflow || (n < 0 && errno != EAGAIN && errno != EINTR))
    close_fd(&pipes->output);
}

/* Hand over whole lines.  One that is too long says nothing that we know. */
static void split_lines(struct child *child, struct pipes *pipes)
{
  char *begin = pipes->line, *newline;
  size_t left = pipes->line_used;

  while ((newline = memchr(begin, '\n', left)) != NULL) {
    *newline = '\0';
    child->on_status(child->context, begin);
    left -= (size_t)(newline + 1 - begin);
    begin = newline + 1;
  }
  if (left == sizeof pipes->line)
    left = 0;
  memmove(pipes->line, begin, left);
  pipes->line_used = left;
}

static void listen_to_status(struct child *child, struct pipes *pipes)
{
  ssize_t n = read(pipes->status, pipes->line + pipes->line_used, sizeof pipes->line - pipes->line_used);

  if (n > 0) {
    pipes->line_used += (size_t)n;
    split_lines(child, pipes);
  } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
    close_fd(&pipes->status);
  }
}

/* What it still said before it was ended. */
static void listen_to_last_words(struct child *child, struct pipes *pipes)
{
  struct pollfd item = {.fd = pipes->status, .events = POLLIN};

  while (pipes->status >= 0 && poll(&item, 1, 0) > 0)
    listen_to_status(child, pipes);
}

/* Wait for one turn.  1 when the caller is gone: its end of the socket is closed. */
static int turn(struct child *child, struct pipes *pipes, int64_t milliseconds)
{
  struct pollfd items[] = {
      {.fd = pipes->input, .events = POLLOUT},
      {.fd = pipes->output, .events = POLLIN},
      {.fd = pipes->status, .events = POLLIN},
      {.fd = STDIN_FILENO, .events = 0},
  };

  if (poll(items, sizeof items / sizeof *items, (int)milliseconds) <= 0)
    return 0;
  if (items[0].revents)
    feed(child, pipes);
  if (items[1].revents)
    collect(child, pipes);
  if (items[2].revents)
    listen_to_status(child, pipes);
  return (items[3].revents & (POLLHUP | POLLERR)) != 0;
}

/* How much of the caller's time a child may have. */
static int64_t time_for(int64_t left)
{
  return left > 4 * ANSWER_MS ? left - ANSWER_MS : left * 3 / 4;
}

static int attend(struct child *child, struct pipes *pipes, pid_t pid, const struct keyring_request *request)
{
  int64_t reserve = keyring_time_left(request) - time_for(keyring_time_left(request));

  for (;;) {
    int64_t left = keyring_time_left(request) - reserve;
    int is_silent = pipes->output < 0 && pipes->status < 0;

    if (is_silent && has_ended(child, pid))
      return CREDENCE_OK;
    if (left <= 0)
      return CREDENCE_E_TIMEOUT;
    if (turn(child, pipes, is_silent && left > EXIT_POLL_MS ? EXIT_POLL_MS : left))
      return CREDENCE_E_SERVICE_LOST;
  }
}

static void linger(struct child *child, struct pipes *pipes, int milliseconds)
{
  for (; milliseconds > 0 && pipes->status >= 0 && !child->may_end(child->context);
       milliseconds -= EXIT_POLL_MS) {
    sleep_ms(EXIT_POLL_MS);
    listen_to_last_words(child, pipes);
  }
}

int child_run(struct child *child, const struct keyring_request *request)
{
  struct pipes pipes = {.input = -1, .output = -1, .status = -1};
  pid_t pid = start(child, &pipes);
  int r = CREDENCE_E_FAILED;

  child->output_size = 0;
  child->overflow = 0;
  child->exit_code = -1;
  if (pid > 0)
    r = attend(child, &pipes, pid, request);
  if (pid > 0 && r != CREDENCE_OK) {
    if (child->may_end)
      linger(child, &pipes, r == CREDENCE_E_TIMEOUT ? LINGER_LATE_MS : LINGER_MS);
    end(child, pid);
    listen_to_last_words(child, &pipes);
  }
  close_fd(&pipes.input);
  close_fd(&pipes.output);
  close_fd(&pipes.status);
  return r;
}

/* --- PATH ----------------------------------------------------------------------------------- */

int child_program_exists(const char *name)
{
  const char *path = getenv("PATH");
  char file[4096];
  struct stat status;

  /* execvp() has the same default. */
  for (path = path ? path : "/bin:/usr/bin"; *path; path += *path == ':') {
    size_t length = strcspn(path, ":");

    snprintf(file, sizeof file, "%.*s/%s", (int)length, length ? path : ".", name);
    if (stat(file, &status) == 0 && S_ISREG(status.st_mode) && access(file, X_OK) == 0)
      return 1;
    path += length;
  }
  return 0;
}
