/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * questions.h - what a provider wants to know from the user while it logs in
 *
 * Answers are kept as secrets are, for the one login that they belong to.
 */
#ifndef CORE_QUESTIONS_H
#define CORE_QUESTIONS_H

#include "credence.h"
#include "secret-value.h"

#define QUESTIONS_MAX 8u
#define QUESTION_NAME_MAX 64u

struct question {
  uint32_t kind; /* CREDENCE_ASK_* */
  char name[QUESTION_NAME_MAX + 1];
  char *text;
  int is_asked;               /* in this round */
  struct secret_value answer; /* data NULL: not answered yet */
};

struct questions {
  struct question items[QUESTIONS_MAX];
  size_t count;
};

void questions_clear(struct questions *questions);
struct question *questions_find(struct questions *questions, const char *name);
/* Add one.  NOMEM, INVALID for a name or text that is none, TOO_LARGE. */
int questions_add(struct questions *questions, uint32_t kind, const char *name, const char *text);
/* Begin a round: those without an answer are asked.  How many are these? */
size_t questions_begin(struct questions *questions);
/* The one at index of those that are asked; NULL behind the last. */
struct question *questions_asked(struct questions *questions, size_t index);
/* Is one of them without an answer? */
int questions_are_open(const struct questions *questions);
/* INVALID when the answer is empty, longer than a line, or not among the choices. */
int question_answer(struct question *question, const char *answer, credence_error **error);

#endif
