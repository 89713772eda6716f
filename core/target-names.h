/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * target-names.h - {NAME} in a target: a value of the session
 *
 * "/v2/company/{company_id}" asks for the company that the login was for.  Braces
 * may not stand in a URL, so they mean nothing else.
 */
#ifndef CORE_TARGET_NAMES_H
#define CORE_TARGET_NAMES_H

#include "request.h"

/* A copy of target with a letter for each brace, so that it can be read as a
 * target; what is found in it is at the same place in target.  NULL after an error:
 * a brace without its other half, a name that the profile's session does not have,
 * or one that is secret. */
char *target_names_mask(const credence_profile *profile, const char *target, credence_error **error);

/* Put the values of the request's session into its attempt, percent-encoded.
 * NO_SESSION when there is none. */
int target_names_expand(credence_request *request, credence_error **error);

#endif
