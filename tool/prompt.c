/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Asks on the terminal.  A signal that would end or stop the program is held
 * back until the terminal shows again what is typed, and then let through.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "credence.h"
#include "prompt.h"
#include "text.h"

static const int held_signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};
enum { HELD = sizeof held_signals / sizeof held_signals[0] };

static volatile sig_atomic_t caught;

static void catch_signal(int number)
{
  caught = number;
}

struct signals {
  struct sigaction actions[HELD];
  sigset_t mask;
};

/* Signals are blocked except while the program waits for a line, so that none
 * slips in between.  What is ignored stays ignored. */
static void signals_hold(struct signals *saved)
{
  struct sigaction action = {.sa_handler = catch_signal};
  sigset_t blocked;

  caught = 0;
  sigemptyset(&action.sa_mask);
  sigemptyset(&blocked);
  for (int i = 0; i < HELD; i++)
    sigaddset(&blocked, held_signals[i]);
  sigprocmask(SIG_BLOCK, &blocked, &saved->mask);
  for (int i = 0; i < HELD; i++) {
    sigaction(held_signals[i], NULL, &saved->actions[i]);
    if (saved->actions[i].sa_handler != SIG_IGN)
      sigaction(held_signals[i], &action, NULL);
  }
}

static void signals_release(const struct signals *saved)
{
  for (int i = 0; i < HELD; i++)
    sigaction(held_signals[i], &saved->actions[i], NULL);
  sigprocmask(SIG_SETMASK, &saved->mask, NULL);
}

static void put_text(int terminal, const char *text)
{
  size_t left = strlen(text);

  while (left > 0) {
    ssize_t put = write(terminal, text, left);

    if (put < 0 && errno != EINTR)
      return;
    if (put > 0) {
      text += put;
      left -= (size_t)put;
    }
  }
}

static void put_question(int terminal, const char *question)
{
  char *safe = escape_text(question);
  size_t size = safe ? strlen(safe) : 0;

  if (safe)
    put_text(terminal, safe);
  if (size == 0 || !strchr(":? ", safe[size - 1]))
    put_text(terminal, ":");
  if (size == 0 || safe[size - 1] != ' ')
    put_text(terminal, " ");
  free(safe);
}

/* One byte at a time, so that what follows the line stays with the terminal
 * and no copy is left in a buffer. */
static int read_line(int terminal, const sigset_t *mask, char *answer, size_t size)
{
  struct pollfd waiting = {.fd = terminal, .events = POLLIN};
  size_t used = 0;
  char byte = 0;

  while (byte != '\n') {
    ssize_t got;
    int ready = ppoll(&waiting, 1, NULL, mask);

    if (caught || (ready < 0 && errno != EINTR))
      return CREDENCE_E_DISMISSED;
    if (ready < 0)
      continue;
    got = read(terminal, &byte, 1);
    if (got < 0)
      return CREDENCE_E_DISMISSED;
    if (got == 0) {
      put_text(terminal, "\n");
      break;
    }
    if (byte == '\n')
      continue;
    if (used < size)
      answer[used] = byte;
    used++;
  }
  explicit_bzero(&byte, 1);
  answer[used < size ? used : size - 1] = '\0';
  if (used >= size || used + 1 >= PROMPT_ANSWER_MAX)
    return CREDENCE_E_TOO_LARGE;
  return used > 0 ? CREDENCE_OK : CREDENCE_E_DISMISSED;
}

/* False when the answer would be shown although it must not be. */
static bool hide_input(int terminal, struct termios *ret_saved)
{
  struct termios hidden;

  if (tcgetattr(terminal, ret_saved) < 0)
    return false;
  hidden = *ret_saved;
  hidden.c_lflag &= ~(tcflag_t)ECHO;
  hidden.c_lflag |= ECHONL;
  return tcsetattr(terminal, TCSAFLUSH, &hidden) == 0;
}

static int ask_once(const char *question, bool shown, char *answer, size_t size)
{
  struct signals signals;
  struct termios saved;
  int code = CREDENCE_E_PROMPT_REQUIRED;
  int terminal = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);

  if (terminal < 0)
    return code;
  signals_hold(&signals);
  if (shown || hide_input(terminal, &saved)) {
    put_question(terminal, question);
    code = read_line(terminal, &signals.mask, answer, size);
    if (!shown)
      tcsetattr(terminal, TCSADRAIN, &saved);
    if (caught)
      put_text(terminal, "\n");
  }
  close(terminal);
  signals_release(&signals);
  if (code != CREDENCE_OK)
    explicit_bzero(answer, size);
  return code;
}

int prompt(const char *question, bool shown, char *answer, size_t size)
{
  int code;

  do {
    code = ask_once(question, shown, answer, size);
    if (caught)
      raise(caught);
  } while (caught == SIGTSTP);
  return code;
}

int prompt_for_library(void *userdata, const char *question, char *answer, size_t size)
{
  (void)userdata;
  return prompt(question, false, answer, size);
}
