/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pass-child.h - run gpg or git, by a deadline, and leave nothing of it behind
 *
 * A secret passes between us and gpg through pipes alone, so that it is never in
 * a file, an argument or the environment.
 */
#ifndef KEYRING_PASS_CHILD_H
#define KEYRING_PASS_CHILD_H

#include "helper.h"

#define CHILD_STATUS_FD 3 /* where a child with on_status writes its lines */

/* A program and what goes in and out of it. */
struct child {
  const char *const *argv; /* argv[0] is looked up in PATH */
  const void *input;       /* its standard input; NULL: it has none */
  size_t input_size;
  void *output; /* room for its standard output; NULL: it is dropped */
  size_t output_max;
  size_t output_size;                           /* set; never more than output_max */
  int overflow;                                 /* set: there was more */
  void (*on_status)(void *context, char *line); /* a line on CHILD_STATUS_FD; NULL: none */
  int (*may_end)(void *context); /* asked before it is ended, and waited for a little; NULL: yes */
  void *context;
  int is_group;  /* it starts programs of its own, which end with it */
  int exit_code; /* set; -1 when a signal ended it */
};

/* CREDENCE_OK when it ended by itself, with whatever exit code.  Otherwise it
 * was ended: TIMEOUT a little before the caller's deadline, so that there is time
 * to say so, and SERVICE_LOST when the caller is gone.  FAILED when it could not
 * be started.  There is no message yet. */
int child_run(struct child *child, const struct keyring_request *request);

/* Is there such a program in PATH? */
int child_program_exists(const char *name);

#endif
