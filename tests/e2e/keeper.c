/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * keeper.c - a program that opens a profile once and keeps it
 *
 * usage: keeper PROFILE
 *
 * It unlocks the profile and tells so, then reads a line of standard input after the other:
 *
 *     check          credence_profile_check()
 *     send TARGET    a GET request
 *     open           the profile anew, in the place of the old
 *
 * For each it writes a line: a code, or for what was sent the status of the answer, and
 * behind it the message and the remedy of the error, a tab before each.
 */
#include <stdio.h>
#include <string.h>

#include "credence.h"

static void tell(int result, credence_error **error)
{
  if (*error == NULL)
    printf("%d\t\t\n", result);
  else
    printf("%d\t%s\t%s\n", result, credence_error_message(*error), credence_error_remedy(*error));
  credence_error_free(error);
}

static int open_profile(const char *name, credence_profile **profile, credence_error **error)
{
  credence_profile_free(profile);
  int r = credence_profile_open(NULL, name, profile, error);
  return r < 0 ? r : credence_profile_unlock(*profile, error);
}

/* The status of the answer, or an error. */
static int send_request(credence_profile *profile, const char *target, credence_error **error)
{
  credence_request *request = NULL;
  credence_response *response = NULL;
  int r = credence_request_new(profile, "GET", target, &request, error);
  if (r == 0)
    r = credence_request_send(request, &response, error);
  if (r == 0)
    r = credence_response_status(response);
  credence_response_free(&response);
  credence_request_free(&request);
  return r;
}

int main(int argc, char **argv)
{
  credence_profile *profile = NULL;
  credence_error *error = NULL;
  char line[512];
  if (argc != 2)
    return 2;
  (void)setvbuf(stdout, NULL, _IOLBF, 0);
  int r = open_profile(argv[1], &profile, &error);
  tell(r, &error);
  while (profile != NULL && fgets(line, sizeof(line), stdin) != NULL) {
    line[strcspn(line, "\n")] = '\0';
    if (strcmp(line, "check") == 0)
      r = credence_profile_check(profile, &error);
    else if (strcmp(line, "open") == 0)
      r = open_profile(argv[1], &profile, &error);
    else
      r = send_request(profile, strncmp(line, "send ", 5) == 0 ? line + 5 : "", &error);
    tell(r, &error);
  }
  credence_profile_free(&profile);
  return 0;
}
