/* SPDX-License-Identifier: BSD-3-Clause */
/* locks.c - one writer at a time, across all programs of the user; see locks.h */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "context.h"
#include "error.h"
#include "locks.h"
#include "paths.h"

#define QUICK_MS 5
#define SLOW_MS 50
#define WAIT_MS 300000u /* two hundred that derive a key each take a minute */

/* Milliseconds on a clock that nobody sets. */
static int64_t now(void)
{
  struct timespec time;
  (void)clock_gettime(CLOCK_MONOTONIC, &time);
  return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

static void pause_for(int64_t milliseconds)
{
  const struct timespec pause = {milliseconds / 1000, milliseconds % 1000 * 1000000};
  (void)nanosleep(&pause, NULL);
}

/* Until end, look again and again, after pauses that grow up to longest. */
static int wait_for_lock(int fd, int64_t end, int64_t longest)
{
  int64_t pause = QUICK_MS;
  while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
    if (errno != EWOULDBLOCK && errno != EINTR)
      return -1;
    int64_t left = end - now();
    if (left <= 0) {
      errno = ETIMEDOUT;
      return -1;
    }
    pause_for(pause < left ? pause : left);
    pause = 2 * pause < longest ? 2 * pause : longest;
  }
  return 0;
}

static int open_lock(const char *folder, const char *name, const char *suffix)
{
  char *path = path_join(folder, name, suffix);
  int fd = path == NULL ? -1 : open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
  free(path);
  return fd;
}

/* Whoever finds the lock taken has to hold NAME.next as well while it waits: of a crowd,
 * that one alone looks often, so that the lock does not lie idle, and all others look so
 * rarely that two hundred of them leave the processors to those who work.  flock() that
 * waits by itself would be better still, but could only be ended by a signal. */
static int wait_in_line(int fd, const char *folder, const char *name, int64_t end)
{
  int next = open_lock(folder, name, ".next");
  int r = next < 0 ? -1 : wait_for_lock(next, end, SLOW_MS);
  if (r == 0)
    r = wait_for_lock(fd, end, QUICK_MS);
  int number = errno;
  profile_unlock_file(next);
  errno = number;
  return r;
}

static int take(int fd, const char *folder, const char *name, unsigned milliseconds)
{
  int64_t end = now() + milliseconds;
  int r = wait_for_lock(fd, 0, 0);
  return r < 0 && errno == ETIMEDOUT && milliseconds > 0 ? wait_in_line(fd, folder, name, end) : r;
}

/* Take the lock in the file NAME.SUFFIX. */
static int lock(const char *name, const char *suffix, unsigned milliseconds, int *ret_fd,
                credence_error **error)
{
  char *folder = path_state("locks");
  int r = folder == NULL ? error_set(error, CREDENCE_E_FAILED, "set HOME", "there is no folder for locks")
                         : path_make_folder(folder, error);
  if (r == 0) {
    int fd = open_lock(folder, name, suffix);
    if (fd < 0 || take(fd, folder, name, milliseconds) < 0) {
      r = error_set(error, errno == ETIMEDOUT ? CREDENCE_E_TIMEOUT : CREDENCE_E_DENIED,
                    "make its folder yours to write, or name another with XDG_STATE_HOME",
                    "%s/%s%s: cannot be locked: %s", folder, name, suffix, strerror(errno));
      if (fd >= 0)
        close(fd);
    } else {
      *ret_fd = fd;
    }
  }
  free(folder);
  return r;
}

/* The lock NAME.lock, for as long as the context allows. */
static int lock_patiently(const credence_context *context, const char *name, int *ret_fd,
                          credence_error **error)
{
  return lock(name, ".lock", context->timeout > 0 ? context->timeout : WAIT_MS, ret_fd, error);
}

static const char patience[] =
    "try again when it is done, or wait longer with --timeout=SECONDS; is it waiting for you?";

int profile_lock_within(const credence_context *context, const char *name, int *ret_fd,
                        credence_error **error)
{
  int r = lock_patiently(context, name, ret_fd, error);
  if (r == CREDENCE_E_TIMEOUT)
    r = error_set(error, r, patience, "another credence is changing profile %s", name);
  return r;
}

int profile_try_lock_file(const char *name, int *ret_fd, credence_error **error)
{
  return lock(name, ".lock", 0, ret_fd, error);
}

int profile_lock_login(const char *name, int *ret_fd, credence_error **error)
{
  int r = lock(name, ".login", 0, ret_fd, error);
  if (r == CREDENCE_E_TIMEOUT)
    r = error_set(error, r, "try again when that is over", "somebody is logging in to profile %s", name);
  return r;
}

int keyring_queue(const credence_context *context, const char *keyring, int *ret_fd, credence_error **error)
{
  char name[72]; /* which no profile can have */
  snprintf(name, sizeof(name), "@%.64s", keyring);
  int r = lock_patiently(context, name, ret_fd, error);
  if (r == CREDENCE_E_TIMEOUT)
    r = error_set(error, r, patience, "another credence is writing to keyring %s", keyring);
  return r;
}

/* A child that was forked meanwhile has the descriptor too: closing ours would
 * leave the lock with it. */
void profile_unlock_file(int fd)
{
  if (fd < 0)
    return;
  (void)flock(fd, LOCK_UN);
  close(fd);
}
