/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pass-gpg-run.h - run gpg and hear what it says
 *
 * gpg says what went wrong by status lines and numbers, which unlike its messages
 * are in no language.  Those that count are noted here.
 */
#ifndef KEYRING_PASS_GPG_RUN_H
#define KEYRING_PASS_GPG_RUN_H

#include "pass-child.h"
#include "pass-store.h"

#include <sys/types.h>

#define GPG_ARGUMENTS_MAX 256

/* Words that end with NULL.  Those of PASSWORD_STORE_GPG_OPTS and .gpg-id are in
 * memory of their own. */
struct gpg_arguments {
  const char *word[GPG_ARGUMENTS_MAX + 1];
  size_t count;
  int overflow; /* there were more */
  char *options;
  char *recipients;
};

/* gpg and what all its tasks want; may_ask: gpg-agent may open its pinentry. */
void gpg_begin(struct gpg_arguments *arguments, int may_ask);
void gpg_add(struct gpg_arguments *arguments, const char *word);
void gpg_add_all(struct gpg_arguments *arguments, const char *const *words);
/* The words of a text, which is cut up, each behind flag unless that is NULL. */
void gpg_add_words(struct gpg_arguments *arguments, const char *flag, char *text);
void gpg_arguments_free(struct gpg_arguments *arguments);

/* NULL when it is not set, or empty.  free() it. */
char *gpg_copy_of_variable(const char *name);

struct gpg_status {
  int is_decrypted;
  int is_encrypted;
  int has_read;           /* gpg came as far as to look at what it was given */
  int has_recipient;      /* somebody is named that it is encrypted to */
  int has_session_key;    /* a secret key was used */
  int has_failed;         /* it could not be decrypted, though it is whole as far as one sees */
  int has_no_key;         /* a key that is asked for is not here */
  unsigned error;         /* of the last failure to use a secret key */
  char bad_recipient[80]; /* one that gpg does not encrypt to */
  unsigned bad_reason;
  pid_t pinentry;     /* the process that asks, as it says itself */
  const char *wanted; /* fingerprints, one of which has to have signed */
  int is_signed;
};

/* Run gpg to its end, whether it succeeds or not.  CREDENCE_OK, or what
 * keyring_fail() returned. */
int gpg_run(struct pass *pass, const struct gpg_arguments *arguments, struct child *child,
            struct gpg_status *status);

/* For child.may_end of a gpg that may ask. */
int gpg_knows_pinentry(void *context);

/* Is gpg installed? */
int gpg_exists(void);

/* Take the place of this process: gpg with arguments, which asks nobody. */
int gpg_become(char **arguments);

#endif
