/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * spawn.h - start a helper that the program around us does not notice
 *
 * A child that ends with SIGCHLD would wake the program's handlers and could be
 * reaped by its wait(-1).  A helper is not a child of the program: it belongs to
 * init, or to whatever process took its place (PR_SET_CHILD_SUBREAPER).
 */
#ifndef CORE_SPAWN_H
#define CORE_SPAWN_H

#include <sys/types.h>

/* Run path with standard input and output on the other end of the socket
 * *ret_fd, standard error on /dev/null, all signals as they are at birth, in a
 * session of its own.  0, or an errno. */
int spawn_helper(const char *path, int *ret_fd, pid_t *ret_pid);

/* End it, and the processes that it started in its session.  Does nothing
 * when they have ended.  Where orphans come to this program, so that init does
 * not reap them, this does. */
void spawn_kill(pid_t pid);

#endif
