/* SPDX-License-Identifier: BSD-3-Clause */
/* credence export and import: profiles to another machine. */
#include "config.h"

#include <stdint.h>
#include <unistd.h>

#include "options.h"
#include "output.h"

static int run_export(const struct session *session, const struct arguments *arguments)
{
  const char *path = arguments->operands[0];
  credence_error *error = NULL;
  /* The operands end with NULL. */
  int code = credence_export(session->context, path, arguments->operands + 1, &error);

  if (code != CREDENCE_OK)
    return complain_library(code, &error);
  if (arguments->operand_count > 1)
    notice(session, "exported %zu profiles to %s; sessions are not in it", arguments->operand_count - 1,
           path);
  else
    notice(session, "exported all profiles to %s; sessions are not in it", path);
  return EXIT_DONE;
}

static void tell_missing(const struct session *session, const char *name, const char *setting,
                         const char *path)
{
  if (path && access(path, F_OK) != 0)
    notice(session, "%s: %s is not here: %s (credence set %s --%s=PATH names another)", name, setting, path,
           name, setting);
}

/* Files of certificates are named by the profile, and do not come along. */
static void tell_imported(const struct session *session, const char *name, const char *word)
{
  credence_profile *profile = NULL;

  if (credence_profile_open(session->context, name, &profile, NULL) != CREDENCE_OK)
    return;
  notice(session, "%s %s (keyring %s)", word, name, credence_profile_keyring(profile));
  tell_missing(session, name, "client-cert", credence_profile_client_cert(profile));
  tell_missing(session, name, "client-key", credence_profile_client_key(profile));
  tell_missing(session, name, "ca-cert", credence_profile_ca_cert(profile));
  credence_profile_free(&profile);
}

static int import_profile(const struct session *session, const struct arguments *arguments,
                          credence_import *import, const char *name)
{
  credence_error *error = NULL;
  unsigned flags = option_value(arguments, "replace") ? CREDENCE_IMPORT_REPLACE : 0;
  int changed = 0;
  int code = credence_import_profile(import, name, option_value(arguments, "keyring"),
                                     option_value(arguments, "store"), flags, &changed, &error);

  if (code != CREDENCE_OK)
    return complain_library(code, &error);
  if (changed)
    tell_imported(session, name, "imported");
  else
    notice(session, "unchanged %s: it is here already", name);
  return EXIT_DONE;
}

/* The name at index: of those given, or else of those in the file. */
static const char *name_at(const struct arguments *arguments, const credence_import *import, size_t index)
{
  if (arguments->operand_count == 1)
    return credence_import_name(import, index);
  return index + 1 < arguments->operand_count ? arguments->operands[index + 1] : NULL;
}

/* Each by itself; the first that fails gives the exit code. */
static int run_import(const struct session *session, const struct arguments *arguments)
{
  credence_import *import = NULL;
  credence_error *error = NULL;
  const char *name;
  int first = EXIT_DONE;
  int code = credence_import_open(session->context, arguments->operands[0], &import, &error);

  if (code != CREDENCE_OK)
    return complain_library(code, &error);
  for (size_t i = 0; (name = name_at(arguments, import, i)); i++) {
    code = import_profile(session, arguments, import, name);
    if (first == EXIT_DONE)
      first = code;
  }
  credence_import_free(&import);
  return first;
}

static const struct option_spec no_options[] = {{0}};

const struct command command_export = {
    .name = "export",
    .operands = "FILE [PROFILE]...",
    .summary = "write profiles with their secrets to an encrypted file",
    .details = "Without PROFILE, all profiles of yours.  FILE must not be there yet.  Its passphrase\n"
               "is asked for, or comes from the descriptor in CREDENCE_EXPORT_PASSPHRASE_FD or the\n"
               "file in CREDENCE_EXPORT_PASSPHRASE_FILE.  Sessions are not exported.\n",
    .example = "credence export laptop.credence lab shop",
    .least_operands = 1,
    .most_operands = SIZE_MAX,
    .options = no_options,
    .run = run_export,
};

static const struct option_spec import_options[] = {
    {"keyring", "NAME", "where the secrets go, if not where they were", 0},
    {"store", "PATH", "the file or folder of that keyring, if not the usual one", 0},
    {"replace", NULL, "overwrite profiles that differ", 0},
    {0},
};

const struct command command_import = {
    .name = "import",
    .operands = "FILE [PROFILE]...",
    .summary = "make the profiles of an exported file profiles here",
    .details = "Without PROFILE, all that FILE holds.  What was interrupted can be done again.\n",
    .example = "credence import laptop.credence --keyring secret-service",
    .least_operands = 1,
    .most_operands = SIZE_MAX,
    .options = import_options,
    .run = run_import,
};
