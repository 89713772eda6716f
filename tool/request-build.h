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
  bool traced; /* with --trace: has there been something to tell? */
};

/* With --trace, for a provider that signs nothing: say so. */
void request_tell_untraced(const struct session *session, const struct arguments *arguments,
                           const struct built_request *built);

/* Make the request that the operands and options describe.  Returns an exit
 * code; *ret_built is to be cleared in any case. */
int request_build(const struct session *session, const struct arguments *arguments,
                  struct built_request *ret_built);
void request_clear(struct built_request *built);

#endif
