/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * request-build.h - a request from the command line, for sign and send
 */
#ifndef TOOL_REQUEST_BUILD_H
#define TOOL_REQUEST_BUILD_H

#include "body-file.h"
#include "options.h"

struct built_request {
  credence_profile *profile;
  credence_request *request;
  struct body_file body_file; /* the body, when it is too large for memory */
  bool traced;                /* with --trace: has there been something to tell? */
};

/* With --trace, for a provider that signs nothing: say so. */
void request_tell_untraced(const struct session *session, const struct arguments *arguments,
                           const struct built_request *built);

/* Make the request that the operands and options describe.  Returns an exit
 * code; *ret_built is to be cleared in any case. */
int request_build(const struct session *session, const struct arguments *arguments,
                  struct built_request *ret_built);
void request_clear(struct built_request *built);

/* Tell why signing, sending or reading the request failed, and free the error.
 * Returns the exit code. */
int request_complain(const struct built_request *built, int code, credence_error **error);

#endif
