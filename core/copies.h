/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * copies.h - where a profile that moved left a copy of its secrets
 *
 * A small file in the state folder, with nothing secret in it.  It is written before the
 * profile's file names the new keyring, so that a move that was interrupted can be
 * completed, and a copy that was left can be deleted later.
 */
#ifndef CORE_COPIES_H
#define CORE_COPIES_H

#include "place.h"

/* *ret_place has no keyring when nothing is known; place_clear() it. */
int copies_read(const char *profile, struct place *ret_place, credence_error **error);
int copies_write(const char *profile, const struct place *place, credence_error **error);
/* CONFLICT, with the command that deletes it, when a copy is known that would be forgotten
 * now.  The profile is here, and may be about to move; to: NULL when it is not. */
int copies_check(credence_context *context, const char *profile, const struct place *here,
                 const struct place *to, credence_error **error);
/* Forget; that there is nothing is fine. */
void copies_remove(const char *profile);

#endif
