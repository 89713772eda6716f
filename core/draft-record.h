/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * draft-record.h - what a keyring gets of a draft
 *
 * Both saving and rotating need it: the draft's new secrets, the old ones that are
 * kept, and the origins that may get them.
 */
#ifndef CORE_DRAFT_RECORD_H
#define CORE_DRAFT_RECORD_H

#include "draft.h"
#include "record.h"

/* The name of a field whose secret the draft brings; NULL when it brings none. */
const char *draft_new_secret(const credence_draft *draft);
/* The origin of its endpoint; NULL when memory runs out. */
char *draft_origin(const credence_draft *draft);

/* The line of a record with a stamp of its own: the secrets that are new, and of old,
 * which may be all zero, those that are not replaced.  with as in struct record_head. */
int draft_make_record(const credence_draft *draft, const struct record *old, const struct profile_file *with,
                      char **ret_text, credence_error **error);

#endif
