/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pass-terminal.c - where gpg-agent may ask for a passphrase
 *
 * A helper has no terminal: it runs in a session of its own, with a socket as its
 * input.  gpg can then not find one either, and who did not set GPG_TTY reads
 * "Inappropriate ioctl for device".  But the socket tells who made it, and
 * the system knows the terminal of that process.
 */
#include "config.h"

#include "pass-terminal.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define PTS_MAJOR_FIRST 136u
#define PTS_MAJOR_LAST 143u
#define CONSOLE_MAJOR 4u

static int is_set(const char *name)
{
  const char *value = getenv(name);

  return value && value[0];
}

/* The process at the other end: whoever called socketpair(). */
static pid_t caller(void)
{
  struct ucred peer;
  socklen_t size = sizeof peer;

  return getsockopt(STDIN_FILENO, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 ? peer.pid : 0;
}

/* The number of the terminal in whose foreground the process runs; 0: none. */
static dev_t terminal_of(pid_t pid)
{
  char path[64], text[512];
  const char *behind_name;
  int fd, process_group, terminal, foreground;
  ssize_t n;

  snprintf(path, sizeof path, "/proc/%ld/stat", (long)pid);
  fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return 0;
  n = read(fd, text, sizeof text - 1);
  close(fd);
  text[n > 0 ? n : 0] = '\0';
  /* The name of the program may contain anything, parentheses too. */
  behind_name = strrchr(text, ')');
  if (!behind_name ||
      sscanf(behind_name, ") %*c %*d %d %*d %d %d", &process_group, &terminal, &foreground) != 3)
    return 0;
  return process_group == foreground ? (dev_t)(unsigned)terminal : 0;
}

/* The usual names only, and only when they are that terminal. */
static int name_terminal(dev_t terminal, char *path, size_t size)
{
  struct stat status;

  if (major(terminal) >= PTS_MAJOR_FIRST && major(terminal) <= PTS_MAJOR_LAST)
    snprintf(path, size, "/dev/pts/%u", (major(terminal) - PTS_MAJOR_FIRST) * 256 + minor(terminal));
  else if (major(terminal) == CONSOLE_MAJOR && minor(terminal) < 64)
    snprintf(path, size, "/dev/tty%u", minor(terminal));
  else
    return 0;
  return stat(path, &status) == 0 && S_ISCHR(status.st_mode) && status.st_rdev == terminal &&
         access(path, R_OK | W_OK) == 0;
}

int terminal_prepare(void)
{
  char path[64];

  if (is_set("GPG_TTY") || is_set("DISPLAY") || is_set("WAYLAND_DISPLAY"))
    return 1;
  return name_terminal(terminal_of(caller()), path, sizeof path) && setenv("GPG_TTY", path, 1) == 0;
}
