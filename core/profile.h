/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * profile.h - a profile that is ready to sign
 *
 * Opening reads the profile's file and its manifests.  Secrets and plugins come
 * with the first signature, under the profile's lock; what is there then does
 * not change any more, so that signing takes no lock.  A session does change:
 * taking it costs a lock that is held for a few instructions.
 */
#ifndef CORE_PROFILE_H
#define CORE_PROFILE_H

#include <pthread.h>
#include <stdatomic.h>

#include "context.h"
#include "login-state.h"
#include "manifest.h"
#include "message.h"
#include "module.h"
#include "secret-value.h"
#include "url.h"

#define STACK_MAX 8u
#define ALLOW_MAX 64u
#define LOGINS_MAX 8u
#define STAMP_SIZE 33u /* hexadecimal, with a NUL */

struct session;
struct credence_request;

/* Freed requests that are kept.  Nothing that other threads read stands in the same cache
 * line. */
#define SPARES 4u
struct spare {
  char before[64 - sizeof(void *)];
  _Atomic(struct credence_request *) request;
  char behind[64 - sizeof(void *)];
};

struct stack_entry {
  credence_manifest *manifest;
  char *values[MANIFEST_FIELDS_MAX]; /* by field; NULL: not given */
  struct secret_value secrets[MANIFEST_FIELDS_MAX];
  const struct loaded_provider *provider; /* NULL until it is loaded */
  int is_open;
  void *instance;
  pthread_mutex_t mutex; /* for CREDENCE_THREADS_INSTANCE */
};

struct credence_profile {
  credence_context *context;
  char *name;
  char *path;
  char *endpoint;
  struct url url; /* of endpoint, which it points into */
  char *host;     /* host, and port unless it is the scheme's own */
  char *origin;   /* scheme://host */
  char *base_path;
  char *keyring;
  char *store; /* which of the keyring's stores; NULL: not recorded */
  char *allow[ALLOW_MAX];
  size_t allow_count;
  struct stack_entry *stack[STACK_MAX];
  size_t stack_count;
  char *client_cert; /* paths, or NULL */
  char *client_key;
  char *ca_cert;
  struct secret_value client_key_secret;
  char stamp[STAMP_SIZE]; /* of the credential, as it was taken from the keyring */
  _Atomic int64_t looked; /* when the keyring was last asked for it, microseconds since 1970 */
  pthread_mutex_t lock;
  atomic_int unlocked;
  pthread_mutex_t derived_lock; /* guards the lists of derived keys of all secrets */
  struct spare spares[SPARES];  /* see request-pool.c */

  /* For a provider that logs in; see session.h. */
  struct stack_entry *login_entry;    /* NULL: none does */
  char fingerprint[FINGERPRINT_SIZE]; /* of everything that a login depends on */
  char *logins[LOGINS_MAX];           /* other origins that may get the login */
  size_t login_count;
  pthread_mutex_t session_lock; /* guards session */
  struct session *session;
  struct session *shown;  /* what credence_profile_session_value() told of */
  atomic_int was_refused; /* the credential that is open here */

  /* For a profile that is getting a new credential; see rotation.h. */
  int is_trial;            /* has one that is to be verified or imported, and which nobody else knows */
  atomic_int has_previous; /* the keyring keeps the one before until this one has worked */

  atomic_long skew; /* milliseconds by which the server's clock is ahead, once it told us so */
};

/* The value of a field, or its default; NULL when there is neither. */
const char *stack_entry_value(const struct stack_entry *entry, size_t field);

/* Does the field count, by its "when"? */
int stack_entry_applies(const struct stack_entry *entry, const struct field *field);

/* Ready it for signing with this credential, wherever it comes from; unlock.c.  For one
 * thread, before the others know the profile. */
struct record;
int profile_unlock_with(credence_profile *profile, const struct record *record, credence_error **error);

/* A profile from settings that are at hand, every line of which is checked as
 * credence_profile_open() does. */
struct profile_file;
int profile_open_file(credence_context *context, const char *name, const struct profile_file *file,
                      credence_profile **ret_profile, credence_error **error);

/* The first secret of the stack that counts, for a remedy; NULL when there is none. */
const char *profile_first_secret(const credence_profile *profile);

/* Does anything of it stand in a keyring? */
int profile_needs_keyring(const credence_profile *profile);

/* Has the keyring another credential by now?  Looks at most every other second, asks
 * nobody, and takes what cannot be found out for no. */
int profile_was_changed(credence_profile *profile);

/* How to store a secret again, with the names filled in. */
#define REMEDY_SIZE 400u
void profile_secret_remedy(const credence_profile *profile, const char *field, char out[REMEDY_SIZE]);

/* Always NO_SESSION. */
int profile_no_session(const credence_profile *profile, credence_error **error);

/* REFUSED unless the profile's rules allow it. */
int profile_check_allowed(const credence_profile *profile, const char *method, const char *path, size_t size,
                          credence_error **error);
/* Is there the rule "exec"?  It is a permission of its own: as to requests, a profile
 * that has no other has no rules. */
int profile_allows_exec(const credence_profile *profile);
/* REFUSED when the profile has rules and a header would get around them: many
 * frameworks take method or path from it. */
int profile_check_headers(const credence_profile *profile, const struct message *message,
                          credence_error **error);
/* Before the profile goes. */
void profile_free_spares(credence_profile *profile);
/* Is this a rule, "METHOD PATH" or "exec"? */
int allow_rule_is_valid(const char *rule);

/* Run a callback of the provider as its threading model wants it. */
void stack_entry_enter(struct stack_entry *entry);
void stack_entry_leave(struct stack_entry *entry);

#endif
