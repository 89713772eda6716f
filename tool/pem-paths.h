/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pem-paths.h - --client-cert, --client-key and --ca-cert, for add and set
 */
#ifndef TOOL_PEM_PATHS_H
#define TOOL_PEM_PATHS_H

#include "options.h"

/* Is one of them given? */
bool pem_paths_given(const struct arguments *arguments);

/* Put them into the draft; an empty path takes the setting away.  Returns an exit
 * code. */
int pem_paths_apply(const struct arguments *arguments, credence_draft *draft);

#endif
