/* SPDX-License-Identifier: BSD-3-Clause */
/* curl-receive.c - let a libcurl handle write its answer to a response; see credence-curl.h */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "credence-curl.h"
#include "error.h"
#include "request.h"

/* The status of "HTTP/1.1 200 OK" or "HTTP/2 200"; 0 for a line that has none. */
static int read_status(const char *line)
{
  const char *space = strchr(line, ' ');
  return strncmp(line, "HTTP/", 5) == 0 && space != NULL ? (int)strtol(space, NULL, 10) : 0;
}

static char *trim(char *text)
{
  text += strspn(text, " \t");
  size_t size = strlen(text);
  while (size > 0 && strchr(" \t\r\n", text[size - 1]) != NULL)
    size--;
  text[size] = '\0';
  return text;
}

static int take_line(credence_response *response, char *line)
{
  char *colon = strchr(line, ':');
  int status = read_status(line);
  if (status != 0)
    credence_response_set_status(response, status);
  if (status != 0 || colon == NULL)
    return response->failed;
  *colon = '\0';
  return credence_response_add_header(response, line, trim(colon + 1), NULL);
}

static size_t on_header(char *data, size_t one, size_t size, void *userdata)
{
  char *line = strndup(data, size);
  (void)one;
  if (line == NULL)
    return 0;
  size_t length = strlen(line);
  int r = take_line(userdata, line);
  explicit_bzero(line, length);
  free(line);
  return r < 0 ? 0 : size;
}

static size_t on_body(char *data, size_t one, size_t size, void *userdata)
{
  (void)one;
  return credence_response_add_body(userdata, data, size, NULL) < 0 ? 0 : size;
}

int credence_curl_receive_with(CURL *curl, credence_response *response,
                               const struct credence_curl_functions *functions, credence_error **error)
{
  if (functions->easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header) != CURLE_OK ||
      functions->easy_setopt(curl, CURLOPT_HEADERDATA, response) != CURLE_OK ||
      functions->easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body) != CURLE_OK ||
      functions->easy_setopt(curl, CURLOPT_WRITEDATA, response) != CURLE_OK)
    return error_set(error, CREDENCE_E_UNSUPPORTED, NULL, "this libcurl does not take callbacks");
  return 0;
}
