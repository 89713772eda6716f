/* SPDX-License-Identifier: BSD-3-Clause */
/* sessionbus.h - is there a session bus at all? */
#ifndef CORE_SESSIONBUS_H
#define CORE_SESSIONBUS_H

#include "credence.h"

/* NO_KEYRING, with how to choose another keyring, when no bus answers: nothing
 * is started to find that out. */
int session_bus_check(credence_error **error);

/* Does a bus at one of these addresses, which ";" separates, answer?  0 milliseconds: that
 * somebody listens there is enough; else it has as long to answer the greeting of D-Bus. */
int session_bus_answers(const char *addresses, int milliseconds);

#endif
