/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * locks.h - one writer at a time, across all programs of the user
 *
 * Locks are files in the state folder, held with flock(2), so that the end of a
 * program frees them.  Who needs several takes them in the order of this page, and
 * frees each with profile_unlock_file().
 */
#ifndef CORE_LOCKS_H
#define CORE_LOCKS_H

#include "credence.h"

/* Hold the user's lock on this profile, so that reading, changing and writing
 * it is one step.  Waits as keyring_queue() does. */
int profile_lock_within(const credence_context *context, const char *name, int *ret_fd,
                        credence_error **error);

/* The same without waiting: TIMEOUT at once when somebody else has it. */
int profile_try_lock_file(const char *name, int *ret_fd, credence_error **error);

/* The lock of whoever logs in, apart from the other: a login waits for a server and
 * perhaps a person.  TIMEOUT at once when somebody else has it. */
int profile_lock_login(const char *name, int *ret_fd, credence_error **error);

/* A place in the line of those who write to this keyring, so that a crowd of them does
 * not use up each other's deadlines.  Waits for the context's own deadline, or, where
 * that is the usual one, for as long as a long line may take. */
int keyring_queue(const credence_context *context, const char *keyring, int *ret_fd, credence_error **error);

/* Nothing for -1. */
void profile_unlock_file(int fd);

#endif
