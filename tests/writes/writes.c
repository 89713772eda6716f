/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * writes.c - count the writes of a run, and kill at one of them
 *
 * Loaded with LD_PRELOAD into the command and its helpers.  What counts is what
 * changes something that others see: files and folders that are made, written,
 * brought to the disk, renamed and removed, and messages to a local socket, thus
 * to a helper, back from it, and to the session bus.  A call is counted before it
 * is made.
 *
 * All processes count together, on the board (board.h).  When the power fails,
 * it is enough to kill whoever next wants to write: what the others still read
 * changes nothing.
 *
 * The calls go to the kernel directly, so that nothing has to be looked up in a
 * child that shares the memory of its parent.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "board.h"

#define SHOWN __attribute__((visibility("default")))

static struct board *board;
static int (*real_mkostemp)(char *, int);

__attribute__((constructor)) static void begin(void)
{
  const char *path = getenv(BOARD_VARIABLE);
  void *symbol = dlsym(RTLD_NEXT, "mkostemp");
  *(void **)&real_mkostemp = symbol;
  if (path == NULL)
    return;
  int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC, 0);
  void *map = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof(*board), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (map == MAP_FAILED) {
    perror(path);
    _exit(125);
  }
  close(fd);
  board = map;
}

static void die(void)
{
  (void)syscall(SYS_kill, getpid(), SIGKILL);
  for (;;)
    pause();
}

/* Number this write.  Returns whether the process dies once it is done. */
static int count(const char *call, const char *what)
{
  int saved = errno;
  if (board == NULL)
    return 0;
  uint32_t number = atomic_fetch_add(&board->count, 1) + 1;
  if (number <= BOARD_NOTES)
    snprintf(board->notes[number - 1], BOARD_NOTE_SIZE, "%s: %s %s", program_invocation_short_name, call,
             what);
  if ((board->mode == BOARD_BEFORE && number == board->at) ||
      (board->mode == BOARD_POWER && number >= board->at))
    die();
  errno = saved;
  return board->mode == BOARD_AFTER && number == board->at;
}

static long done(long result, int dies)
{
  if (dies)
    die();
  return result;
}

static int is_local_socket(int fd)
{
  int domain = 0;
  socklen_t size = sizeof(domain);
  return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain == AF_UNIX;
}

static int count_data(const char *call, int fd)
{
  struct stat status;
  int saved = errno;
  const char *what = NULL;
  if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode))
    what = "a file";
  else if (is_local_socket(fd))
    what = "a message";
  errno = saved;
  return what == NULL ? 0 : count(call, what);
}

/* --- data --------------------------------------------------------------------- */

SHOWN ssize_t write(int fd, const void *data, size_t size)
{
  int dies = count_data("write", fd);
  return done(syscall(SYS_write, fd, data, size), dies);
}

SHOWN ssize_t writev(int fd, const struct iovec *parts, int parts_count)
{
  int dies = count_data("writev", fd);
  return done(syscall(SYS_writev, fd, parts, parts_count), dies);
}

SHOWN ssize_t send(int fd, const void *data, size_t size, int flags)
{
  int dies = count_data("send", fd);
  return done(syscall(SYS_sendto, fd, data, size, flags, NULL, 0), dies);
}

SHOWN ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
  int dies = count_data("sendmsg", fd);
  return done(syscall(SYS_sendmsg, fd, message, flags), dies);
}

SHOWN int fsync(int fd)
{
  int dies = count("fsync", "");
  return (int)done(syscall(SYS_fsync, fd), dies);
}

/* --- names -------------------------------------------------------------------- */

static int makes(int folder, const char *path, int flags)
{
  if ((flags & O_TRUNC) != 0)
    return 1;
  return (flags & O_CREAT) != 0 && syscall(SYS_faccessat, folder, path, F_OK) != 0;
}

static int open_any(int folder, const char *path, int flags, mode_t mode)
{
  int saved = errno;
  int dies = makes(folder, path, flags) ? count("open", path) : 0;
  errno = saved;
  return (int)done(syscall(SYS_openat, folder, path, flags, mode), dies);
}

static mode_t mode_of(int flags, va_list words)
{
  return (flags & (O_CREAT | O_TMPFILE)) != 0 ? (mode_t)va_arg(words, int) : 0;
}

SHOWN int open(const char *path, int flags, ...)
{
  va_list words;
  va_start(words, flags);
  mode_t mode = mode_of(flags, words);
  va_end(words);
  return open_any(AT_FDCWD, path, flags, mode);
}

SHOWN int open64(const char *path, int flags, ...)
{
  va_list words;
  va_start(words, flags);
  mode_t mode = mode_of(flags, words);
  va_end(words);
  return open_any(AT_FDCWD, path, flags, mode);
}

SHOWN int openat(int folder, const char *path, int flags, ...)
{
  va_list words;
  va_start(words, flags);
  mode_t mode = mode_of(flags, words);
  va_end(words);
  return open_any(folder, path, flags, mode);
}

SHOWN int mkostemp(char *path, int flags)
{
  int dies = count("mkostemp", path);
  return (int)done(real_mkostemp(path, flags), dies);
}

SHOWN int mkdir(const char *path, mode_t mode)
{
  int dies = faccessat(AT_FDCWD, path, F_OK, 0) == 0 ? 0 : count("mkdir", path);
  return (int)done(syscall(SYS_mkdirat, AT_FDCWD, path, mode), dies);
}

SHOWN int rename(const char *from, const char *to)
{
  int dies = count("rename", to);
  return (int)done(syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0), dies);
}

SHOWN int renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned flags)
{
  int dies = count("renameat2", to);
  return (int)done(syscall(SYS_renameat2, from_folder, from, to_folder, to, flags), dies);
}

SHOWN int renameat(int from_folder, const char *from, int to_folder, const char *to)
{
  return renameat2(from_folder, from, to_folder, to, 0);
}

SHOWN int link(const char *from, const char *to)
{
  int dies = count("link", to);
  return (int)done(syscall(SYS_linkat, AT_FDCWD, from, AT_FDCWD, to, 0), dies);
}

SHOWN int unlinkat(int folder, const char *path, int flags)
{
  int exists = syscall(SYS_faccessat, folder, path, F_OK) == 0;
  int dies = exists ? count("unlink", path) : 0;
  return (int)done(syscall(SYS_unlinkat, folder, path, flags), dies);
}

SHOWN int unlink(const char *path)
{
  return unlinkat(AT_FDCWD, path, 0);
}

SHOWN int rmdir(const char *path)
{
  return unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
}
