/* SPDX-License-Identifier: BSD-3-Clause */
/* answer.h - what CloudStack says about a failure */
#ifndef CLOUDSTACK_ANSWER_H
#define CLOUDSTACK_ANSWER_H

#include "credence-plugin.h"

/* {"listusersresponse":{"errorcode":401,"errortext":"..."}}: the name in front is
 * that of the command, or "errorresponse" where the server does not know it.
 * command may be NULL. */

/* The text, with a NUL at its end; NULL when the answer has none. */
const char *answer_errortext(credence_call *call, const char *command);

/* The code, or else the status of the answer. */
int64_t answer_code(credence_call *call, const char *command);

#endif
