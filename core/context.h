/* SPDX-License-Identifier: BSD-3-Clause */
/* context.h - how the library may behave in this program */
#ifndef CORE_CONTEXT_H
#define CORE_CONTEXT_H

#include <pthread.h>

#include "credence.h"

/* Whose passphrase: those of keyrings that the user has, and of files that go to another
 * machine, come from variables of their own. */
enum passphrase_use { PASSPHRASE_OF_KEYRING, PASSPHRASE_OF_EXPORT };
#define PASSPHRASE_USES 2

struct typed_passphrase;

struct credence_context {
  int prompting;
  unsigned timeout; /* milliseconds; 0: the usual */
  credence_ask_function ask;
  void *ask_userdata;
  pthread_mutex_t lock;           /* guards what follows */
  char *given[PASSPHRASE_USES];   /* by the environment: a descriptor can be read only once */
  struct typed_passphrase *typed; /* those that opened something */
};

/* The context, or the one that stands for NULL. */
credence_context *context_or_default(credence_context *context);
unsigned context_keyring_timeout(const credence_context *context);
unsigned context_network_timeout(const credence_context *context);

/* What is locked.  name is how a question calls it, for instance "file keyring"; things of
 * another name have another passphrase. */
struct passphrase_for {
  enum passphrase_use use;
  const char *name;
};

enum passphrase_kind {
  PASSPHRASE_USUAL,
  PASSPHRASE_NEW,   /* of something that is being made; asked for twice */
  PASSPHRASE_AGAIN, /* the one before was wrong */
  PASSPHRASE_KNOWN  /* as usual, but nobody is asked */
};

/* A passphrase, in secret memory; free with secret_free().  Asked for, unless it comes
 * from the environment or was kept; *ret_asked says which. */
int context_passphrase(credence_context *context, const struct passphrase_for *what,
                       enum passphrase_kind kind, char **ret_passphrase, int *ret_asked,
                       credence_error **error);
/* One that was typed opened it: a login needs it three times, and nobody shall be asked
 * that often. */
void context_keep_passphrase(credence_context *context, const struct passphrase_for *what,
                             const char *passphrase);
/* What was kept does not open it.  Was there one? */
int context_forget_passphrase(credence_context *context, const struct passphrase_for *what);

#endif
