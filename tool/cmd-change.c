/* SPDX-License-Identifier: BSD-3-Clause */
/* credence add, set and remove: the commands that change profiles. */
#include "config.h"

#include <stdint.h>
#include <string.h>

#include "pem-paths.h"
#include "fields.h"
#include "output.h"

static int apply_rules(const struct arguments *arguments, credence_draft *draft)
{
  credence_error *error = NULL;
  const char *rule;
  size_t index = 0;
  int code = CREDENCE_OK;

  while (code == CREDENCE_OK && (rule = option_next(arguments, "allow", &index)))
    code = credence_draft_add_allow(draft, rule, &error);
  return code == CREDENCE_OK ? EXIT_DONE : complain_library(code, &error);
}

static int apply_settings(const struct arguments *arguments, credence_draft *draft)
{
  credence_error *error = NULL;
  const char *endpoint = option_value(arguments, "endpoint");
  const char *keyring = option_value(arguments, "keyring");
  const char *store = option_value(arguments, "store");
  int code = CREDENCE_OK;

  if (endpoint)
    code = credence_draft_set_endpoint(draft, endpoint, &error);
  if (code == CREDENCE_OK && keyring)
    code = credence_draft_set_keyring(draft, keyring, &error);
  if (code == CREDENCE_OK && store)
    code = credence_draft_set_store(draft, store, &error);
  if (code != CREDENCE_OK)
    return complain_library(code, &error);
  return apply_rules(arguments, draft);
}

static int save(credence_draft *draft)
{
  credence_error *error = NULL;
  int code = credence_draft_save(draft, &error);

  return code == CREDENCE_OK ? EXIT_DONE : complain_library(code, &error);
}

/* On this machine nobody else reads along. */
static bool is_plain_http(const char *endpoint)
{
  static const char *const loopback[] = {"127.", "localhost", "[::1]"};

  if (strncmp(endpoint, "http://", 7) != 0)
    return false;
  for (size_t i = 0; i < sizeof loopback / sizeof loopback[0]; i++)
    if (strncmp(endpoint + 7, loopback[i], strlen(loopback[i])) == 0)
      return false;
  return true;
}

/* Secrets that somebody else provides have to be in files of the right names. */
static void tell_files(const struct session *session, const credence_profile *profile)
{
  const char *name = credence_profile_name(profile), *store = credence_profile_store(profile);
  const char *provider, *field, *value;
  unsigned flags;

  if (strcmp(credence_profile_keyring(profile), "directory") != 0)
    return;
  for (size_t i = 0; credence_profile_field(profile, i, &provider, &field, &value, &flags) == CREDENCE_OK;
       i++)
    if (flags & CREDENCE_FIELD_SECRET)
      notice(session, "its %s is read from the file %s.%s, or %s.%s.%s, in %s", field, name, field, name,
             provider, field, store ? store : "$CREDENTIALS_DIRECTORY");
}

/* The keyring may have been chosen by the library, so it is read back. */
static void tell_added(const struct session *session, const char *name, const char *provider)
{
  credence_profile *profile = NULL;

  if (credence_profile_open(session->context, name, &profile, NULL) == CREDENCE_OK) {
    notice(session, "added %s (%s, keyring %s)", name, provider, credence_profile_keyring(profile));
    tell_files(session, profile);
    if (is_plain_http(credence_profile_endpoint(profile)))
      notice(session,
             "its endpoint is http, so whoever is on the way reads all that is sent; is there no https?");
  } else {
    notice(session, "added %s (%s)", name, provider);
  }
  credence_profile_free(&profile);
}

static int add_profile(const struct session *session, const struct arguments *arguments)
{
  credence_error *error = NULL;
  credence_draft *draft = NULL;
  int code =
      credence_draft_new(session->context, arguments->operands[0], arguments->operands[1], &draft, &error);

  if (code != CREDENCE_OK)
    return complain_library(code, &error);
  code = apply_settings(arguments, draft);
  if (code == EXIT_DONE)
    code = pem_paths_apply(arguments, draft);
  if (code == EXIT_DONE)
    code = fields_apply(session, arguments, 2, draft);
  if (code == EXIT_DONE)
    code = fields_ask_missing(session, draft);
  if (code == EXIT_DONE)
    code = save(draft);
  credence_draft_free(&draft);
  return code;
}

static int run_add(const struct session *session, const struct arguments *arguments)
{
  const char *provider = arguments->operands[1];
  credence_manifest *manifest = NULL;
  credence_error *error = NULL;
  int code = credence_manifest_open(session->context, provider, &manifest, &error);

  if (code != CREDENCE_OK)
    return complain_library(code, &error);
  code = fields_check(arguments, 2, &(struct field_source){.manifest = manifest});
  /* Said before the user types secrets that could not be saved. */
  if (code == EXIT_DONE && !credence_manifest_endpoint(manifest) && !option_value(arguments, "endpoint"))
    code = complain(EXIT_USAGE, "add --endpoint=URL", "add: %s has no endpoint of its own", provider);
  if (code == EXIT_DONE)
    code = add_profile(session, arguments);
  if (code == EXIT_DONE)
    tell_added(session, arguments->operands[0], provider);
  credence_manifest_free(&manifest);
  return code;
}

/* Opening the profile tells which fields are secret; the keyring stays
 * closed. */
static int check_set(const struct session *session, const struct arguments *arguments)
{
  credence_profile *profile = NULL;
  credence_error *error = NULL;
  int code = credence_profile_open(session->context, arguments->operands[0], &profile, &error);

  if (code != CREDENCE_OK)
    return complain_library(code, &error);
  code = fields_check(arguments, 1, &(struct field_source){.profile = profile});
  credence_profile_free(&profile);
  return code;
}

static int run_set(const struct session *session, const struct arguments *arguments)
{
  const char *name = arguments->operands[0];
  credence_draft *draft = NULL;
  credence_error *error = NULL;
  int code;

  if (arguments->operand_count == 1 && !option_value(arguments, "secret") && !pem_paths_given(arguments))
    return usage_error(arguments->command, "nothing to set: give FIELD=VALUE or --secret FIELD=PATH");
  code = check_set(session, arguments);
  if (code != EXIT_DONE)
    return code;
  code = credence_draft_load(session->context, name, &draft, &error);
  if (code != CREDENCE_OK)
    return complain_library(code, &error);
  code = pem_paths_apply(arguments, draft);
  if (code == EXIT_DONE)
    code = fields_apply(session, arguments, 1, draft);
  if (code == EXIT_DONE)
    code = save(draft);
  if (code == EXIT_DONE)
    notice(session, "changed %s", name);
  credence_draft_free(&draft);
  return code;
}

static int run_remove(const struct session *session, const struct arguments *arguments)
{
  credence_error *error = NULL;
  int code = credence_profile_remove(session->context, arguments->operands[0], &error);

  if (code != CREDENCE_OK)
    return complain_library(code, &error);
  notice(session, "removed %s", arguments->operands[0]);
  return EXIT_DONE;
}

static const struct option_spec add_options[] = {
    {"endpoint", "URL", "where the API is, when the provider does not say", 0},
    {"keyring", "NAME", "where secrets are kept, such as secret-service or file", 0},
    {"store", "PATH", "the file or folder of that keyring, if not the usual one", 0},
    {"secret", "FIELD=PATH|-", "take a secret from a file or standard input; repeats", 0},
    {"allow", "RULE", "allow requests by \"METHOD PATH\" with * for anything, or \"exec\"; repeats", 0},
    {"client-cert", "PATH", "show this certificate to the server; PEM", 0},
    {"client-key", "PATH", "the certificate's key; PEM.  Or --secret client_key=PATH", 0},
    {"ca-cert", "PATH", "trust this authority, and not the system's; PEM", 0},
    {0},
};

const struct command command_add = {
    .name = "add",
    .operands = "PROFILE PROVIDER [FIELD=VALUE]...",
    .summary = "make a profile; asks for what is missing",
    .details = "FIELD=VALUE gives a field that is not secret.  Secrets are asked for, or taken\n"
               "from --secret, without a newline at their end.  Without --allow, every request\n"
               "to the endpoint's origin is allowed.\n",
    .example = "credence add lab 6connect api_key=41-HSLH4QZQX6IAOOJS --endpoint "
               "https://cloud.6connect.com/ex/api/v1/api.php",
    .least_operands = 2,
    .most_operands = SIZE_MAX,
    .options = add_options,
    .run = run_add,
};

static const struct option_spec set_options[] = {
    {"secret", "FIELD=PATH|-", "take a secret from a file or standard input; repeats", 0},
    {"client-cert", "PATH", "show this certificate to the server; PEM", 0},
    {"client-key", "PATH", "the certificate's key; PEM.  Or --secret client_key=PATH", 0},
    {"ca-cert", "PATH", "trust this authority, and not the system's; PEM", 0},
    {0},
};

const struct command command_set = {
    .name = "set",
    .operands = "PROFILE [FIELD=VALUE]...",
    .summary = "change fields of a profile",
    .details = "FIELD=VALUE sets a field that is not secret, and FIELD= takes its value away;\n"
               "so does an empty PATH, as in --client-cert=.\n"
               "Where two providers of a profile share a field, write PROVIDER.FIELD.\n"
               "Endpoint and rules are changed in the profile's file, which credence show names.\n",
    .example = "credence set lab --secret secret_key=- < key.txt",
    .least_operands = 1,
    .most_operands = SIZE_MAX,
    .options = set_options,
    .run = run_set,
};

static const struct option_spec no_options[] = {{0}};

const struct command command_remove = {
    .name = "remove",
    .operands = "PROFILE",
    .summary = "delete a profile and its secrets",
    .details = "",
    .example = "credence remove lab",
    .least_operands = 1,
    .most_operands = 1,
    .options = no_options,
    .run = run_remove,
};
