/* SPDX-License-Identifier: BSD-3-Clause */
/* Prints a signed request in the four formats of credence sign. */
#include "config.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "format.h"
#include "output.h"
#include "text.h"

/* Many versions of curl read no line of a config beyond 100 KiB. */
enum { CURL_LINE_MAX = 100000 };

struct message {
  const credence_profile *profile;
  credence_request *request;
  const char *method;
  const char *url;
  const char *body; /* NULL when there is none, or it is not in memory */
  size_t size;
  uint64_t length; /* of the body, wherever it is */
};

static int message_load(const struct built_request *built, struct message *ret_message)
{
  credence_request *request = built->request;

  *ret_message = (struct message){.profile = built->profile, .request = request};
  ret_message->method = credence_request_method(request);
  ret_message->url = credence_request_url(request);
  ret_message->body = credence_request_body(request, &ret_message->size);
  ret_message->length = credence_request_body_size(request);
  return ret_message->method && ret_message->url ? EXIT_DONE : out_of_memory();
}

/* Servers expect a length with these, even of an empty body. */
static bool has_length(const struct message *message)
{
  return message->body || message->length || strcmp(message->method, "POST") == 0 ||
         strcmp(message->method, "PUT") == 0 || strcmp(message->method, "PATCH") == 0;
}

/* Path and query of the URL, as the request line has them. */
static void put_path(const char *url)
{
  const char *authority = strstr(url, "://");
  const char *path = authority ? authority + 3 : url;
  size_t size;

  path += strcspn(path, "/?#");
  size = strcspn(path, "#");
  if (*path != '/')
    putchar('/');
  fwrite(path, 1, size, stdout);
}

/* A body that is not in memory; none of it once nobody reads what is printed. */
static int print_pieces(const struct built_request *built, uint64_t length)
{
  char piece[16 * 1024];
  credence_error *error = NULL;
  size_t got = 0;

  for (uint64_t at = 0; at < length && !ferror(stdout); at += got) {
    int code = credence_request_read_body(built->request, at, piece, sizeof piece, &got, &error);

    if (code != CREDENCE_OK)
      return request_complain(built, code, &error);
    fwrite(piece, 1, got, stdout);
  }
  return EXIT_DONE;
}

static int print_http(const struct built_request *built)
{
  struct message message;
  const char *name, *value;
  int code = message_load(built, &message);

  if (code != EXIT_DONE)
    return code;
  printf("%s ", message.method);
  put_path(message.url);
  printf(" HTTP/1.1\r\nHost: %s\r\n", credence_request_host(message.request));
  for (size_t i = 0; credence_request_header(message.request, i, &name, &value) == CREDENCE_OK; i++)
    printf("%s:%s%s\r\n", name, *value ? " " : "", value);
  if (has_length(&message))
    printf("Content-Length: %" PRIu64 "\r\n", message.length);
  fputs("\r\n", stdout);
  if (!message.body)
    return print_pieces(built, message.length);
  fwrite(message.body, 1, message.size, stdout);
  return EXIT_DONE;
}

static int print_url(const struct built_request *built)
{
  struct message message;
  int code = message_load(built, &message);

  if (code == EXIT_DONE)
    printf("%s\n", message.url);
  return code;
}

/* What must be escaped inside the quotes of a curl config, and the letters that
 * stand for it behind the backslash. */
static const char curl_special[] = "\\\"\t\n\r\v";
static const char curl_letters[] = "\\\"tnrv";

static void put_curl_text(const char *text, size_t size)
{
  for (size_t i = 0; i < size; i++) {
    const char *found = strchr(curl_special, text[i]);

    if (found)
      printf("\\%c", curl_letters[found - curl_special]);
    else
      putchar(text[i]);
  }
}

static void put_curl_option(const char *name, const char *text)
{
  printf("%s = \"", name);
  put_curl_text(text, strlen(text));
  fputs("\"\n", stdout);
}

/* curl takes what follows a colon for the password of the certificate, unless a
 * backslash stands in front of it. */
static void put_curl_certificate(const char *path)
{
  fputs("cert = \"", stdout);
  for (; *path; path++) {
    if (*path == ':' || *path == '\\')
      put_curl_text("\\", 1);
    put_curl_text(path, 1);
  }
  fputs("\"\n", stdout);
}

static void put_curl_files(const credence_profile *profile)
{
  const char *certificate = credence_profile_client_cert(profile);
  const char *key = credence_profile_client_key(profile);
  const char *authority = credence_profile_ca_cert(profile);

  if (certificate)
    put_curl_certificate(certificate);
  if (key)
    put_curl_option("key", key);
  if (authority)
    put_curl_option("cacert", authority);
}

/* "Name:" would take a header away, so an empty one is written "Name;". */
static void put_curl_header(const char *name, const char *value)
{
  fputs("header = \"", stdout);
  put_curl_text(name, strlen(name));
  fputs(*value ? ": " : ";", stdout);
  put_curl_text(value, strlen(value));
  fputs("\"\n", stdout);
}

static bool has_header(const struct message *message, const char *wanted)
{
  const char *name, *value;

  for (size_t i = 0; credence_request_header(message->request, i, &name, &value) == CREDENCE_OK; i++)
    if (strcasecmp(name, wanted) == 0)
      return true;
  return false;
}

/* curl adds a Content-Type and perhaps Expect to a body of its own accord;
 * what is sent must be what was signed. */
static void put_curl_body(const struct message *message)
{
  if (!has_header(message, "Content-Type"))
    fputs("header = \"Content-Type:\"\n", stdout);
  if (!has_header(message, "Expect"))
    fputs("header = \"Expect:\"\n", stdout);
  fputs("data-raw = \"", stdout);
  put_curl_text(message->body ? message->body : "", message->size);
  fputs("\"\n", stdout);
}

static size_t curl_text_size(const char *text, size_t size)
{
  size_t result = size;

  for (size_t i = 0; i < size; i++)
    result += strchr(curl_special, text[i]) != NULL;
  return result;
}

/* curl has no way to send it as it is: --data-binary reads the file to memory, and
 * --upload-file is another request. */
static int check_in_memory(const struct message *message)
{
  if (!message->body && message->length)
    return complain(EXIT_FAILED, "use --format=http, or credence send",
                    "sign: the body is too large for this format");
  return EXIT_DONE;
}

static int check_curl(const struct message *message)
{
  static const char remedy[] = "use --format=json, or credence send";

  if (message->body && message->size && memchr(message->body, '\0', message->size))
    return complain(EXIT_FAILED, remedy, "sign: the body has a NUL byte, which a curl config cannot hold");
  if (message->body && curl_text_size(message->body, message->size) > CURL_LINE_MAX)
    return complain(EXIT_FAILED, remedy, "sign: the body is too long for a curl config");
  if (message->body && strcmp(message->method, "HEAD") == 0)
    return complain(EXIT_FAILED, remedy, "sign: curl cannot send HEAD with a body");
  return check_in_memory(message);
}

static int print_curl(const struct built_request *built)
{
  struct message message;
  const char *name, *value;
  int code = message_load(built, &message);

  if (code == EXIT_DONE)
    code = check_curl(&message);
  if (code != EXIT_DONE)
    return code;
  put_curl_option("url", message.url);
  if (strcmp(message.method, "HEAD") == 0)
    fputs("head\n", stdout);
  else
    put_curl_option("request", message.method);
  fputs("path-as-is\ngloboff\n", stdout);
  put_curl_files(message.profile);
  for (size_t i = 0; credence_request_header(message.request, i, &name, &value) == CREDENCE_OK; i++)
    put_curl_header(name, value);
  if (has_length(&message))
    put_curl_body(&message);
  return EXIT_DONE;
}

static bool is_text(const char *text)
{
  return text_is_utf8(text, strlen(text));
}

/* JSON is UTF-8 and nothing else; bytes must not change on the way. */
static int check_json(const struct message *message)
{
  const char *name, *value;
  bool good = is_text(message->url) && is_text(message->method);

  for (size_t i = 0; credence_request_header(message->request, i, &name, &value) == CREDENCE_OK; i++)
    good = good && is_text(name) && is_text(value);
  if (!good)
    return complain(EXIT_FAILED, "use --format=http",
                    "sign: the URL or a header is not UTF-8, as JSON must be");
  return check_in_memory(message);
}

static void put_json_headers(credence_request *request)
{
  const char *name, *value;

  putchar('[');
  for (size_t i = 0; credence_request_header(request, i, &name, &value) == CREDENCE_OK; i++) {
    fputs(i ? ",[" : "[", stdout);
    put_json(stdout, name);
    putchar(',');
    put_json(stdout, value);
    putchar(']');
  }
  putchar(']');
}

static void put_json_body(const struct message *message)
{
  bool text = message->body && text_is_utf8(message->body, message->size);

  fputs(",\"body\":", stdout);
  if (text)
    put_json_string(stdout, message->body, message->size);
  else
    fputs("null", stdout);
  fputs(",\"body_base64\":", stdout);
  if (message->body && !text) {
    putchar('"');
    put_base64(stdout, message->body, message->size);
    putchar('"');
  } else {
    fputs("null", stdout);
  }
}

static int print_json(const struct built_request *built)
{
  struct message message;
  int code = message_load(built, &message);

  if (code == EXIT_DONE)
    code = check_json(&message);
  if (code != EXIT_DONE)
    return code;
  fputs("{\"method\":", stdout);
  put_json(stdout, message.method);
  fputs(",\"url\":", stdout);
  put_json(stdout, message.url);
  fputs(",\"headers\":", stdout);
  put_json_headers(message.request);
  put_json_body(&message);
  fputs("}\n", stdout);
  return EXIT_DONE;
}

static const struct {
  const char *name;
  format_function print;
} formats[] = {{"http", print_http}, {"url", print_url}, {"curl", print_curl}, {"json", print_json}};

format_function format_find(const char *name)
{
  for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++)
    if (!name || strcmp(name, formats[i].name) == 0)
      return formats[i].print;
  return NULL;
}
