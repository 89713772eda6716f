/* SPDX-License-Identifier: BSD-3-Clause */
/* credence providers: what the manifests say.  No plugin is loaded for it. */
#include "config.h"

#include <stdio.h>

#include "listing.h"
#include "options.h"
#include "output.h"
#include "text.h"

static const char *json_bool(unsigned flag)
{
  return flag ? "true" : "false";
}

static void put_field(const credence_manifest *manifest, size_t index)
{
  unsigned flags = credence_manifest_field_flags(manifest, index);

  fputs("{\"name\":", stdout);
  put_json(stdout, credence_manifest_field_name(manifest, index));
  fputs(",\"label\":", stdout);
  put_json(stdout, credence_manifest_field_label(manifest, index));
  fputs(",\"help\":", stdout);
  put_json(stdout, credence_manifest_field_help(manifest, index));
  fputs(",\"default\":", stdout);
  put_json(stdout, credence_manifest_field_default(manifest, index));
  fputs(",\"when\":", stdout);
  put_json(stdout, credence_manifest_field_when(manifest, index));
  printf(",\"secret\":%s,\"required\":%s,\"option\":%s}", json_bool(flags & CREDENCE_FIELD_SECRET),
         json_bool(flags & CREDENCE_FIELD_REQUIRED), json_bool(flags & CREDENCE_FIELD_OPTION));
}

static void put_manifest(const credence_manifest *manifest)
{
  fputs("{\"name\":", stdout);
  put_json(stdout, credence_manifest_name(manifest));
  fputs(",\"title\":", stdout);
  put_json(stdout, credence_manifest_title(manifest));
  fputs(",\"homepage\":", stdout);
  put_json(stdout, credence_manifest_homepage(manifest));
  fputs(",\"module\":", stdout);
  put_json(stdout, credence_manifest_module(manifest));
  fputs(",\"path\":", stdout);
  put_json(stdout, credence_manifest_path(manifest));
  fputs(",\"endpoint\":", stdout);
  put_json(stdout, credence_manifest_endpoint(manifest));
  fputs(",\"fields\":[", stdout);
  for (size_t i = 0; i < credence_manifest_field_count(manifest); i++) {
    if (i)
      putchar(',');
    put_field(manifest, i);
  }
  fputs("]}", stdout);
}

static int add_entry(struct listing *listing, const credence_manifest *manifest)
{
  const char *row[] = {credence_manifest_name(manifest), credence_manifest_title(manifest)};

  if (!listing->json)
    return table_add(&listing->table, row) ? EXIT_DONE : out_of_memory();
  listing_next(listing);
  put_manifest(manifest);
  return EXIT_DONE;
}

/* A manifest that cannot be read does not hide the others. */
static int add_provider(struct listing *listing, credence_context *context, const char *name)
{
  credence_manifest *manifest = NULL;
  credence_error *error = NULL;
  int code = credence_manifest_open(context, name, &manifest, &error);

  if (code != CREDENCE_OK)
    return complain_unreadable(name, code, &error);
  code = add_entry(listing, manifest);
  credence_manifest_free(&manifest);
  return code;
}

static int run_providers(const struct session *session, const struct arguments *arguments)
{
  static const char *const heading[] = {"NAME", "TITLE"};
  struct listing listing = {.json = option_value(arguments, "json") != NULL,
                            .table = {.columns = 2, .heading = heading}};
  credence_error *error = NULL;
  char **names = NULL;
  int code = credence_manifest_list(session->context, &names, &error);

  if (code != CREDENCE_OK)
    return complain_library(code, &error);
  return listing_run(&listing, session->context, names, add_provider);
}

static const struct option_spec options[] = {
    {"json", NULL, "an array of objects, with the fields of each provider", 0},
    {0},
};

const struct command command_providers = {
    .name = "providers",
    .operands = "",
    .summary = "list the providers that a profile can use",
    .details = "",
    .example = "credence providers --json",
    .options = options,
    .run = run_providers,
};
