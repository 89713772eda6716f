/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * draft.h - make and change profiles
 *
 * A draft is the settings of a profile's file and the secrets that are new.
 * Changes are remembered one by one: when the draft is saved they are made
 * again to what the file says by then, so that two people who change different
 * fields at once both get what they want.
 */
#ifndef CORE_DRAFT_H
#define CORE_DRAFT_H

#include "profile.h"
#include "profile-file.h"

struct draft_entry {
  credence_manifest *manifest;
  char *secrets[MANIFEST_FIELDS_MAX]; /* secret memory; NULL: as it was */
  size_t sizes[MANIFEST_FIELDS_MAX];
};

struct credence_draft {
  credence_context *context;
  char *name;
  int is_new;
  struct profile_file file; /* with all changes */
  struct profile_file log;  /* the changes, in order; an empty value takes one away */
  struct draft_entry entries[STACK_MAX];
  size_t entry_count;
  char *client_key; /* secret memory; NULL: as it was */
  size_t client_key_size;
};

/* Does the field count, by its "when"? */
int draft_applies(const credence_draft *draft, size_t entry, const struct field *field);

/* Are its secrets somebody else's to write? */
int draft_is_read_only(const credence_draft *draft);
/* UNSUPPORTED, with the file to write instead. */
int draft_refuse_secret(const credence_draft *draft, const char *field, credence_error **error);

/* CONFLICT when there is a profile of that name. */
int draft_check_is_free(const char *name, credence_error **error);
/* Make the draft's changes to file. */
int draft_replay(const credence_draft *draft, struct profile_file *file, credence_error **error);

#endif
