/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * secret-service-prompt.h - what the Secret Service wants to ask the user
 *
 * Unlocking, storing and deleting may each be answered with a prompt instead of
 * a result.  Nothing is shown unless the request allows it and there is a
 * display, and what nobody answers by the deadline is taken away.
 */
#ifndef KEYRING_SECRET_SERVICE_PROMPT_H
#define KEYRING_SECRET_SERVICE_PROMPT_H

#include "secret-service-call.h"

/* Unlock an item or a collection by asking the user, where that is allowed.
 * CREDENCE_OK, or an error that is noted in the answer. */
int prompt_unlock(struct call *call, const char *path);

/* Show the prompt at this path, "/" for none, where that is allowed.  CREDENCE_OK
 * once the user agreed, or an error that is noted in the answer. */
int prompt_show(struct call *call, const char *path);

/* The same for a prompt of which it is known that it asks nobody. */
int prompt_pass(struct call *call, const char *path);

/* Is there a screen that a window could be shown on? */
gboolean prompt_has_display(void);

#endif
