/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fields.h - FIELD=VALUE and --secret FIELD=PATH, for add, set and rotate
 *
 * The value of a secret field never stands on the command line, where other
 * users and the history of the shell see it; and what might be one is not
 * repeated in an error.
 */
#ifndef TOOL_FIELDS_H
#define TOOL_FIELDS_H

#include "options.h"

/* Where to look up whether a field is secret: one of the two. */
struct field_source {
  const credence_manifest *manifest;
  const credence_profile *profile;
};

/* Check the operands from first on and the --secret options; returns an exit
 * code. */
int fields_check(const struct arguments *arguments, size_t first, const struct field_source *source);

/* Put them into the draft.  They have been checked. */
int fields_apply(const struct session *session, const struct arguments *arguments, size_t first,
                 credence_draft *draft);

/* Ask the user for the required fields that have no value yet. */
int fields_ask_missing(const struct session *session, credence_draft *draft);

/* Ask for every secret that the profile cannot do without, again. */
int fields_ask_secrets(const struct session *session, credence_draft *draft, const credence_profile *profile);

#endif
