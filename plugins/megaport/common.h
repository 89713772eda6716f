/* SPDX-License-Identifier: BSD-3-Clause */
/* common.h - what both ways of logging in to Megaport share */
#ifndef MEGAPORT_COMMON_H
#define MEGAPORT_COMMON_H

#include "credence-plugin.h"

#define WORDS_SIZE 400

/* *ret_is: does the option have this value? */
int option_is(credence_call *call, const char *option, const char *text, int *ret_is);

/* Write "MESSAGE (trace id X)", where the support asks for the second; "the server
 * answered STATUS" where there is no message.  Returns whether there is one. */
int words_of(credence_call *call, char out[WORDS_SIZE]);

#endif
