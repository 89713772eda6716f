/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * manifest.h - what a provider is, without its code
 *
 * Everything about a provider that is not code stands in NAME.provider, so that
 * listing, prompting and checking a profile never load a plugin.
 * credence-provider(5) is the text for authors.
 */
#ifndef CORE_MANIFEST_H
#define CORE_MANIFEST_H

#include <stddef.h>

#include "credence.h"

#define MANIFEST_FIELDS_MAX 32u
#define MANIFEST_SESSION_MAX 8u

struct field {
  char *name;
  char *label;
  char *help;
  char *default_value; /* NULL: none */
  char *pattern;       /* POSIX extended; NULL: anything */
  char *when;          /* "OPTION=VALUE": counts only then; NULL: always */
  int is_login_url;    /* its origin may get the login */
  unsigned flags;      /* CREDENCE_FIELD_* */
};

struct credence_manifest {
  char *name;
  char *path;
  int is_user; /* found in the user's folder */
  char *title;
  char *homepage;
  char *module;
  char *provider;
  char *endpoint;
  struct field fields[MANIFEST_FIELDS_MAX];
  size_t field_count;
  struct field session[MANIFEST_SESSION_MAX]; /* what a login yields: name, label, when and flags */
  size_t session_count;
};

/* with_user: look in the user's folder too, after the system's. */
int manifest_open(const char *name, int with_user, credence_manifest **ret_manifest, credence_error **error);

/* The field of that name; -1 when there is none. */
int manifest_find(const credence_manifest *manifest, const char *field);
int manifest_find_session(const credence_manifest *manifest, const char *name);

/* Does a field count, by its "when"?  value_of answers the value of the option at
 * an index, or NULL. */
typedef const char *(*manifest_value)(const void *userdata, size_t index);
int manifest_applies(const credence_manifest *manifest, const struct field *field, manifest_value value_of,
                     const void *userdata);

/* INVALID unless value may stand in this field. */
int manifest_check_value(const credence_manifest *manifest, size_t index, const char *value,
                         credence_error **error);

#endif
