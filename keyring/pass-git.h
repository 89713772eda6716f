/* SPDX-License-Identifier: BSD-3-Clause */
/* pass-git.h - keep the history of a password store that is a git repository */
#ifndef KEYRING_PASS_GIT_H
#define KEYRING_PASS_GIT_H

#include "pass-store.h"

/* Is the store, or our folder in it, a git repository? */
int git_is_used(const struct pass *pass);

/* Commit what was done to the entry of the request: "Add", "Change" or "Remove".
 * It is stored already, and stays so: when git fails, the answer's message says
 * so, and the next commit of the store takes it along.  Needs the lock. */
void git_commit(struct pass *pass, const char *what);

#endif
