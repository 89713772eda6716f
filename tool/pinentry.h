/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pinentry.h - ask in a window, by the program pinentry of the user
 *
 * It speaks the Assuan protocol: a command on a line, and an answer of lines that
 * ends with OK or ERR.
 */
#ifndef TOOL_PINENTRY_H
#define TOOL_PINENTRY_H

#include "question.h"

/* An ask_function.  A window hides every answer.  DISMISSED also when there is no
 * answer in time; pinentry has ended when this returns. */
int pinentry_ask(const struct question *question, const sigset_t *mask, char *answer, size_t size);

#endif
