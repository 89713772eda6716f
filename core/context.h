/* SPDX-License-Identifier: BSD-3-Clause */
/* context.h - how the library may behave in this program */
#ifndef CORE_CONTEXT_H
#define CORE_CONTEXT_H

#include <pthread.h>

#include "credence.h"

struct credence_context {
  int prompting;
  unsigned timeout; /* milliseconds; 0: the usual */
  credence_ask_function ask;
  void *ask_userdata;
  pthread_mutex_t lock; /* guards passphrase */
  char *passphrase;     /* secret memory: a descriptor can be read only once */
  int was_typed;        /* rather than taken from the environment */
};

/* The context, or the one that stands for NULL. */
credence_context *context_or_default(credence_context *context);
unsigned context_keyring_timeout(const credence_context *context);
unsigned context_network_timeout(const credence_context *context);

/* The passphrase of a keyring, in secret memory; free with secret_free().  Asked
 * for, unless it comes from CREDENCE_PASSPHRASE_FD or CREDENCE_PASSPHRASE_FILE or
 * was kept; *ret_asked says which. */
enum passphrase_kind {
  PASSPHRASE_USUAL,
  PASSPHRASE_NEW,   /* of a keyring that is being made; asked for twice */
  PASSPHRASE_AGAIN, /* the one before was wrong */
  PASSPHRASE_KNOWN  /* as usual, but nobody is asked */
};
int context_passphrase(credence_context *context, const char *keyring, enum passphrase_kind kind,
                       char **ret_passphrase, int *ret_asked, credence_error **error);
/* One that was typed opened its keyring: a login needs it three times, and nobody
 * shall be asked that often. */
void context_keep_passphrase(credence_context *context, const char *passphrase);
/* It did not open this one.  Was there one? */
int context_forget_passphrase(credence_context *context);

#endif
