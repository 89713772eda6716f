/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Decides where a question is asked.  A signal that would end or stop the program
 * is held back until the terminal is as before, or the window closed, and then
 * let through.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"
#include "pinentry.h"
#include "prompt.h"
#include "signals.h"
#include "text.h"

#define CHOICE_TRIES 3
#define WINDOW_MS (5u * 60u * 1000u)

/* The line with this number behind the first, from 1; NULL behind the last. */
static const char *choice_at(const char *text, size_t number, size_t *ret_size)
{
  const char *end;

  for (; number > 0; number--) {
    end = strchr(text, '\n');
    if (!end)
      return NULL;
    text = end + 1;
  }
  *ret_size = strcspn(text, "\n");
  return *ret_size > 0 ? text : NULL;
}

static void put_first_line(FILE *stream, const char *text)
{
  put_escaped(stream, text, strcspn(text, "\n"));
}

static void put_choices(FILE *stream, const char *text)
{
  const char *choice;
  size_t size = 0;

  for (size_t i = 1; (choice = choice_at(text, i, &size)); i++) {
    fprintf(stream, "%3zu  ", i);
    put_escaped(stream, choice, size);
    fputc('\n', stream);
  }
}

/* What put writes, to be freed; NULL without memory. */
static char *written(void (*put)(FILE *stream, const char *text), const char *text)
{
  char *result = NULL;
  size_t size = 0;
  FILE *stream = open_memstream(&result, &size);

  if (!stream)
    return NULL;
  put(stream, text);
  if (fclose(stream) != 0) {
    free(result);
    return NULL;
  }
  return result;
}

/* Is answer the number of a choice, or a choice?  Then it becomes the choice.
 * Numbers go first: they are what the question asks for. */
static bool take_choice(const char *text, char *answer, size_t size)
{
  const char *choice = NULL;
  size_t length = 0;
  int64_t number = 0;

  if (strspn(answer, "0123456789") == strlen(answer) && parse_decimal(answer, 0, &number) && number > 0)
    choice = choice_at(text, (size_t)number, &length);
  if (choice && length < size) {
    memcpy(answer, choice, length);
    answer[length] = '\0';
    return true;
  }
  for (size_t i = 1; (choice = choice_at(text, i, &length)); i++)
    if (strlen(answer) == length && memcmp(answer, choice, length) == 0)
      return true;
  return false;
}

/* The user may stop the program in the middle: when it goes on, it asks anew. */
static int ask_once(ask_function *ask, const struct question *question, char *answer, size_t size)
{
  struct signals saved;
  int code;

  do {
    signals_hold(&saved);
    code = ask(question, &saved.mask, answer, size);
    signals_release(&saved);
    if (code != CREDENCE_OK)
      explicit_bzero(answer, size);
    if (signals_caught())
      raise(signals_caught());
  } while (signals_caught() == SIGTSTP);
  return code;
}

static int ask_patiently(ask_function *ask, const struct question *question, unsigned kind, const char *text,
                         char *answer, size_t size)
{
  for (int i = 0; i < CHOICE_TRIES; i++) {
    int code = ask_once(ask, question, answer, size);

    if (code != CREDENCE_OK || kind != CREDENCE_ASK_CHOICE || take_choice(text, answer, size))
      return code;
  }
  return CREDENCE_E_DISMISSED;
}

static const char *label_for(unsigned kind)
{
  switch (kind) {
  case CREDENCE_ASK_OTP:
    return "Code:";
  case CREDENCE_ASK_CHOICE:
    return "Number:";
  default:
    return "Answer:";
  }
}

static int ask_by(ask_function *ask, const struct session *session, unsigned kind, const char *text,
                  char *answer, size_t size)
{
  bool choice = kind == CREDENCE_ASK_CHOICE;
  struct question question = {
      .text = choice ? written(put_first_line, text) : escape_text(text),
      .choices = choice ? written(put_choices, text) : NULL,
      .label = label_for(kind),
      .shown = choice || kind == CREDENCE_ASK_TEXT,
      .milliseconds = session->timeout ? session->timeout : WINDOW_MS,
  };
  int code = CREDENCE_E_NOMEM;

  if (question.text && (question.choices || !choice))
    code = ask_patiently(ask, &question, kind, text, answer, size);
  free(question.text);
  free(question.choices);
  return code;
}

static bool has_display(void)
{
  static const char *const names[] = {"DISPLAY", "WAYLAND_DISPLAY"};

  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    const char *value = getenv(names[i]);

    if (value && *value)
      return true;
  }
  return false;
}

int prompt_on_terminal(const struct session *session, unsigned kind, const char *question, char *answer,
                       size_t size)
{
  if (!session->may_prompt)
    return CREDENCE_E_PROMPT_REQUIRED;
  return ask_by(terminal_ask, session, kind, question, answer, size);
}

int prompt(const struct session *session, unsigned kind, const char *question, char *answer, size_t size)
{
  int code = prompt_on_terminal(session, kind, question, answer, size);

  if (code == CREDENCE_E_PROMPT_REQUIRED && session->may_prompt && has_display())
    code = ask_by(pinentry_ask, session, kind, question, answer, size);
  return code;
}

/* The library knows of these answers alone. */
int prompt_for_library(void *session, unsigned kind, const char *question, char *answer, size_t size)
{
  int code = prompt(session, kind, question, answer, size);

  return code == CREDENCE_OK || code == CREDENCE_E_PROMPT_REQUIRED ? code : CREDENCE_E_DISMISSED;
}
