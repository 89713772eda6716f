/* SPDX-License-Identifier: BSD-3-Clause */
/* answer.h - what AWS says about a failure */
#ifndef AWS_ANSWER_H
#define AWS_ANSWER_H

#include "credence-plugin.h"

struct answer {
  char code[80]; /* "" when the answer has none */
  char message[300];
};

/* Read the error out of an answer, which is XML or JSON. */
void answer_read(credence_call *call, struct answer *ret_answer);
/* "CODE: MESSAGE", or what there is of it. */
void answer_words(credence_call *call, const struct answer *answer, char *out, size_t room);

/* Is it about the time in the request? */
int answer_is_about_clock(const struct answer *answer);
/* Does it say that temporary keys are no longer good? */
int answer_is_about_session(const struct answer *answer);

/* Is it about the keys that signed, or what they may do? */
int answer_is_about_key(const struct answer *answer);

/* The text between the first <name> and </name>; data NULL when there is none.  What is
 * between has no elements of its own. */
credence_bytes xml_text(credence_bytes from, const char *name);

int judge(void *settings, credence_call *call);

#endif
