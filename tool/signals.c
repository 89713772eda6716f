/* SPDX-License-Identifier: BSD-3-Clause */
/* Holds back the signals that would end or stop the program. */
#include "config.h"

#include "signals.h"

static const int held_signals[SIGNALS_HELD] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};

static volatile sig_atomic_t caught;

static void catch_signal(int number)
{
  caught = number;
}

void signals_hold(struct signals *ret_saved)
{
  struct sigaction action = {.sa_handler = catch_signal};
  sigset_t blocked;

  caught = 0;
  sigemptyset(&action.sa_mask);
  sigemptyset(&blocked);
  for (int i = 0; i < SIGNALS_HELD; i++)
    sigaddset(&blocked, held_signals[i]);
  sigprocmask(SIG_BLOCK, &blocked, &ret_saved->mask);
  for (int i = 0; i < SIGNALS_HELD; i++) {
    sigaction(held_signals[i], NULL, &ret_saved->actions[i]);
    if (ret_saved->actions[i].sa_handler != SIG_IGN)
      sigaction(held_signals[i], &action, NULL);
  }
}

int signals_caught(void)
{
  return caught;
}

void signals_release(const struct signals *saved)
{
  for (int i = 0; i < SIGNALS_HELD; i++)
    sigaction(held_signals[i], &saved->actions[i], NULL);
  sigprocmask(SIG_SETMASK, &saved->mask, NULL);
}
