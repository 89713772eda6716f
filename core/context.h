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
};

/* The context, or the one that stands for NULL. */
credence_context *context_or_default(credence_context *context);
unsigned context_keyring_timeout(const credence_context *context);
unsigned context_network_timeout(const credence_context *context);

/* The passphrase of a keyring, in secret memory; free with secret_free().  Asked
 * for anew on each call, unless it comes from CREDENCE_PASSPHRASE_FD or
 * CREDENCE_PASSPHRASE_FILE; *ret_asked says which. */
enum passphrase_kind {
  PASSPHRASE_USUAL,
  PASSPHRASE_NEW,  /* of a keyring that is being made; asked for twice */
  PASSPHRASE_AGAIN /* the one before was wrong */
};
int context_passphrase(credence_context *context, const char *keyring, enum passphrase_kind kind,
                       char **ret_passphrase, int *ret_asked, credence_error **error);

#endif
