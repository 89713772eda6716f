/* SPDX-License-Identifier: BSD-3-Clause */
/* locks.c - one writer at a time, across all programs of the user; see locks.h */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
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

#define PAUSE_MS 10
#define PROFILE_WAIT_MS 60000u
#define QUEUE_WAIT_MS 300000u /* two hundred that derive a key each take a minute */

static int wait_for_lock(int fd, unsigned milliseconds)
{
  const struct timespec pause = {0, PAUSE_MS * 1000000};
  for (unsigned waited = 0; flock(fd, LOCK_EX | LOCK_NB) < 0; waited += PAUSE_MS) {
    if (errno != EWOULDBLOCK && errno != EINTR)
      return -1;
    if (waited >= milliseconds) {
      errno = ETIMEDOUT;
      return -1;
    }
    (void)nanosleep(&pause, NULL);
  }
  return 0;
}

static int cannot_lock(const char *path, int number, credence_error **error)
{
  int is_held = number == ETIMEDOUT;
  return error_set(error, is_held ? CREDENCE_E_TIMEOUT : CREDENCE_E_DENIED,
                   is_held ? "is another credence command waiting for you?"
                           : "make its folder yours to write, or name another with XDG_STATE_HOME",
                   "%s: cannot be locked: %s", path, strerror(number));
}

/* Take the lock in the file NAME.SUFFIX. */
static int lock(const char *name, const char *suffix, unsigned milliseconds, int *ret_fd,
                credence_error **error)
{
  char *folder = path_state("locks");
  char *path = folder == NULL ? NULL : path_join(folder, name, suffix);
  int r = path == NULL ? error_set(error, CREDENCE_E_FAILED, "set HOME", "there is no folder for locks")
                       : path_make_folder(folder, error);
  if (r == 0) {
    int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0 || wait_for_lock(fd, milliseconds) < 0) {
      r = cannot_lock(path, errno, error);
      if (fd >= 0)
        close(fd);
    } else {
      *ret_fd = fd;
    }
  }
  free(path);
  free(folder);
  return r;
}

int profile_lock_file(const char *name, int *ret_fd, credence_error **error)
{
  return lock(name, ".lock", PROFILE_WAIT_MS, ret_fd, error);
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
  return lock(name, ".lock", context->timeout > 0 ? context->timeout : QUEUE_WAIT_MS, ret_fd, error);
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
