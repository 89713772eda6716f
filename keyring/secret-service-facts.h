/* SPDX-License-Identifier: BSD-3-Clause */
/* secret-service-facts.h - what there is to tell about the Secret Service; see credence-keyring(7) */
#ifndef KEYRING_SECRET_SERVICE_FACTS_H
#define KEYRING_SECRET_SERVICE_FACTS_H

#include "secret-service-call.h"

/* Write the facts, and a sentence for people, to the answer of a call that reached
 * the bus.  Asks nobody to unlock anything, and does not need the service to
 * answer.  CREDENCE_OK. */
int facts_write(struct call *call);

#endif
