/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * request-build.h - a request from the command line, for sign and send
 */
#ifndef TOOL_REQUEST_BUILD_H
#define TOOL_REQUEST_BUILD_H

#include "options.h"

struct built_request {
  credence_profile *profile;
  credence_request *request;
};

/* Make the request that the operands and options describe.  Returns an exit
 * code; *ret_built is to be cleared in any case. */
int request_build(const struct session *session, const struct arguments *arguments,
                  struct built_request *ret_built);
void request_clear(struct built_request *built);

#endif
