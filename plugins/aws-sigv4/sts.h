/* SPDX-License-Identifier: BSD-3-Clause */
/* sts.h - temporary keys from AWS's Security Token Service */
#ifndef AWS_STS_H
#define AWS_STS_H

#include "signature.h"

/* Build the login, and read the answer to it. */
int sts_login(void *settings, credence_call *call);
int sts_logged_in(void *settings, credence_call *call);

#endif
