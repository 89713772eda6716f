/* SPDX-License-Identifier: BSD-3-Clause */
/* credence migrate: profiles to another keyring. */
#include "config.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"
#include "output.h"

/* What the user asked for. */
struct target {
  const char *keyring;
  const char *store; /* NULL: the usual one */
  unsigned flags;
};

static unsigned flags_of(const struct arguments *arguments)
{
  unsigned flags = 0;

  if (option_value(arguments, "verify"))
    flags |= CREDENCE_MIGRATE_VERIFY;
  if (option_value(arguments, "delete-source"))
    flags |= CREDENCE_MIGRATE_DELETE_SOURCE;
  if (option_value(arguments, "replace"))
    flags |= CREDENCE_MIGRATE_REPLACE;
  return flags;
}

/* Where the profile has its secrets: "file (/srv/team.keyring)", to be freed; NULL when it
 * cannot be read, which the library tells. */
static char *place_of(const struct session *session, const char *name)
{
  credence_profile *profile = NULL;
  const char *store;
  char *words = NULL;

  if (credence_profile_open(session->context, name, &profile, NULL) != CREDENCE_OK)
    return NULL;
  store = credence_profile_store(profile);
  if (asprintf(&words, "%s%s%s%s", credence_profile_keyring(profile), store ? " (" : "", store ? store : "",
               store ? ")" : "") < 0)
    words = NULL;
  credence_profile_free(&profile);
  return words;
}

/* The original, which nobody was to delete, or could. */
static void tell_copy(const struct session *session, const char *name, const char *from,
                      const struct target *to)
{
  if (strncmp(from, "directory", strlen("directory")) == 0)
    notice(session, "its secrets stay in %s, too: whoever fills it removes them", from);
  else
    notice(session,
           "a copy of its secrets stays in %s: credence migrate %s --to %s%s%s --delete-source deletes it",
           from, name, to->keyring, to->store ? " --store " : "", to->store ? to->store : "");
}

static void tell(const struct session *session, const char *name, const char *from, const struct target *to,
                 unsigned done)
{
  char *place = place_of(session, name);
  const char *here = place ? place : to->keyring;

  if (done & CREDENCE_MIGRATE_MOVED)
    notice(session, "moved %s from %s to %s", name, from, here);
  else if (done & CREDENCE_MIGRATE_DELETED)
    notice(session, "%s is in %s; what an earlier move left behind is deleted", name, here);
  else
    notice(session, "%s is in %s already: there is nothing to do", name, here);
  if (done == CREDENCE_MIGRATE_MOVED)
    tell_copy(session, name, from, to);
  free(place);
}

static int migrate_profile(const struct session *session, const char *name, const struct target *to)
{
  credence_error *error = NULL;
  char *from = place_of(session, name);
  unsigned done = 0;
  int code =
      credence_profile_migrate(session->context, name, to->keyring, to->store, to->flags, &done, &error);

  if (code != CREDENCE_OK)
    code = complain_library(code, &error);
  else
    tell(session, name, from ? from : "its keyring", to, done);
  free(from);
  return code;
}

/* Each by itself; the first that fails gives the exit code. */
static int run_migrate(const struct session *session, const struct arguments *arguments)
{
  const struct target to = {option_value(arguments, "to"), option_value(arguments, "store"),
                            flags_of(arguments)};
  int first = EXIT_DONE;

  if (!to.keyring)
    return usage_error(arguments->command, "say which keyring: --to KEYRING");
  for (size_t i = 0; i < arguments->operand_count; i++) {
    int code = migrate_profile(session, arguments->operands[i], &to);

    if (first == EXIT_DONE)
      first = code;
  }
  return first;
}

static const struct option_spec migrate_options[] = {
    {"to", "KEYRING", "the keyring that shall have the secrets", 0},
    {"store", "PATH", "the file or folder of that keyring, if not the usual one", 0},
    {"verify", NULL, "open the profile from there before it counts", 0},
    {"delete-source", NULL, "then delete the original; or what an earlier move left", 0},
    {"replace", NULL, "overwrite what else is there under the profile's name", 0},
    {0},
};

const struct command command_migrate = {
    .name = "migrate",
    .operands = "PROFILE...",
    .summary = "move profiles to another keyring",
    .details = "The secrets and the session are copied and read back, then the profile's file is\n"
               "changed, then the original is deleted if --delete-source says so.  What was\n"
               "interrupted can be done again.\n",
    .example = "credence migrate lab --to file --delete-source",
    .least_operands = 1,
    .most_operands = SIZE_MAX,
    .options = migrate_options,
    .run = run_migrate,
};
