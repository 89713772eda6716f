/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * signals.h - hold back what would end or stop the program
 *
 * Whoever asks the user has to put something in order before the program may
 * end: a terminal that hides what is typed, a window that is still open.
 */
#ifndef TOOL_SIGNALS_H
#define TOOL_SIGNALS_H

#include <signal.h>

enum { SIGNALS_HELD = 5 };

struct signals {
  struct sigaction actions[SIGNALS_HELD];
  sigset_t mask; /* to wait with: under it the signals arrive */
};

/* Block the signals, except while the program waits with the mask, so that none
 * slips in between.  What is ignored stays ignored. */
void signals_hold(struct signals *ret_saved);

/* The signal that arrived since then, 0 for none. */
int signals_caught(void);

/* As before.  Raise what was caught to let it through. */
void signals_release(const struct signals *saved);

#endif
