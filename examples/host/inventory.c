/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * inventory.c - a host program: ask an API for something, and show the answer
 *
 *     cc inventory.c $(pkg-config --cflags --libs credence) -o inventory
 *     ./inventory lab '?target=ipam&action=get'
 *
 * The program names a profile.  Which API that is, how it signs and where the
 * key is kept is for its user to decide, with the command credence.
 */
#include <stdio.h>

#include <credence.h>

static int complain(const credence_error *error)
{
  fprintf(stderr, "inventory: %s (%s)\n", credence_error_message(error), credence_error_remedy(error));
  return 1;
}

static int show(const credence_response *response)
{
  size_t size = 0;
  const char *body = credence_response_body(response, &size);
  printf("status %d\n", credence_response_status(response));
  return fwrite(body, 1, size, stdout) == size && fflush(stdout) == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
  credence_profile *profile = NULL;
  credence_request *request = NULL;
  credence_response *response = NULL;
  credence_error *error = NULL;
  int status = 1;

  if (argc != 3) {
    fputs("usage: inventory PROFILE TARGET\n", stderr);
    return 2;
  }
  if (credence_profile_open(NULL, argv[1], &profile, &error) == 0 &&
      credence_request_new(profile, "GET", argv[2], &request, &error) == 0 &&
      credence_request_send(request, &response, &error) == 0)
    status = show(response);
  else
    status = complain(error);

  credence_response_free(&response);
  credence_request_free(&request);
  credence_profile_free(&profile);
  credence_error_free(&error);
  return status;
}
