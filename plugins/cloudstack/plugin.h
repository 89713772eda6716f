/* SPDX-License-Identifier: BSD-3-Clause */
/* plugin.h - what the two providers of this plugin share */
#ifndef CLOUDSTACK_PLUGIN_H
#define CLOUDSTACK_PLUGIN_H

#include "params.h"

extern const credence_provider cloudstack_provider;
extern const credence_provider cpbm_provider;

/* Sign prefix and the sorted parameters with HMAC-SHA1 under secret_key, and
 * append the base64 as the parameter "signature". */
int sign_params(credence_call *call, const char *space, enum params_order order, credence_bytes prefix);

/* Append name=value of a field: change is CREDENCE_APPEND_QUERY or _FORM. */
int append_field(credence_call *call, uint32_t change, const char *name, const char *field);

#endif
