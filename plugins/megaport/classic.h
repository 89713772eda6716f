/* SPDX-License-Identifier: BSD-3-Clause */
/* classic.h - Megaport's older login: a user's name and password, at the API itself */
#ifndef MEGAPORT_CLASSIC_H
#define MEGAPORT_CLASSIC_H

#include "credence-plugin.h"

int classic_login(credence_call *call);

/* Keep the token of the answer and the user's company, or say why there is none. */
int classic_take(credence_call *call);

int classic_sign(credence_call *call);

#endif
