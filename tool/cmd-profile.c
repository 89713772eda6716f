/* SPDX-License-Identifier: BSD-3-Clause */
/* credence list and show: what is known of profiles without their secrets. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "listing.h"
#include "options.h"
#include "output.h"
#include "session-state.h"
#include "text.h"

/* The providers of a stack with commas; to be freed. */
static char *join_providers(const credence_profile *profile)
{
  const char *provider;
  char *text = NULL;
  size_t size = 0;
  FILE *stream = open_memstream(&text, &size);

  if (!stream)
    return NULL;
  for (size_t i = 0; (provider = credence_profile_provider(profile, i)); i++)
    fprintf(stream, "%s%s", i ? "," : "", provider);
  if (fclose(stream) != 0) {
    free(text);
    return NULL;
  }
  return text;
}

static void put_list(const credence_profile *profile,
                     const char *(*item)(const credence_profile *profile, size_t index))
{
  const char *text;

  putchar('[');
  for (size_t i = 0; (text = item(profile, i)); i++) {
    if (i)
      putchar(',');
    put_json(stdout, text);
  }
  putchar(']');
}

static void put_fields(const credence_profile *profile)
{
  const char *provider, *name, *value;
  unsigned flags;

  putchar('[');
  for (size_t i = 0; credence_profile_field(profile, i, &provider, &name, &value, &flags) == CREDENCE_OK;
       i++) {
    fputs(i ? ",{\"provider\":" : "{\"provider\":", stdout);
    put_json(stdout, provider);
    fputs(",\"name\":", stdout);
    put_json(stdout, name);
    fputs(",\"value\":", stdout);
    put_json(stdout, value);
    printf(",\"secret\":%s,\"option\":%s}", flags & CREDENCE_FIELD_SECRET ? "true" : "false",
           flags & CREDENCE_FIELD_OPTION ? "true" : "false");
  }
  putchar(']');
}

/* A member that is not the first. */
static void put_member(const char *name, const char *text)
{
  printf(",\"%s\":", name);
  put_json(stdout, text);
}

static void put_profile(const credence_profile *profile)
{
  fputs("{\"name\":", stdout);
  put_json(stdout, credence_profile_name(profile));
  put_member("path", credence_profile_path(profile));
  put_member("endpoint", credence_profile_endpoint(profile));
  put_member("keyring", credence_profile_keyring(profile));
  put_member("keyring_store", credence_profile_store(profile));
  fputs(",\"providers\":", stdout);
  put_list(profile, credence_profile_provider);
  fputs(",\"allow\":", stdout);
  put_list(profile, credence_profile_allow);
  fputs(",\"fields\":", stdout);
  put_fields(profile);
  put_member("client_cert", credence_profile_client_cert(profile));
  put_member("client_key", credence_profile_client_key(profile));
  put_member("ca_cert", credence_profile_ca_cert(profile));
  fputs(",\"session\":", stdout);
  put_session(profile);
  putchar('}');
}

static int add_entry(struct listing *listing, const credence_profile *profile)
{
  char *providers;
  bool added;

  if (listing->json) {
    listing_next(listing);
    put_profile(profile);
    return EXIT_DONE;
  }
  providers = join_providers(profile);
  added = providers && table_add(&listing->table, (const char *[]){credence_profile_name(profile), providers,
                                                                   credence_profile_endpoint(profile),
                                                                   credence_profile_keyring(profile)});
  free(providers);
  return added ? EXIT_DONE : out_of_memory();
}

/* A profile that cannot be read does not hide the others. */
static int add_profile(struct listing *listing, credence_context *context, const char *name)
{
  credence_profile *profile = NULL;
  credence_error *error = NULL;
  int code = credence_profile_open(context, name, &profile, &error);

  if (code != CREDENCE_OK)
    return complain_unreadable(name, code, &error);
  code = add_entry(listing, profile);
  credence_profile_free(&profile);
  return code;
}

static int run_list(const struct session *session, const struct arguments *arguments)
{
  static const char *const heading[] = {"PROFILE", "PROVIDER", "ENDPOINT", "KEYRING"};
  struct listing listing = {.json = option_value(arguments, "json") != NULL,
                            .table = {.columns = 4, .heading = heading}};
  credence_error *error = NULL;
  char **names = NULL;
  int code = credence_profile_list(session->context, &names, &error);

  if (code != CREDENCE_OK)
    return complain_library(code, &error);
  return listing_run(&listing, session->context, names, add_profile);
}

static bool add_line(struct table *table, const char *label, const char *value)
{
  return table_add(table, (const char *[]){label, value});
}

/* The rule "exec" is not about requests. */
static bool add_rules(struct table *table, const credence_profile *profile)
{
  const char *rule;
  bool good = true, every = true;

  for (size_t i = 0; (rule = credence_profile_allow(profile, i)); i++)
    every = every && strcmp(rule, "exec") == 0;
  if (every)
    good = add_line(table, "allow", "(every request to this origin)");
  for (size_t i = 0; good && (rule = credence_profile_allow(profile, i)); i++)
    good = add_line(table, "allow", rule);
  return good;
}

/* The provider is named where the profile has more than one. */
static bool add_field(struct table *table, bool qualified, const char *provider, const char *name,
                      const char *value)
{
  char *label = NULL;
  bool good;

  if (asprintf(&label, "%s%s%s", qualified ? provider : "", qualified ? "." : "", name) < 0)
    return false;
  good = add_line(table, label, value);
  free(label);
  return good;
}

/* "secret-service (gnome-keyring)" */
static bool add_keyring(struct table *table, const credence_profile *profile)
{
  const char *store = credence_profile_store(profile);
  char *text = NULL;
  bool good;

  if (!store)
    return add_line(table, "keyring", credence_profile_keyring(profile));
  if (asprintf(&text, "%s (%s)", credence_profile_keyring(profile), store) < 0)
    return false;
  good = add_line(table, "keyring", text);
  free(text);
  return good;
}

static bool add_fields(struct table *table, const credence_profile *profile)
{
  bool qualified = credence_profile_provider(profile, 0) && credence_profile_provider(profile, 1);
  const char *provider, *name, *value;
  unsigned flags;
  bool good = true;

  for (size_t i = 0;
       good && credence_profile_field(profile, i, &provider, &name, &value, &flags) == CREDENCE_OK; i++) {
    if (flags & CREDENCE_FIELD_SECRET)
      value = "(in the keyring)";
    good = add_field(table, qualified, provider, name, value ? value : "(not set)");
  }
  return good;
}

static bool add_file(struct table *table, const char *label, const char *path)
{
  return !path || add_line(table, label, path);
}

static bool add_files(struct table *table, const credence_profile *profile)
{
  return add_file(table, "client_cert", credence_profile_client_cert(profile)) &&
         add_file(table, "client_key", credence_profile_client_key(profile)) &&
         add_file(table, "ca_cert", credence_profile_ca_cert(profile));
}

static bool add_session(struct table *table, const credence_profile *profile)
{
  char words[SESSION_WORDS_SIZE];

  return !session_words(profile, words) || add_line(table, "session", words);
}

static int print_profile(const credence_profile *profile)
{
  struct table table = {.columns = 2};
  char *providers = join_providers(profile);
  bool good = providers && add_line(&table, "name", credence_profile_name(profile)) &&
              add_line(&table, "provider", providers) &&
              add_line(&table, "endpoint", credence_profile_endpoint(profile)) &&
              add_keyring(&table, profile) && add_line(&table, "file", credence_profile_path(profile)) &&
              add_rules(&table, profile) && add_files(&table, profile) && add_fields(&table, profile) &&
              add_session(&table, profile);

  if (good)
    table_print(&table);
  table_clear(&table);
  free(providers);
  return good ? EXIT_DONE : out_of_memory();
}

static int run_show(const struct session *session, const struct arguments *arguments)
{
  credence_profile *profile = NULL;
  credence_error *error = NULL;
  int code = credence_profile_open(session->context, arguments->operands[0], &profile, &error);

  if (code != CREDENCE_OK)
    return complain_library(code, &error);
  if (option_value(arguments, "json")) {
    put_profile(profile);
    putchar('\n');
    code = EXIT_DONE;
  } else {
    code = print_profile(profile);
  }
  credence_profile_free(&profile);
  return code;
}

static const struct option_spec list_options[] = {
    {"json", NULL, "an array of objects, as show --json prints them", 0},
    {0},
};

const struct command command_list = {
    .name = "list",
    .operands = "",
    .summary = "list the profiles",
    .details = "",
    .example = "credence list --json",
    .options = list_options,
    .run = run_list,
};

static const struct option_spec show_options[] = {
    {"json", NULL, "one object", 0},
    {0},
};

const struct command command_show = {
    .name = "show",
    .operands = "PROFILE",
    .summary = "show a profile without its secrets",
    .details = "The keyring is not touched, so that it may be locked.\n",
    .example = "credence show lab",
    .least_operands = 1,
    .most_operands = 1,
    .options = show_options,
    .run = run_show,
};
