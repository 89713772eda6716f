/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * reveal.c - a secret itself, for a program that cannot do without
 *
 * It is handed out as a file in memory (memfd), sealed.  What else it might be:
 *
 * - A pipe can be read once, so that a program which opens its key file twice, or
 *   seeks in it, sees half of it or nothing; and many look at the size first, which
 *   a pipe does not have.
 * - memfd_secret() would keep the bytes out of swap and of the kernel's own map, but
 *   they can only be mapped: neither read() nor a second open() works, so no program
 *   that wants a file takes it.
 * - A file on a disk has to be deleted by somebody who may be killed before.
 *
 * A memfd is gone with its last descriptor.  Its pages can be swapped out, as those
 * of the program that reads it can.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"
#include "profile.h"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif

#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

static int check_rule(const credence_profile *p, credence_error **error)
{
  char remedy[600];
  if (profile_allows_exec(p))
    return 0;
  snprintf(remedy, sizeof(remedy),
           "if you mean it, add the line allow = exec to [profile] in %.300s; whatever is run with "
           "credence exec then has the secret itself and may send it anywhere",
           p->path);
  return error_set(error, CREDENCE_E_REFUSED, remedy, "profile %s does not let commands have its secrets",
                   p->name);
}

/* Is field, "NAME" or "PROVIDER.NAME", this one? */
static int is_meant(const credence_manifest *manifest, const struct field *what, const char *field)
{
  size_t prefix = strlen(manifest->name);
  if (strncmp(field, manifest->name, prefix) == 0 && field[prefix] == '.')
    field += prefix + 1;
  return (what->flags & CREDENCE_FIELD_SECRET) != 0 && strcmp(what->name, field) == 0;
}

static int find_secret(credence_profile *p, const char *field, const struct secret_value **ret_value,
                       credence_error **error)
{
  const struct secret_value *value = NULL;
  for (size_t i = 0; i < p->stack_count; i++)
    for (size_t f = 0; f < p->stack[i]->manifest->field_count; f++) {
      const struct field *what = &p->stack[i]->manifest->fields[f];
      if (!is_meant(p->stack[i]->manifest, what, field) || !stack_entry_applies(p->stack[i], what))
        continue;
      if (value != NULL)
        return error_set(error, CREDENCE_E_AMBIGUOUS, "write PROVIDER.FIELD",
                         "more than one provider of profile %s has a secret %.80s", p->name, field);
      value = &p->stack[i]->secrets[f];
    }
  if (value == NULL && strcmp(field, "client_key") == 0)
    value = &p->client_key_secret;
  if (value == NULL)
    return error_set(error, CREDENCE_E_NOT_FOUND, "credence show tells which there are",
                     "profile %s has no secret field %.80s", p->name, field);
  *ret_value = value;
  return 0;
}

/* Where the system has it, with a seal against ever being run as a program: there
 * are systems that want this of every memfd, and older ones that do not know it. */
static int new_file(void)
{
  int fd = memfd_create("credence", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);
  if (fd < 0 && errno == EINVAL)
    fd = memfd_create("credence", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  return fd;
}

/* Programs that check the mode of a key file find one that is its owner's alone. */
static int fill(int fd, const char *data, size_t size)
{
  while (size > 0) {
    ssize_t written = write(fd, data, size);
    if (written < 0 && errno == EINTR)
      continue;
    if (written <= 0)
      return -1;
    data += written;
    size -= (size_t)written;
  }
  return fchmod(fd, 0400) < 0 || fcntl(fd, F_ADD_SEALS, SEALS) < 0 || lseek(fd, 0, SEEK_SET) < 0 ? -1 : 0;
}

static int make_file(const struct secret_value *value, int *ret_fd, credence_error **error)
{
  int fd = new_file();
  if (fd < 0 || fill(fd, value->data, value->size) < 0) {
    int number = errno;
    if (fd >= 0)
      close(fd);
    return error_set(error, CREDENCE_E_FAILED, NULL, "the system has no memory file for the secret: %s",
                     strerror(number));
  }
  *ret_fd = fd;
  return 0;
}

int credence_profile_secret_fd(credence_profile *profile, const char *field, int *ret_fd,
                               credence_error **error)
{
  char remedy[REMEDY_SIZE];
  const struct secret_value *value = NULL;
  int r = check_rule(profile, error);
  if (r == 0)
    r = find_secret(profile, field, &value, error);
  if (r == 0)
    r = credence_profile_unlock(profile, error);
  if (r < 0)
    return r;
  if (value->data != NULL)
    return make_file(value, ret_fd, error);
  profile_secret_remedy(profile, field, remedy);
  return error_set(error, CREDENCE_E_NOT_FOUND, remedy, "keyring %s holds no %.80s for profile %s",
                   profile->keyring, field, profile->name);
}
