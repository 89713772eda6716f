/* SPDX-License-Identifier: BSD-3-Clause */
/* credence sign and send. */
#include "config.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "format.h"
#include "output.h"
#include "request-build.h"
#include "text.h"

/* --format=url shows less than the request where more than the URL was signed. */
static void tell_if_more_than_url(const struct session *session, credence_request *request)
{
  const char *name, *value;

  if (strcmp(credence_request_method(request), "GET") != 0 || credence_request_body(request, NULL) ||
      credence_request_body_size(request) > 0 ||
      credence_request_header(request, 0, &name, &value) == CREDENCE_OK)
    notice(session, "the URL is not the whole request: --format=curl has method, headers and body too");
}

/* The key of the certificate is in the same file or in the keyring; which of the
 * two, only the server would find out. */
static void tell_if_key_is_elsewhere(const struct session *session, const credence_profile *profile)
{
  if (credence_profile_client_cert(profile) && !credence_profile_client_key(profile))
    notice(session, "the profile names no file with the key of its certificate: unless that is in the "
                    "certificate's file, curl needs --key FILE, too");
}

static bool is_format(const char *format, const char *wanted)
{
  return format && strcmp(format, wanted) == 0;
}

static int run_sign(const struct session *session, const struct arguments *arguments)
{
  const char *format = option_value(arguments, "format");
  format_function print = format_find(format);
  struct built_request built = {0};
  credence_error *error = NULL;
  int code;

  if (!print)
    return usage_error(arguments->command, "--format wants http, url, curl or json");
  code = request_build(session, arguments, &built);
  if (code != EXIT_DONE)
    goto out;
  code = credence_request_sign(built.request, &error);
  code = code == CREDENCE_OK ? print(&built) : request_complain(&built, code, &error);
  if (code == EXIT_DONE)
    request_tell_untraced(session, arguments, &built);
  if (code == EXIT_DONE && is_format(format, "url"))
    tell_if_more_than_url(session, built.request);
  if (code == EXIT_DONE && is_format(format, "curl"))
    tell_if_key_is_elsewhere(session, built.profile);
out:
  request_clear(&built);
  return code;
}

static void print_head(const credence_response *response)
{
  const char *name, *value;

  printf("HTTP/1.1 %d \r\n", credence_response_status(response));
  for (size_t i = 0; credence_response_header(response, i, &name, &value) == CREDENCE_OK; i++) {
    put_escaped(stdout, name, strlen(name));
    fputs(": ", stdout);
    put_escaped(stdout, value, strlen(value));
    fputs("\r\n", stdout);
  }
  fputs("\r\n", stdout);
}

static void print_response(const credence_response *response, bool with_head)
{
  size_t size = 0;
  const char *body = credence_response_body(response, &size);

  if (with_head)
    print_head(response);
  if (body)
    fwrite(body, 1, size, stdout);
}

static const char *header_value(const credence_response *response, const char *wanted)
{
  const char *name, *value;

  for (size_t i = 0; credence_response_header(response, i, &name, &value) == CREDENCE_OK; i++)
    if (strcasecmp(name, wanted) == 0)
      return value;
  return "another place";
}

static int judge_status(const struct session *session, const char *profile, const credence_response *response)
{
  int status = credence_response_status(response);

  if (status >= 300 && status < 400)
    notice(session, "the server answered %d, and the redirect to %.200s was not followed", status,
           header_value(response, "Location"));
  if (status >= 400)
    return complain(EXIT_FAILED, "look at the body for the reason", "send: %s: the server answered %d",
                    profile, status);
  return EXIT_DONE;
}

static int run_send(const struct session *session, const struct arguments *arguments)
{
  struct built_request built = {0};
  credence_response *response = NULL;
  credence_error *error = NULL;
  int code = request_build(session, arguments, &built);

  if (code != EXIT_DONE)
    goto out;
  code = credence_request_send(built.request, &response, &error);
  if (code == CREDENCE_OK)
    request_tell_untraced(session, arguments, &built);
  if (response)
    print_response(response, option_value(arguments, "include") != NULL);
  if (code != CREDENCE_OK)
    code = request_complain(&built, code, &error);
  else
    code = judge_status(session, arguments->operands[0], response);
out:
  credence_response_free(&response);
  request_clear(&built);
  return code;
}

static const char operands[] = "PROFILE [METHOD] TARGET [ITEM]...";

static const char details[] = "METHOD is in capitals; without it GET, or POST where there is a body.\n"
                              "TARGET is /PATH, a PATH below the endpoint, ?QUERY, a URL of the endpoint's\n"
                              "origin, or '' for the endpoint itself.  The items follow:\n"
                              "  name==value   query parameter\n"
                              "  Name:value    header\n"
                              "  name=value    member of the JSON body, a string; with --form a form field\n"
                              "  name:=json    member of the JSON body, JSON text\n"
                              "  @FILE, @-     the whole body from a file or standard input; give its type\n"
                              "                with Content-Type:TYPE\n"
                              "A backslash in front of : = or @ takes its meaning away.\n";

static const struct option_spec sign_options[] = {
    {"format", "FORMAT", "http (as on the wire), url, curl (for curl -K -) or json", 0},
    {"form", NULL, "name=value is a form field", 0},
    {"at", "UNIXTIME", "sign as of this time, in seconds with perhaps a fraction", 0},
    {"nonce", "TEXT", "sign with this nonce", 0},
    {"trace", NULL, "tell what is signed on standard error", 0},
    {0},
};

const struct command command_sign = {
    .name = "sign",
    .operands = operands,
    .summary = "sign a request and print it",
    .details = details,
    .example = "credence sign lab --format=curl '?target=ipam' type==IP | curl -K -",
    .least_operands = 1,
    .most_operands = SIZE_MAX,
    .options = sign_options,
    .run = run_sign,
};

static const struct option_spec send_options[] = {
    {"include", NULL, "print status and headers of the answer, too", 'i'},
    {"form", NULL, "name=value is a form field", 0},
    {"at", "UNIXTIME", "sign as of this time, in seconds with perhaps a fraction", 0},
    {"nonce", "TEXT", "sign with this nonce", 0},
    {"trace", NULL, "tell what is signed on standard error", 0},
    {0},
};

const struct command command_send = {
    .name = "send",
    .operands = operands,
    .summary = "sign a request, send it, and print the answer",
    .details = details,
    .example = "credence send lab POST /orders sku=disk count:=2",
    .least_operands = 1,
    .most_operands = SIZE_MAX,
    .options = send_options,
    .run = run_send,
};
