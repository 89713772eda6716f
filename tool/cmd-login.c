/* SPDX-License-Identifier: BSD-3-Clause */
/* credence login and logout. */
#include "config.h"

#include "options.h"
#include "output.h"
#include "session-state.h"
#include "table.h"

static void tell_logged_in(const struct session *session, const credence_profile *profile)
{
  char words[SESSION_WORDS_SIZE];
  int64_t time = 0;

  (void)credence_profile_session(profile, &time);
  session_until("logged in", time, words);
  notice(session, "%s", words);
}

/* What the server told about the account: nothing of it is secret. */
static int print_values(credence_profile *profile)
{
  struct table table = {.columns = 2};
  const char *name, *label, *value;
  bool good = true;

  for (size_t i = 0; good && credence_profile_session_value(profile, i, &name, &label, &value) == CREDENCE_OK;
       i++)
    good = table_add(&table, (const char *[]){label ? label : name, value});
  if (good)
    table_print(&table);
  table_clear(&table);
  return good ? EXIT_DONE : out_of_memory();
}

static int run_login(const struct session *session, const struct arguments *arguments)
{
  credence_profile *profile = NULL;
  credence_error *error = NULL;
  int code = credence_profile_open(session->context, arguments->operands[0], &profile, &error);

  if (code == CREDENCE_OK)
    code = credence_profile_login(profile, &error);
  if (code == CREDENCE_OK) {
    tell_logged_in(session, profile);
    code = print_values(profile);
  } else {
    code = complain_library(code, &error);
  }
  credence_profile_free(&profile);
  return code;
}

static int run_logout(const struct session *session, const struct arguments *arguments)
{
  credence_profile *profile = NULL;
  credence_error *error = NULL;
  int held = 0;
  int code = credence_profile_open(session->context, arguments->operands[0], &profile, &error);

  if (code == CREDENCE_OK)
    code = credence_profile_logout(profile, &held, &error);
  if (code == CREDENCE_OK)
    notice(session, held ? "logged out" : "there was no session");
  else
    code = complain_library(code, &error);
  credence_profile_free(&profile);
  return code;
}

static const struct option_spec no_options[] = {{0}};

const struct command command_login = {
    .name = "login",
    .operands = "PROFILE",
    .summary = "log in now, and print what the server told",
    .details = "send logs in by itself; this logs in anew, also after a refused login, which is\n"
               "not tried again otherwise.\n",
    .example = "credence login lab",
    .least_operands = 1,
    .most_operands = 1,
    .options = no_options,
    .run = run_login,
};

const struct command command_logout = {
    .name = "logout",
    .operands = "PROFILE",
    .summary = "drop the session of a profile",
    .details = "The session is deleted from the keyring.  The server is not told.\n",
    .example = "credence logout lab",
    .least_operands = 1,
    .most_operands = 1,
    .options = no_options,
    .run = run_logout,
};
