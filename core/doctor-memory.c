/* SPDX-License-Identifier: BSD-3-Clause */
/* doctor-memory.c - can secrets be kept out of swap?  See doctor.h */
#include "config.h"

#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "doctor.h"
#include "secret.h"

#define WANTED_KIB 8192u /* many profiles, and libcurl's threads */
#define LEAST_KIB 1024u  /* regions of secret memory, and what the helper of a keyring locks */

/* A shell can raise its limit up to the hard one, and root any. */
static char *mend_limit(const struct rlimit *limit, unsigned *flags)
{
  *flags |= CREDENCE_FINDING_COMMAND;
  if (limit->rlim_max == RLIM_INFINITY || limit->rlim_max / 1024 >= WANTED_KIB)
    return mend_text("ulimit -S -l %u", WANTED_KIB);
  if (limit->rlim_max / 1024 >= LEAST_KIB)
    return mend_text("ulimit -S -l %lu", (unsigned long)(limit->rlim_max / 1024));
  return mend_text("%sprlimit --pid $$ --memlock=%u", mend_sudo(), WANTED_KIB * 1024);
}

/* Privilege lifts the limit.  A capability does not tell: in a user namespace it lifts nothing. */
static int is_above_limit(void)
{
  const size_t size = LEAST_KIB * 1024u;
  void *block = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (block == MAP_FAILED)
    return 0;
  int is_locked = mlock(block, size) == 0;
  (void)munmap(block, size);
  return is_locked;
}

/* One block may be locked where there is no room for all. */
static int is_enough(const struct rlimit *limit)
{
  return limit->rlim_cur == RLIM_INFINITY || limit->rlim_cur / 1024 >= LEAST_KIB || is_above_limit();
}

void doctor_memory(credence_doctor *d)
{
  struct rlimit limit = {RLIM_INFINITY, RLIM_INFINITY};
  unsigned flags = CREDENCE_FINDING_PROBLEM;
  void *block = secret_alloc(1);
  (void)getrlimit(RLIMIT_MEMLOCK, &limit);
  int is_locked = block != NULL && secret_memory_locked() && is_enough(&limit);
  secret_free(block);
  doctor_fact(d, "memory.locked", "%s", is_locked ? "yes" : "no");
  if (is_locked)
    return;
  if (limit.rlim_cur != RLIM_INFINITY && limit.rlim_cur / 1024 < WANTED_KIB) {
    char *mend = mend_limit(&limit, &flags);
    doctor_find(d, flags, "memory.pageable", "RLIMIT_MEMLOCK", mend,
                "secrets may be written to swap: only %lu KiB of memory may be locked; a service needs "
                "LimitMEMLOCK=%uK in its unit, a user \"memlock %u\" in /etc/security/limits.conf",
                (unsigned long)(limit.rlim_cur / 1024), WANTED_KIB, WANTED_KIB);
  } else {
    doctor_find(d, flags, "memory.pageable", "mlock",
                mend_text("allow mlock in the sandbox or container, or encrypt the swap"),
                "secrets may be written to swap: the system does not let this program lock memory");
  }
}
