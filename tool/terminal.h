/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * terminal.h - ask on the terminal
 *
 * Questions go to /dev/tty, so that standard input and output stay free for
 * data.
 */
#ifndef TOOL_TERMINAL_H
#define TOOL_TERMINAL_H

#include "question.h"

/* Room for the longest line that a terminal passes on. */
#define TERMINAL_ANSWER_MAX 4096u

/* An ask_function.  What is typed is shown again when it returns. */
int terminal_ask(const struct question *question, const sigset_t *mask, char *answer, size_t size);

#endif
