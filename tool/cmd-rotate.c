/* SPDX-License-Identifier: BSD-3-Clause */
/* credence rotate: a new secret in, tried, and the old one out. */
#include "config.h"

#include <stdint.h>

#include "fields.h"
#include "output.h"

static int run_undo(const struct session *session, const char *name)
{
  credence_error *error = NULL;
  int undone = CREDENCE_ROTATION_NONE;
  int code = credence_profile_rotation_undo(session->context, name, &undone, &error);

  if (code != CREDENCE_OK)
    return complain_library(code, &error);
  notice(session,
         undone == CREDENCE_ROTATION_PENDING ? "%s: the new secret is dropped; the old one signs as before"
                                             : "%s: the old secret signs again; the new one is dropped",
         name);
  return EXIT_DONE;
}

static void tell(const struct session *session, const char *name, bool verified)
{
  if (verified)
    notice(
        session,
        "rotated %s: the new secret was verified and signs; the old one is kept until a request has worked "
        "(credence rotate %s --undo puts it back)",
        name, name);
  else
    notice(
        session,
        "rotated %s: the new secret signs, and was not tried; the old one is kept until a request has worked "
        "(credence rotate %s --verify=TARGET tries it, credence rotate %s --undo puts the old one back)",
        name, name, name);
}

static int rotate(const struct session *session, const struct arguments *arguments, credence_draft *draft)
{
  const char *name = arguments->operands[0];
  credence_error *error = NULL;
  int verified = 0;
  int code = credence_draft_rotate(draft, option_value(arguments, "verify"), &verified, &error);

  if (code != CREDENCE_OK)
    return complain_library(code, &error);
  tell(session, name, verified);
  return EXIT_DONE;
}

/* The new secret signs since an earlier rotation: nothing new came in. */
static int try_kept(const struct session *session, const struct arguments *arguments, credence_draft *draft)
{
  const char *name = arguments->operands[0];
  credence_error *error = NULL;
  int code = credence_draft_rotate(draft, option_value(arguments, "verify"), NULL, &error);

  if (code != CREDENCE_OK)
    return complain_library(code, &error);
  notice(session, "%s: the new secret works, and the old one is dropped", name);
  return EXIT_DONE;
}

static bool brings_something(const struct arguments *arguments)
{
  return arguments->operand_count > 1 || option_value(arguments, "secret");
}

/* What is given on the command line, and else what waits in the keyring; a person is
 * asked where there is neither. */
static int bring_in(const struct session *session, const struct arguments *arguments,
                    credence_profile *profile, credence_draft *draft, int *ret_state)
{
  credence_error *error = NULL;
  int state = CREDENCE_ROTATION_NONE;
  int code = fields_apply(session, arguments, 1, draft);

  if (code != EXIT_DONE || option_value(arguments, "secret"))
    return code;
  code = credence_profile_rotation(profile, &state, &error);
  if (code != CREDENCE_OK)
    return complain_library(code, &error);
  if (!brings_something(arguments) && state != CREDENCE_ROTATION_NONE) {
    *ret_state = state;
    return EXIT_DONE;
  }
  return fields_ask_secrets(session, draft, profile);
}

static int rotate_profile(const struct session *session, const struct arguments *arguments,
                          credence_profile *profile)
{
  credence_draft *draft = NULL;
  credence_error *error = NULL;
  int state = CREDENCE_ROTATION_NONE;
  int code = fields_check(arguments, 1, &(struct field_source){.profile = profile});

  if (code != EXIT_DONE)
    return code;
  code = credence_draft_load(session->context, arguments->operands[0], &draft, &error);
  if (code != CREDENCE_OK)
    return complain_library(code, &error);
  code = bring_in(session, arguments, profile, draft, &state);
  if (code == EXIT_DONE)
    code = state == CREDENCE_ROTATION_KEPT ? try_kept(session, arguments, draft)
                                           : rotate(session, arguments, draft);
  credence_draft_free(&draft);
  return code;
}

static int run_rotate(const struct session *session, const struct arguments *arguments)
{
  credence_profile *profile = NULL;
  credence_error *error = NULL;
  int code;

  if (option_value(arguments, "undo")) {
    if (brings_something(arguments) || option_value(arguments, "verify"))
      return usage_error(arguments->command, "--undo goes with nothing but the profile");
    return run_undo(session, arguments->operands[0]);
  }
  code = credence_profile_open(session->context, arguments->operands[0], &profile, &error);
  if (code != CREDENCE_OK)
    return complain_library(code, &error);
  code = rotate_profile(session, arguments, profile);
  credence_profile_free(&profile);
  return code;
}

static const struct option_spec rotate_options[] = {
    {"secret", "FIELD=PATH|-", "take a new secret from a file or standard input; repeats", 0},
    {"verify", "TARGET", "try the new one with GET TARGET before it signs", 0},
    {"undo", NULL, "drop the new secret, and put back the old one if it is kept", 0},
    {0},
};

const struct command command_rotate = {
    .name = "rotate",
    .operands = "PROFILE [FIELD=VALUE]...",
    .summary = "replace a secret by a new one that works",
    .details = "The new secret is stored beside the old one, tried, and signs from then on; the\n"
               "old one is kept until a request has worked.  FIELD=VALUE changes with the secret\n"
               "what belongs to it, such as the number of a key.  Without --secret, asks; or goes\n"
               "on with a new secret that waits since an earlier try.\n"
               "Without --verify, a provider that logs in is tried by a login, others are not.\n",
    .example = "credence rotate lab api_key=42-NEW --secret secret_key=- --verify '?target=ipam' < key.txt",
    .least_operands = 1,
    .most_operands = SIZE_MAX,
    .options = rotate_options,
    .run = run_rotate,
};
