/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * helper-client.h - one running helper, and messages to and fro by a deadline
 */
#ifndef CORE_HELPER_CLIENT_H
#define CORE_HELPER_CLIENT_H

#include <stddef.h>

#include "credence.h"

struct helper;

/* Start keyring-NAME.  NO_KEYRING when there is no such helper. */
int helper_start(const char *name, struct helper **ret_helper, credence_error **error);
/* End it: politely by closing the socket, then by force. */
void helper_stop(struct helper **helper);

/* Send a message with its length prefix, and read the answer, without its
 * prefix, into secret memory.  TIMEOUT, SERVICE_LOST or MALFORMED end the
 * helper: what it would still say belongs to this question. */
int helper_call(struct helper *helper, const void *message, size_t size, int milliseconds,
                unsigned char **ret_answer, size_t *ret_size);

#endif
