/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * prompt.h - ask the user on the terminal
 *
 * Questions go to /dev/tty, so that standard input and output stay free for
 * data.
 */
#ifndef TOOL_PROMPT_H
#define TOOL_PROMPT_H

#include <stdbool.h>
#include <stddef.h>

/* Room for the longest line that a terminal passes on. */
#define PROMPT_ANSWER_MAX 4096u

/* Ask, with the answer shown or not while it is typed.  Writes the answer and
 * a NUL to size bytes.  CREDENCE_E_PROMPT_REQUIRED without a terminal,
 * DISMISSED for no or an empty answer, TOO_LARGE when it does not fit. */
int prompt(const char *question, bool shown, char *answer, size_t size);

/* The same as a credence_ask_function, with the answer hidden. */
int prompt_for_library(void *userdata, const char *question, char *answer, size_t size);

#endif
