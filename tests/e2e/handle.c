/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * handle.c - send with a libcurl handle that was used for something else before
 *
 * usage: handle PROFILE METHOD TARGET BODY [OPTION VALUE]...
 *
 * Sets the options, then credence_curl_apply(), then performs; "-" is no BODY, and
 * "@FILE" one that is read from a file.  With the option "again 1" applies and
 * performs twice.  Prints libcurl's codes, or "refused" with the library's code and
 * message.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "credence-curl.h"

static const struct {
  const char *name;
  CURLoption option;
} texts[] = {
    {"unix", CURLOPT_UNIX_SOCKET_PATH}, {"abstract", CURLOPT_ABSTRACT_UNIX_SOCKET},
    {"target", CURLOPT_REQUEST_TARGET}, {"proxy", CURLOPT_PROXY},
    {"preproxy", CURLOPT_PRE_PROXY},    {"user", CURLOPT_USERPWD},
    {"token", CURLOPT_XOAUTH2_BEARER},  {"sigv4", CURLOPT_AWS_SIGV4},
    {"range", CURLOPT_RANGE},           {"cookie", CURLOPT_COOKIE},
    {"cookies", CURLOPT_COOKIELIST},    {"cookiefile", CURLOPT_COOKIEFILE},
};

static const struct {
  const char *name;
  CURLoption option;
} numbers[] = {
    {"port", CURLOPT_PORT},     {"auth", CURLOPT_HTTPAUTH}, {"crlf", CURLOPT_CRLF},
    {"upload", CURLOPT_UPLOAD}, {"nobody", CURLOPT_NOBODY}, {"follow", CURLOPT_FOLLOWLOCATION},
};

/* What must live as long as the handle. */
struct lent {
  CURLU *url;
  struct curl_slist *connect_to;
};

static CURLcode set(CURL *curl, struct lent *lent, const char *name, const char *value)
{
  for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
    if (strcmp(texts[i].name, name) == 0)
      return curl_easy_setopt(curl, texts[i].option, value);
  for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
    if (strcmp(numbers[i].name, name) == 0)
      return curl_easy_setopt(curl, numbers[i].option, strtol(value, NULL, 10));
  if (strcmp(name, "resume") == 0)
    return curl_easy_setopt(curl, CURLOPT_RESUME_FROM_LARGE, (curl_off_t)strtol(value, NULL, 10));
  if (strcmp(name, "connect") == 0) {
    lent->connect_to = curl_slist_append(NULL, value);
    return curl_easy_setopt(curl, CURLOPT_CONNECT_TO, lent->connect_to);
  }
  if (strcmp(name, "url") == 0) {
    lent->url = curl_url();
    (void)curl_url_set(lent->url, CURLUPART_URL, value, 0);
    return curl_easy_setopt(curl, CURLOPT_CURLU, lent->url);
  }
  return CURLE_UNKNOWN_OPTION;
}

static int read_file(void *userdata, uint64_t offset, void *buffer, size_t size, size_t *ret_size)
{
  ssize_t got = pread(*(int *)userdata, buffer, size, (off_t)offset);
  if (got < 0)
    return CREDENCE_E_FAILED;
  *ret_size = (size_t)got;
  return 0;
}

static int set_body(credence_request *request, const char *body, int *ret_file, credence_error **error)
{
  if (strcmp(body, "-") == 0)
    return 0;
  if (body[0] != '@')
    return credence_request_set_body(request, body, strlen(body), "text/plain", error);
  *ret_file = open(body + 1, O_RDONLY | O_CLOEXEC);
  off_t size = lseek(*ret_file, 0, SEEK_END);
  if (size < 0)
    return CREDENCE_E_FAILED;
  return credence_request_set_body_reader(request, read_file, ret_file, (uint64_t)size, "text/plain", error);
}

static int send_with(CURL *curl, char **argv, int times, credence_error **error)
{
  int file = -1;
  credence_profile *profile = NULL;
  credence_request *request = NULL;
  int r = credence_profile_open(NULL, argv[1], &profile, error);
  if (r == 0)
    r = credence_request_new(profile, argv[2], argv[3], &request, error);
  if (r == 0)
    r = set_body(request, argv[4], &file, error);
  if (r == 0)
    r = credence_request_sign(request, error);
  for (; r == 0 && times > 0; times--) {
    r = credence_curl_apply(curl, request, error);
    if (r == 0)
      printf("%d\n", (int)curl_easy_perform(curl));
  }
  if (r < 0)
    printf("refused %d %s\n", r, credence_error_message(*error));
  curl_easy_cleanup(curl);
  credence_request_free(&request);
  credence_profile_free(&profile);
  if (file >= 0)
    close(file);
  return r;
}

static size_t swallow(char *data, size_t one, size_t size, void *userdata)
{
  (void)data;
  (void)userdata;
  return one * size;
}

int main(int argc, char **argv)
{
  struct lent lent = {NULL, NULL};
  int times = 1;
  credence_error *error = NULL;
  CURL *curl = curl_easy_init();
  if (curl == NULL || argc < 5)
    return 2;
  (void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, swallow);
  (void)curl_easy_setopt(curl, CURLOPT_TIMEOUT, 10L);
  for (int i = 5; i + 1 < argc; i += 2)
    if (strcmp(argv[i], "again") == 0) {
      times++;
    } else if (set(curl, &lent, argv[i], argv[i + 1]) != CURLE_OK) {
      printf("unknown\n");
      curl_easy_cleanup(curl);
      return 0;
    }
  int r = send_with(curl, argv, times, &error);
  credence_error_free(&error);
  curl_slist_free_all(lent.connect_to);
  curl_url_cleanup(lent.url);
  return r < 0;
}
