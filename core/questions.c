/* SPDX-License-Identifier: BSD-3-Clause */
/* questions.c - what a provider wants to know from the user; see questions.h */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "encode.h"
#include "error.h"
#include "questions.h"

#define TEXT_MAX 1024u
#define ANSWER_MAX 1024u

void questions_clear(struct questions *questions)
{
  for (size_t i = 0; i < questions->count; i++) {
    free(questions->items[i].text);
    secret_value_clear(&questions->items[i].answer);
  }
  questions->count = 0;
}

struct question *questions_find(struct questions *questions, const char *name)
{
  for (size_t i = 0; i < questions->count; i++)
    if (strcmp(questions->items[i].name, name) == 0)
      return &questions->items[i];
  return NULL;
}

/* Part of the text may be a server's, and hosts show it as it is. */
static void make_plain(char *text, uint32_t kind)
{
  for (; *text != '\0'; text++)
    if (((unsigned char)*text < ' ' || *text == 0x7f) && !(*text == '\n' && kind == CREDENCE_ASK_CHOICE))
      *text = ' ';
}

int questions_add(struct questions *questions, uint32_t kind, const char *name, const char *text)
{
  if (strlen(name) > QUESTION_NAME_MAX || name[0] == '\0' || strlen(text) > TEXT_MAX || text[0] == '\0')
    return CREDENCE_E_INVALID;
  if (kind < CREDENCE_ASK_TEXT || kind > CREDENCE_ASK_CHOICE)
    return CREDENCE_E_UNSUPPORTED;
  if (questions->count == QUESTIONS_MAX)
    return CREDENCE_E_TOO_LARGE;
  struct question *question = &questions->items[questions->count];
  memset(question, 0, sizeof(*question));
  question->kind = kind;
  memcpy(question->name, name, strlen(name) + 1);
  question->text = strdup(text);
  if (question->text == NULL)
    return CREDENCE_E_NOMEM;
  make_plain(question->text, kind);
  questions->count++;
  return 0;
}

size_t questions_begin(struct questions *questions)
{
  size_t count = 0;
  for (size_t i = 0; i < questions->count; i++) {
    struct question *question = &questions->items[i];
    question->is_asked = question->answer.data == NULL;
    count += question->is_asked ? 1 : 0;
  }
  return count;
}

struct question *questions_asked(struct questions *questions, size_t index)
{
  for (size_t i = 0; i < questions->count; i++)
    if (questions->items[i].is_asked && index-- == 0)
      return &questions->items[i];
  return NULL;
}

int questions_are_open(const struct questions *questions)
{
  for (size_t i = 0; i < questions->count; i++)
    if (questions->items[i].answer.data == NULL)
      return 1;
  return 0;
}

/* Is answer one of the lines behind the first? */
static int is_choice(const char *text, const char *answer)
{
  for (const char *line = strchr(text, '\n'); line != NULL; line = strchr(line, '\n')) {
    size_t size = strcspn(++line, "\n");
    if (size == strlen(answer) && memcmp(line, answer, size) == 0)
      return 1;
  }
  return 0;
}

int question_answer(struct question *question, const char *answer, credence_error **error)
{
  size_t size = answer == NULL ? 0 : strnlen(answer, ANSWER_MAX + 1);
  if (size == 0 || size > ANSWER_MAX)
    return error_set(error, CREDENCE_E_INVALID, "answer in one line", "the answer is empty or too long");
  if (find_control(answer, size) < size)
    return error_set(error, CREDENCE_E_INVALID, "answer in one line",
                     "the answer has a control character in it");
  if (question->kind == CREDENCE_ASK_CHOICE && !is_choice(question->text, answer))
    return error_set(error, CREDENCE_E_INVALID, "answer with one of them as it stands there",
                     "the answer is none of the choices");
  return secret_value_set(&question->answer, answer, size) < 0 ? error_nomem(error) : 0;
}
