/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * host.h - the services that a plugin sees, and the calls into it
 */
#ifndef CORE_HOST_H
#define CORE_HOST_H

#include "credence-plugin.h"
#include "profile.h"
#include "questions.h"
#include "request.h"
#include "session.h"

extern const credence_host host_services;

/* Let the provider look at the fields of entry. */
int host_open(credence_profile *profile, struct stack_entry *entry, credence_error **error);
/* Let it sign the request's attempt. */
int host_sign(credence_request *request, struct stack_entry *entry, credence_error **error);
/* Let it judge the response: *ret_verdict is CREDENCE_DONE and so on.  Also when
 * that is not DONE, *error may be set, to the plugin's words for it. */
int host_judge(credence_request *request, credence_response *response, struct stack_entry *entry,
               int *ret_verdict, credence_error **error);
/* Let it build the login request's attempt.  PROMPT_REQUIRED with questions that
 * are open: ask them, and call again. */
int host_login(credence_request *request, struct stack_entry *entry, struct questions *questions,
               credence_error **error);
/* Let it make a session of the answer to that; PROMPT_REQUIRED as above. */
int host_logged_in(credence_request *request, credence_response *response, struct stack_entry *entry,
                   struct questions *questions, struct session **ret_session, credence_error **error);

#endif
