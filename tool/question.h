/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * question.h - a question as the terminal and pinentry ask it
 */
#ifndef TOOL_QUESTION_H
#define TOOL_QUESTION_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

/* The texts are safe to show: without control characters, but for the line ends
 * of the choices. */
struct question {
  char *text;            /* one line */
  char *choices;         /* numbered, each on a line; NULL when any answer will do */
  const char *label;     /* a word for the answer, with a colon */
  bool shown;            /* may the answer be shown while it is typed? */
  unsigned milliseconds; /* the longest wait for a window; the terminal waits for ever */
};

/* Ask in one place.  Signals are held back, and arrive under mask alone: see
 * signals.h; one that is caught ends the question.  Writes the answer and a NUL
 * to size bytes.  CREDENCE_E_PROMPT_REQUIRED when one cannot ask there, DISMISSED
 * for no or an empty answer, TOO_LARGE when it does not fit. */
typedef int ask_function(const struct question *question, const sigset_t *mask, char *answer, size_t size);

#endif
