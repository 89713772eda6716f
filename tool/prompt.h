/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * prompt.h - ask the user: on the terminal, or in a window where there is none
 */
#ifndef TOOL_PROMPT_H
#define TOOL_PROMPT_H

#include "command.h"
#include "terminal.h"

/* Room for the longest answer. */
#define PROMPT_ANSWER_MAX TERMINAL_ANSWER_MAX

/* Ask a question of one of the kinds CREDENCE_ASK_*.  Writes the answer and a NUL
 * to size bytes.  CREDENCE_E_PROMPT_REQUIRED when there is nobody to ask or asking
 * is not allowed, DISMISSED for no, an empty answer or none in time, TOO_LARGE
 * when it does not fit. */
int prompt(const struct session *session, unsigned kind, const char *question, char *answer, size_t size);
int prompt_on_terminal(const struct session *session, unsigned kind, const char *question, char *answer,
                       size_t size);

/* prompt() as a credence_ask_function; session is a const struct session *. */
int prompt_for_library(void *session, unsigned kind, const char *question, char *answer, size_t size);

#endif
