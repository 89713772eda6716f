/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * host.h - the services that a plugin sees, and the calls into it
 */
#ifndef CORE_HOST_H
#define CORE_HOST_H

#include "credence-plugin.h"
#include "profile.h"
#include "request.h"

extern const credence_host host_services;

/* Let the provider look at the fields of entry. */
int host_open(credence_profile *profile, struct stack_entry *entry, const struct loaded_provider *provider,
              credence_error **error);
/* Let it sign the request's attempt. */
int host_sign(credence_request *request, struct stack_entry *entry, credence_error **error);
/* Let it judge the response: CREDENCE_DONE and so on, or an error. */
int host_judge(credence_request *request, credence_response *response, struct stack_entry *entry,
               credence_error **error);

#endif
