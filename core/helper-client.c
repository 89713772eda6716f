/* SPDX-License-Identifier: BSD-3-Clause */
/* helper-client.c - one running helper; see helper-client.h */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "../keyring/protocol.h"
#include "error.h"
#include "helper-client.h"
#include "paths.h"
#include "secret.h"
#include "spawn.h"
#include "trust.h"

#define GOODBYE_MS 300

struct helper {
  int fd;
  pid_t pid;
};

static int64_t now_ms(void)
{
  struct timespec ts;
  clock_gettime(CLOCK_MONOTONIC, &ts);
  return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int check_program(const char *file, const char *name, credence_error **error)
{
  credence_error *why = NULL;
  int fd = -1;
  int r = trust_open(KEYRING_DIR, file, 0, &fd, &why);
  if (fd >= 0)
    close(fd);
  if (r == CREDENCE_E_NOT_FOUND)
    r = error_set(error, CREDENCE_E_NO_KEYRING, "install its package, or choose another with --keyring",
                  "there is no keyring %s in " KEYRING_DIR, name);
  else if (r < 0)
    r = error_pass(error, r, &why);
  credence_error_free(&why);
  return r;
}

static int launch(struct helper *helper, const char *file, credence_error **error)
{
  char *path = path_join(KEYRING_DIR, file, "");
  if (path == NULL)
    return error_nomem(error);
  int code = spawn_helper(path, &helper->fd, &helper->pid);
  int r = code == 0 ? 0
                    : error_set(error, CREDENCE_E_NO_KEYRING, "install its package again",
                                "%s: cannot be started: %s", path, strerror(code));
  free(path);
  return r;
}

int helper_start(const char *name, struct helper **ret_helper, credence_error **error)
{
  char file[80];
  snprintf(file, sizeof(file), "keyring-%.64s", name);
  int r = check_program(file, name, error);
  if (r < 0)
    return r;
  struct helper *new = calloc(1, sizeof(*new));
  if (new == NULL)
    return error_nomem(error);
  r = launch(new, file, error);
  if (r < 0) {
    free(new);
    return r;
  }
  *ret_helper = new;
  return 0;
}

/* Until the socket is ready or the deadline has passed. */
static int wait_ready(int fd, short events, int64_t deadline)
{
  for (;;) {
    int64_t left = deadline - now_ms();
    struct pollfd item = {.fd = fd, .events = events};
    int n = left <= 0 ? 0 : poll(&item, 1, (int)left);
    if (n > 0)
      return 0;
    if (n == 0)
      return CREDENCE_E_TIMEOUT;
    if (errno != EINTR)
      return CREDENCE_E_SERVICE_LOST;
  }
}

/* The end of its input tells a helper to end, which closes the socket.  What
 * still runs then, or comes up with something to say, is not waited for. */
static void end(struct helper *helper, int milliseconds)
{
  if (helper->fd < 0)
    return;
  (void)shutdown(helper->fd, SHUT_WR);
  (void)wait_ready(helper->fd, POLLIN, now_ms() + milliseconds);
  close(helper->fd);
  helper->fd = -1;
  spawn_kill(helper->pid);
}

void helper_stop(struct helper **helper)
{
  if (*helper == NULL)
    return;
  end(*helper, GOODBYE_MS);
  free(*helper);
  *helper = NULL;
}

static int send_all(int fd, const unsigned char *data, size_t size, int64_t deadline)
{
  while (size > 0) {
    int r = wait_ready(fd, POLLOUT, deadline);
    if (r < 0)
      return r;
    ssize_t n = send(fd, data, size, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
      continue;
    if (n < 0)
      return CREDENCE_E_SERVICE_LOST;
    data += n;
    size -= (size_t)n;
  }
  return 0;
}

static int receive_all(int fd, unsigned char *data, size_t size, int64_t deadline)
{
  while (size > 0) {
    int r = wait_ready(fd, POLLIN, deadline);
    if (r < 0)
      return r;
    ssize_t n = recv(fd, data, size, MSG_DONTWAIT);
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
      continue;
    if (n <= 0)
      return CREDENCE_E_SERVICE_LOST;
    data += n;
    size -= (size_t)n;
  }
  return 0;
}

static int receive_message(int fd, int64_t deadline, unsigned char **ret_answer, size_t *ret_size)
{
  unsigned char prefix[4];
  int r = receive_all(fd, prefix, sizeof(prefix), deadline);
  if (r < 0)
    return r;
  size_t size = (size_t)prefix[0] << 24 | (size_t)prefix[1] << 16 | (size_t)prefix[2] << 8 | prefix[3];
  if (size == 0 || size > KEYRING_MESSAGE_MAX)
    return CREDENCE_E_MALFORMED;
  unsigned char *answer = secret_alloc(size);
  if (answer == NULL)
    return CREDENCE_E_NOMEM;
  r = receive_all(fd, answer, size, deadline);
  if (r == 0 && !keyring_message_valid(answer, size))
    r = CREDENCE_E_MALFORMED;
  if (r < 0) {
    secret_free(answer);
    return r;
  }
  *ret_answer = answer;
  *ret_size = size;
  return 0;
}

int helper_call(struct helper *helper, const void *message, size_t size, int milliseconds,
                unsigned char **ret_answer, size_t *ret_size)
{
  int64_t deadline = now_ms() + milliseconds;
  if (helper == NULL || helper->fd < 0)
    return CREDENCE_E_SERVICE_LOST;
  int r = send_all(helper->fd, message, size, deadline);
  if (r == 0)
    r = receive_message(helper->fd, deadline, ret_answer, ret_size);
  if (r < 0)
    end(helper, 0);
  return r;
}
