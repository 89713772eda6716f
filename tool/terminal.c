/* SPDX-License-Identifier: BSD-3-Clause */
/* Asks on the terminal. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "credence.h"
#include "signals.h"
#include "terminal.h"

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

static void put_question(int terminal, const struct question *question)
{
  size_t size = strlen(question->text);

  put_text(terminal, question->text);
  if (size == 0 || !strchr(":? ", question->text[size - 1]))
    put_text(terminal, ":");
  if (question->choices) {
    put_text(terminal, "\n");
    put_text(terminal, question->choices);
    put_text(terminal, question->label);
    put_text(terminal, " ");
  } else if (size == 0 || question->text[size - 1] != ' ') {
    put_text(terminal, " ");
  }
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

    if (signals_caught() || (ready < 0 && errno != EINTR))
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
  if (used >= size || used + 1 >= TERMINAL_ANSWER_MAX)
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

int terminal_ask(const struct question *question, const sigset_t *mask, char *answer, size_t size)
{
  struct termios saved;
  int code = CREDENCE_E_PROMPT_REQUIRED;
  int terminal = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);

  if (terminal < 0)
    return code;
  if (question->shown || hide_input(terminal, &saved)) {
    put_question(terminal, question);
    code = read_line(terminal, mask, answer, size);
    if (!question->shown)
      tcsetattr(terminal, TCSADRAIN, &saved);
    if (signals_caught())
      put_text(terminal, "\n");
  }
  close(terminal);
  return code;
}
