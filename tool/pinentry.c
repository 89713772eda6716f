/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Asks by the program pinentry.  What it answers is read into the dialog, which
 * is wiped, and from there into the memory of the caller, and nowhere else.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "credence.h"
#include "pinentry.h"
#include "signals.h"
#include "text.h"

/* An error that means the user, and not a window that cannot be opened. */
#define CANCELLED "ERR 83886179"

enum {
  LINE_MAX_SIZE = 1000, /* of the protocol, with the line end */
  GRACE_MS = 1000,      /* for a program that is to end */
  STEP_MS = 10
};

struct dialog {
  pid_t pid;
  int to, from;
  int64_t deadline; /* in milliseconds, of the monotonic clock */
  const sigset_t *mask;
  char *answer;
  size_t answer_size, answer_used;
  size_t line_size; /* of the line at the begin of input, without its end */
  size_t used;      /* of input */
  char input[2 * LINE_MAX_SIZE];
};

struct command_line {
  size_t used;
  char text[LINE_MAX_SIZE];
};

static int64_t now_ms(void)
{
  struct timespec now;

  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* --- the program ----------------------------------------------------------- */

/* Its standard error goes nowhere: toolkits warn there of this and that. */
static _Noreturn void run(int input, int output, const sigset_t *mask)
{
  int errors = open("/dev/null", O_WRONLY | O_CLOEXEC);

  sigprocmask(SIG_SETMASK, mask, NULL);
  if (errors >= 0 && dup2(input, STDIN_FILENO) >= 0 && dup2(output, STDOUT_FILENO) >= 0 &&
      dup2(errors, STDERR_FILENO) >= 0)
    execlp("pinentry", "pinentry", (char *)NULL);
  _exit(127);
}

static int start(struct dialog *dialog)
{
  int input[2], output[2];

  if (pipe2(input, O_CLOEXEC) < 0)
    return CREDENCE_E_PROMPT_REQUIRED;
  if (pipe2(output, O_CLOEXEC) < 0) {
    close(input[0]);
    close(input[1]);
    return CREDENCE_E_PROMPT_REQUIRED;
  }
  dialog->pid = fork();
  if (dialog->pid == 0)
    run(input[0], output[1], dialog->mask);
  close(input[0]);
  close(output[1]);
  dialog->to = input[1];
  dialog->from = output[0];
  if (dialog->pid > 0)
    return CREDENCE_OK;
  close(dialog->to);
  close(dialog->from);
  return CREDENCE_E_PROMPT_REQUIRED;
}

static bool ends_in_time(pid_t pid)
{
  const struct timespec step = {.tv_nsec = STEP_MS * 1000000L};

  for (int waited = 0; waited < GRACE_MS; waited += STEP_MS) {
    if (waitpid(pid, NULL, WNOHANG) != 0)
      return true;
    nanosleep(&step, NULL);
  }
  return false;
}

/* Without its pipes a pinentry ends by itself, unless its window is open. */
static void end(struct dialog *dialog, bool window_closed)
{
  close(dialog->to);
  close(dialog->from);
  if (window_closed && ends_in_time(dialog->pid))
    return;
  kill(dialog->pid, SIGTERM);
  if (ends_in_time(dialog->pid))
    return;
  kill(dialog->pid, SIGKILL);
  waitpid(dialog->pid, NULL, 0);
}

/* --- commands ---------------------------------------------------------------- */

/* What does not fit is cut off behind a whole character. */
static void append_escaped(struct command_line *line, const char *text)
{
  size_t left = strlen(text), step;

  for (; left > 0; left -= step, text += step) {
    char escaped[5] = "";

    step = text_step(text, left);
    if (step == 0)
      step = 1;
    if (strchr("%\r\n", *text))
      snprintf(escaped, sizeof escaped, "%%%02X", (unsigned)*text);
    else
      memcpy(escaped, text, step);
    if (line->used + strlen(escaped) >= sizeof line->text)
      return;
    memcpy(line->text + line->used, escaped, strlen(escaped));
    line->used += strlen(escaped);
  }
}

/* A pipe takes more than all that is ever written here, so this does not wait. */
static int put_command(const struct dialog *dialog, const char *command, const char *const *texts)
{
  struct command_line line = {.used = strlen(command)};

  memcpy(line.text, command, line.used);
  for (size_t i = 0; texts && texts[i]; i++)
    append_escaped(&line, texts[i]);
  line.text[line.used++] = '\n';
  return write(dialog->to, line.text, line.used) == (ssize_t)line.used ? CREDENCE_OK
                                                                       : CREDENCE_E_PROMPT_REQUIRED;
}

/* --- answers ----------------------------------------------------------------- */

/* Wait for more input until the deadline. */
static int read_more(struct dialog *dialog)
{
  struct pollfd waiting = {.fd = dialog->from, .events = POLLIN};
  int64_t left = dialog->deadline - now_ms();
  const struct timespec timeout = {.tv_sec = left / 1000, .tv_nsec = left % 1000 * 1000000};
  ssize_t got;
  int ready;

  if (left <= 0)
    return CREDENCE_E_DISMISSED;
  ready = ppoll(&waiting, 1, &timeout, dialog->mask);
  if (signals_caught() || ready == 0)
    return CREDENCE_E_DISMISSED;
  if (ready < 0)
    return errno == EINTR ? CREDENCE_OK : CREDENCE_E_PROMPT_REQUIRED;
  got = read(dialog->from, dialog->input + dialog->used, sizeof dialog->input - dialog->used);
  if (got <= 0)
    return CREDENCE_E_PROMPT_REQUIRED;
  dialog->used += (size_t)got;
  return CREDENCE_OK;
}

/* Put the next line to the begin of input. */
static int read_line(struct dialog *dialog)
{
  const char *end;

  while (!(end = memchr(dialog->input, '\n', dialog->used))) {
    int code = dialog->used < sizeof dialog->input ? read_more(dialog) : CREDENCE_E_PROMPT_REQUIRED;

    if (code != CREDENCE_OK)
      return code;
  }
  dialog->line_size = (size_t)(end - dialog->input);
  return CREDENCE_OK;
}

static void drop_line(struct dialog *dialog)
{
  size_t size = dialog->line_size + 1;

  memmove(dialog->input, dialog->input + size, dialog->used - size);
  dialog->used -= size;
}

static int hex_digit(char c)
{
  if (c >= '0' && c <= '9')
    return c - '0';
  if (c >= 'A' && c <= 'F')
    return c - 'A' + 10;
  if (c >= 'a' && c <= 'f')
    return c - 'a' + 10;
  return -1;
}

/* The next byte of percent-encoded data; NUL, which no answer has, when it is
 * none. */
static char take_byte(const char *data, size_t size, size_t *at)
{
  int high, low;

  if (data[*at] != '%')
    return data[(*at)++];
  if (size - *at < 3)
    return '\0';
  high = hex_digit(data[*at + 1]);
  low = hex_digit(data[*at + 2]);
  *at += 3;
  if (high < 0 || low < 0)
    return '\0';
  return (char)(high << 4 | low);
}

/* Append a line "D data" to the answer, which may come in several. */
static int take_data(struct dialog *dialog)
{
  for (size_t at = 2; at < dialog->line_size;) {
    if (dialog->answer_used + 1 >= dialog->answer_size)
      return CREDENCE_E_TOO_LARGE;
    dialog->answer[dialog->answer_used] = take_byte(dialog->input, dialog->line_size, &at);
    if (dialog->answer[dialog->answer_used++] == '\0')
      return CREDENCE_E_PROMPT_REQUIRED;
  }
  dialog->answer[dialog->answer_used] = '\0';
  return CREDENCE_OK;
}

static bool begins(const struct dialog *dialog, const char *word)
{
  size_t size = strlen(word);

  return dialog->line_size >= size && memcmp(dialog->input, word, size) == 0 &&
         (dialog->line_size == size || dialog->input[size] == ' ');
}

/* Go through the lines of an answer to its end.  What is not of the protocol is
 * not from a pinentry. */
static int read_answer(struct dialog *dialog)
{
  for (;;) {
    int code = read_line(dialog);
    bool last = false;

    if (code != CREDENCE_OK)
      return code;
    if (begins(dialog, "OK"))
      last = true;
    else if (begins(dialog, "ERR"))
      code = begins(dialog, CANCELLED) ? CREDENCE_E_DISMISSED : CREDENCE_E_PROMPT_REQUIRED;
    else if (begins(dialog, "D"))
      code = take_data(dialog);
    else if (!begins(dialog, "S") && dialog->input[0] != '#')
      code = CREDENCE_E_PROMPT_REQUIRED;
    drop_line(dialog);
    if (last || code != CREDENCE_OK)
      return code;
  }
}

static int transact(struct dialog *dialog, const char *command, const char *const *texts)
{
  int code = put_command(dialog, command, texts);

  return code == CREDENCE_OK ? read_answer(dialog) : code;
}

static int converse(struct dialog *dialog, const struct question *question)
{
  const char *const description[] = {question->text, question->choices ? "\n\n" : NULL, question->choices,
                                     NULL};
  const char *const label[] = {question->label, NULL};
  int code = read_answer(dialog); /* the greeting */

  if (code == CREDENCE_OK)
    code = transact(dialog, "SETTITLE Credence", NULL);
  if (code == CREDENCE_OK)
    code = transact(dialog, "SETDESC ", description);
  if (code == CREDENCE_OK)
    code = transact(dialog, "SETPROMPT ", label);
  if (code == CREDENCE_OK)
    code = transact(dialog, "GETPIN", NULL);
  return code == CREDENCE_OK && dialog->answer_used == 0 ? CREDENCE_E_DISMISSED : code;
}

/* A pinentry that ends early must not end the program with it. */
static int converse_safely(struct dialog *dialog, const struct question *question)
{
  const struct sigaction ignore = {.sa_handler = SIG_IGN};
  struct sigaction saved;
  int code;

  sigaction(SIGPIPE, &ignore, &saved);
  code = converse(dialog, question);
  sigaction(SIGPIPE, &saved, NULL);
  return code;
}

int pinentry_ask(const struct question *question, const sigset_t *mask, char *answer, size_t size)
{
  struct dialog dialog = {.mask = mask, .answer = answer, .answer_size = size};
  int code;

  dialog.deadline = now_ms() + question->milliseconds;
  code = start(&dialog);
  if (code != CREDENCE_OK)
    return code;
  code = converse_safely(&dialog, question);
  end(&dialog, code == CREDENCE_OK);
  explicit_bzero(&dialog, sizeof dialog);
  return code;
}
