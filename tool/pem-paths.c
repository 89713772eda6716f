/* SPDX-License-Identifier: BSD-3-Clause */
/* Brings the paths of certificates from the command line into a draft. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pem-paths.h"
#include "output.h"

static const struct setting {
  const char *option;
  int (*set)(credence_draft *draft, const char *path, credence_error **error);
} settings[] = {
    {"client-cert", credence_draft_set_client_cert},
    {"client-key", credence_draft_set_client_key},
    {"ca-cert", credence_draft_set_ca_cert},
};
enum { SETTINGS = sizeof settings / sizeof settings[0] };

bool pem_paths_given(const struct arguments *arguments)
{
  for (int i = 0; i < SETTINGS; i++)
    if (option_value(arguments, settings[i].option))
      return true;
  return false;
}

/* A folder opens, but does not read; a FIFO would make us wait. */
static bool can_read(const char *path)
{
  int file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  bool good;
  char byte;
  int cause;

  if (file < 0)
    return false;
  good = read(file, &byte, 1) >= 0;
  cause = errno;
  explicit_bzero(&byte, 1);
  close(file);
  errno = cause;
  return good;
}

/* The profile is used from other folders, too.  A path that is absolute stays as
 * it is: a link in it may lead elsewhere tomorrow, and is meant to. */
static char *absolute_path(const char *path)
{
  return *path == '/' ? strdup(path) : realpath(path, NULL);
}

static int apply(const struct setting *setting, const char *text, credence_draft *draft)
{
  credence_error *error = NULL;
  char *path = NULL;
  int code;

  if (*text && (!can_read(text) || !(path = absolute_path(text))))
    return complain(EXIT_FAILED, "give a PEM file that can be read", "cannot read %s for --%s: %s", text,
                    setting->option, strerror(errno));
  code = setting->set(draft, path, &error);
  free(path);
  return code == CREDENCE_OK ? EXIT_DONE : complain_library(code, &error);
}

int pem_paths_apply(const struct arguments *arguments, credence_draft *draft)
{
  int code = EXIT_DONE;

  for (int i = 0; i < SETTINGS && code == EXIT_DONE; i++) {
    const char *path = option_value(arguments, settings[i].option);

    if (path)
      code = apply(&settings[i], path, draft);
  }
  return code;
}
