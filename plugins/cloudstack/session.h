/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * session.h - CloudStack's other way in: a user's name and password
 *
 * A session is the cookie JSESSIONID and a session key.  The key goes with every
 * request as a parameter and, since versions of 2024 compare the two, as a cookie
 * as well.
 */
#ifndef CLOUDSTACK_SESSION_H
#define CLOUDSTACK_SESSION_H

#include "credence-plugin.h"

int session_login(credence_call *call);

/* Keep the session of the answer, or say why there is none. */
int session_take(credence_call *call);

int session_sign(credence_call *call);

#endif
