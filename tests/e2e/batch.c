/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * batch.c - sign or send many requests with one profile
 *
 * usage: batch sign|send PROFILE [UNIXTIME]
 *
 * A host program of the library for tests that need a thousand requests: the
 * file keyring makes its key from the passphrase once, not for each of them.
 * Standard input has a request a line,
 *
 *     METHOD TARGET BODY HEADERS
 *
 * with a space between, a dash for an empty TARGET, for no BODY and for no
 * HEADERS, and the BODY in base64, as are the HEADERS, a line "Name:value" each.
 * For each a line is written,
 *
 *     STATUS URL BODY HEADERS
 *
 * with the status and the body of the answer and a dash; under sign the status
 * is 0, and the body and the headers are what would be sent.  A request that fails
 * is answered with
 *
 *     refused CODE MESSAGE
 */
#include "config.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "credence.h"

struct job {
  credence_profile *profile;
  int send;
  long long time; /* seconds to sign as of; 0: now */
};

/* The body's bytes, to be freed; NULL when it is not base64. */
static unsigned char *decode(const char *text, size_t *ret_size)
{
  size_t length = strlen(text);
  unsigned char *data = malloc(length + 1);
  int size = data == NULL ? -1 : EVP_DecodeBlock(data, (const unsigned char *)text, (int)length);

  if (size < 0) {
    free(data);
    return NULL;
  }
  /* The function counts the zero bytes that padding stands for. */
  for (size_t i = length; i > 0 && text[i - 1] == '='; i--)
    size--;
  *ret_size = (size_t)size;
  return data;
}

static void print_base64(const void *data, size_t size)
{
  unsigned char *text = malloc(4 * (size / 3) + 5);

  if (text == NULL)
    abort();
  (void)EVP_EncodeBlock(text, data, (int)size);
  fputs((const char *)text, stdout);
  free(text);
}

static int put_body(credence_request *request, const char *text, credence_error **error)
{
  size_t size = 0;
  unsigned char *body;
  int code;

  if (strcmp(text, "-") == 0)
    return CREDENCE_OK;
  body = decode(text, &size);
  code = body == NULL ? CREDENCE_E_INVALID : credence_request_set_body(request, body, size, NULL, error);
  free(body);
  return code;
}

static int add_headers(credence_request *request, char *lines, credence_error **error)
{
  int code = CREDENCE_OK;

  for (char *line = strsep(&lines, "\n"); code == CREDENCE_OK && lines != NULL; line = strsep(&lines, "\n")) {
    const char *name = strsep(&line, ":");

    code = line == NULL ? CREDENCE_E_INVALID : credence_request_add_header(request, name, line, error);
  }
  return code;
}

static int put_headers(credence_request *request, const char *text, credence_error **error)
{
  size_t size = 0;
  unsigned char *lines;
  int code = CREDENCE_E_INVALID;

  if (strcmp(text, "-") == 0)
    return CREDENCE_OK;
  lines = decode(text, &size);
  if (lines != NULL) {
    lines[size] = '\0';
    code = add_headers(request, (char *)lines, error);
  }
  free(lines);
  return code;
}

static int make(const struct job *job, char *line, credence_request **ret_request, credence_error **error)
{
  char *rest = line;
  const char *method = strsep(&rest, " ");
  const char *target = strsep(&rest, " ");
  const char *body = strsep(&rest, " ");
  const char *headers = strsep(&rest, " ");
  int code;

  if (headers == NULL || rest != NULL)
    return CREDENCE_E_INVALID;
  code =
      credence_request_new(job->profile, method, strcmp(target, "-") == 0 ? "" : target, ret_request, error);
  if (code == CREDENCE_OK && job->time > 0)
    code = credence_request_set_time(*ret_request, job->time * 1000000, error);
  if (code == CREDENCE_OK)
    code = put_body(*ret_request, body, error);
  return code == CREDENCE_OK ? put_headers(*ret_request, headers, error) : code;
}

static void print_headers(const credence_request *request)
{
  const char *name;
  const char *value;
  char *lines = NULL;
  size_t size = 0;
  FILE *stream = open_memstream(&lines, &size);

  if (stream == NULL)
    abort();
  for (size_t i = 0; credence_request_header(request, i, &name, &value) == CREDENCE_OK; i++)
    fprintf(stream, "%s:%s\n", name, value);
  if (fclose(stream) != 0)
    abort();
  print_base64(lines, size);
  free(lines);
}

static int print_signed(credence_request *request, credence_error **error)
{
  size_t size = 0;
  int code = credence_request_sign(request, error);

  if (code == CREDENCE_OK) {
    const void *body = credence_request_body(request, &size);

    printf("0 %s ", credence_request_url(request));
    print_base64(body == NULL ? "" : body, size);
    putchar(' ');
    print_headers(request);
    putchar('\n');
  }
  return code;
}

static int print_answer(credence_request *request, credence_error **error)
{
  credence_response *response = NULL;
  size_t size = 0;
  int code = credence_request_send(request, &response, error);

  if (code == CREDENCE_OK) {
    const char *body = credence_response_body(response, &size);

    printf("%d %s ", credence_response_status(response), credence_request_url(request));
    print_base64(body, size);
    puts(" -");
  }
  credence_response_free(&response);
  return code;
}

static void answer(const struct job *job, char *line)
{
  credence_request *request = NULL;
  credence_error *error = NULL;
  int code = make(job, line, &request, &error);

  if (code == CREDENCE_OK)
    code = job->send ? print_answer(request, &error) : print_signed(request, &error);
  if (code != CREDENCE_OK)
    printf("refused %d %s\n", code, error == NULL ? credence_strerror(code) : credence_error_message(error));
  credence_error_free(&error);
  credence_request_free(&request);
}

int main(int argc, char **argv)
{
  struct job job = {NULL, 0, 0};
  credence_error *error = NULL;
  char *line = NULL;
  size_t room = 0;
  ssize_t size;

  if (argc < 3 || argc > 4 || (strcmp(argv[1], "sign") != 0 && strcmp(argv[1], "send") != 0)) {
    fputs("usage: batch sign|send PROFILE [UNIXTIME]\n", stderr);
    return 2;
  }
  job.send = strcmp(argv[1], "send") == 0;
  job.time = argc == 4 ? strtoll(argv[3], NULL, 10) : 0;
  if (credence_profile_open(NULL, argv[2], &job.profile, &error) != CREDENCE_OK ||
      credence_profile_unlock(job.profile, &error) != CREDENCE_OK) {
    fprintf(stderr, "batch: %s\n", credence_error_message(error));
    credence_error_free(&error);
    credence_profile_free(&job.profile);
    return 1;
  }
  while ((size = getline(&line, &room, stdin)) > 0) {
    if (line[size - 1] == '\n')
      line[size - 1] = '\0';
    answer(&job, line);
  }
  free(line);
  credence_profile_free(&job.profile);
  return 0;
}
