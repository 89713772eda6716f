/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * spawn.h - start a helper that the program around us does not notice
 *
 * A child that ends with SIGCHLD would wake the program's handlers and could be
 * reaped by its wait(-1).  Ours is started so that it sends no signal and only
 * spawn_wait() reaps it.
 */
#ifndef CORE_SPAWN_H
#define CORE_SPAWN_H

#include <sys/types.h>

/* Run path with standard input and output on fd, standard error on /dev/null,
 * all signals as they are at birth.  0, or an errno. */
int spawn_helper(const char *path, int fd, pid_t *ret_pid);

/* Wait at most milliseconds for it to end, then kill it, and reap it. */
void spawn_wait(pid_t pid, int milliseconds);

#endif
