/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * credence.h - sign API requests without handling the key
 *
 * A program names a profile, builds a request and signs or sends it:
 *
 *     credence_profile *profile = NULL;
 *     credence_request *request = NULL;
 *     credence_response *response = NULL;
 *     credence_error *error = NULL;
 *
 *     if (credence_profile_open(NULL, "lab", &profile, &error) == 0 &&
 *         credence_request_new(profile, "GET", "?target=ipam", &request, &error) == 0 &&
 *         credence_request_send(request, &response, &error) == 0)
 *       use(credence_response_body(response, NULL));
 *     else
 *       complain(credence_error_message(error), credence_error_remedy(error));
 *
 * The secret stays in the library; the provider plugin that a profile names
 * signs through services of the library and does not see it either.
 *
 * Conventions
 *
 * Every function that can fail returns CREDENCE_OK (0) or a negative
 * CREDENCE_E_* code and takes a credence_error ** as its last argument.  That
 * may be NULL; otherwise it points to NULL, or to an error of an earlier call,
 * which is freed and replaced.  It stays untouched on success.  Results come
 * through ret_ pointers, untouched on failure.
 *
 * credence_X_free(&x) frees and clears the pointer; NULL and a pointer to NULL
 * are fine.  Strings that a getter returns belong to the object and live until
 * it is changed or freed, unless the comment says otherwise.
 *
 * Threads: contexts and profiles may be used by many threads at once, once
 * they are set up.  A request and its response belong to one thread at a time.
 *
 * The library prints nothing, and leaves locale, environment, signal handlers
 * and the children of the program alone.
 */
#ifndef CREDENCE_H
#define CREDENCE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define CREDENCE_API __attribute__((visibility("default")))
#else
#define CREDENCE_API
#endif

/* --- codes -------------------------------------------------------------- */

#define CREDENCE_OK 0
#define CREDENCE_E_FAILED (-1)          /* something else went wrong */
#define CREDENCE_E_NOMEM (-2)           /* out of memory */
#define CREDENCE_E_INVALID (-3)         /* an argument or field makes no sense */
#define CREDENCE_E_NOT_FOUND (-4)       /* no such field, header, secret ... */
#define CREDENCE_E_LOCKED (-5)          /* the keyring holds it, but is locked */
#define CREDENCE_E_PROMPT_REQUIRED (-6) /* somebody would have to be asked, and may not be */
#define CREDENCE_E_DISMISSED (-7)       /* somebody was asked and said no */
#define CREDENCE_E_TIMEOUT (-8)         /* no answer by the deadline */
#define CREDENCE_E_NO_KEYRING (-9)      /* no such keyring here, or nothing behind it */
#define CREDENCE_E_SERVICE_LOST (-10)   /* the keyring went away in the middle */
#define CREDENCE_E_AMBIGUOUS (-11)      /* more than one where one is meant */
#define CREDENCE_E_CONFLICT (-12)       /* somebody else changed it first, or it exists */
#define CREDENCE_E_CORRUPT (-13)        /* stored data is damaged */
#define CREDENCE_E_TOO_LARGE (-14)      /* over a limit */
#define CREDENCE_E_DENIED (-15)         /* the system or the keyring does not let us */
#define CREDENCE_E_REFUSED (-16)        /* a rule forbids it: policy, trust, origin */
#define CREDENCE_E_UNSUPPORTED (-17)    /* this build or provider cannot do it */
#define CREDENCE_E_REJECTED (-18)       /* the server did not accept the credential */
#define CREDENCE_E_NETWORK (-19)        /* no connection, TLS failure, broken transfer */
#define CREDENCE_E_MALFORMED (-20)      /* data is not in the form it should have */
#define CREDENCE_E_NO_SESSION (-21)     /* the provider wants a login first */

/* A word for a code, for instance "locked".  Never NULL; static. */
CREDENCE_API const char *credence_strerror(int code);

/* The version of the library at run time, for instance "0.1.0".  Static. */
CREDENCE_API const char *credence_version(void);

/* --- errors ------------------------------------------------------------- */

typedef struct credence_error credence_error;

/* One of CREDENCE_E_*; CREDENCE_OK for NULL. */
CREDENCE_API int credence_error_code(const credence_error *error);
/* One line: what failed and why.  No secret, no control characters. */
CREDENCE_API const char *credence_error_message(const credence_error *error);
/* One line: what to do about it; "" when there is nothing to say. */
CREDENCE_API const char *credence_error_remedy(const credence_error *error);
CREDENCE_API void credence_error_free(credence_error **error);

/* --- context: how the library may behave in this program ------------------ */

/* Everything that takes a credence_context also takes NULL: no prompts, usual
 * deadlines.  That cannot be changed: the setters do nothing for NULL. */
typedef struct credence_context credence_context;

CREDENCE_API int credence_context_new(credence_context **ret_context, credence_error **error);
CREDENCE_API void credence_context_free(credence_context **context);

/* May a keyring ask the user to unlock it, in a window of its own?  Off at
 * first. */
CREDENCE_API void credence_context_set_prompting(credence_context *context, int allowed);

/* Deadline in milliseconds for one keyring call, and for one exchange with the
 * server; at most a day.  0 means the usual: 2 s for a keyring (30 s to derive
 * the key of the file keyring), 60 s when it may prompt,
 * 60 s for the network, and 5 minutes in line behind other programs that write to
 * the same keyring or profile. */
CREDENCE_API void credence_context_set_timeout(credence_context *context, unsigned milliseconds);

/* Kinds of question. */
#define CREDENCE_ASK_TEXT 1u   /* the answer may be shown while it is typed */
#define CREDENCE_ASK_SECRET 2u /* it may not */
#define CREDENCE_ASK_OTP 3u    /* a one-time password; hidden as well */
#define CREDENCE_ASK_CHOICE 4u /* the answer is one of the lines behind the question's first */

/* Answer a question of the library, for instance for the passphrase of the
 * file keyring or a provider's one-time password.  Write the answer with a NUL at
 * its end to answer, which is size bytes of memory that the library wipes.
 * Return CREDENCE_OK, CREDENCE_E_DISMISSED when the user said no, or
 * CREDENCE_E_PROMPT_REQUIRED when there is nobody to ask.  Called on the thread
 * that caused it, and must not call the library with the profile that is being
 * unlocked or logged in. */
typedef int (*credence_ask_function)(void *userdata, unsigned kind, const char *question, char *answer,
                                     size_t size);

/* A passphrase that was answered and opened the keyring is kept in protected memory
 * as long as the context.  Without this, the file keyring's passphrase comes from the descriptor in
 * CREDENCE_PASSPHRASE_FD or the file in CREDENCE_PASSPHRASE_FILE alone, and a
 * provider that has a question cannot log in. */
CREDENCE_API void credence_context_set_ask(credence_context *context, credence_ask_function ask,
                                           void *userdata);

/* --- manifests: which providers there are ---------------------------------- */

typedef struct credence_manifest credence_manifest;

#define CREDENCE_FIELD_SECRET 1u   /* kept in the keyring */
#define CREDENCE_FIELD_REQUIRED 2u /* a profile without it cannot sign */
#define CREDENCE_FIELD_OPTION 4u   /* changes how the provider works; rarely needed */

/* The names of all providers, sorted, ended by NULL.  Loads no code. */
CREDENCE_API int credence_manifest_list(credence_context *context, char ***ret_names, credence_error **error);
CREDENCE_API void credence_strings_free(char ***strings);

CREDENCE_API int credence_manifest_open(credence_context *context, const char *provider,
                                        credence_manifest **ret_manifest, credence_error **error);
CREDENCE_API void credence_manifest_free(credence_manifest **manifest);
CREDENCE_API const char *credence_manifest_name(const credence_manifest *manifest);
CREDENCE_API const char *credence_manifest_title(const credence_manifest *manifest);
CREDENCE_API const char *credence_manifest_homepage(const credence_manifest *manifest);
CREDENCE_API const char *credence_manifest_endpoint(const credence_manifest *manifest); /* default; or NULL */
CREDENCE_API const char *credence_manifest_path(const credence_manifest *manifest);
CREDENCE_API const char *credence_manifest_module(const credence_manifest *manifest);

/* index is below the count; behind it there are no name and no flags. */
CREDENCE_API size_t credence_manifest_field_count(const credence_manifest *manifest);
CREDENCE_API const char *credence_manifest_field_name(const credence_manifest *manifest, size_t index);
CREDENCE_API const char *credence_manifest_field_label(const credence_manifest *manifest, size_t index);
CREDENCE_API const char *credence_manifest_field_help(const credence_manifest *manifest, size_t index);
CREDENCE_API const char *credence_manifest_field_default(const credence_manifest *manifest,
                                                         size_t index); /* or NULL */
CREDENCE_API unsigned credence_manifest_field_flags(const credence_manifest *manifest, size_t index);
/* "OPTION=VALUE": the field counts only then; NULL: always. */
CREDENCE_API const char *credence_manifest_field_when(const credence_manifest *manifest, size_t index);

/* --- profiles: a user's named use of a provider ---------------------------- */

typedef struct credence_profile credence_profile;

/* The names of all profiles, sorted, ended by NULL. */
CREDENCE_API int credence_profile_list(credence_context *context, char ***ret_names, credence_error **error);

/* Read a profile and the manifests that it names.  Neither keyring nor plugin
 * is touched until the first request is signed.  The context must outlive the
 * profile. */
CREDENCE_API int credence_profile_open(credence_context *context, const char *name,
                                       credence_profile **ret_profile, credence_error **error);

/* Wipes the secrets.  Free the profile's requests first. */
CREDENCE_API void credence_profile_free(credence_profile **profile);

/* Take the secrets from the keyring and load the plugins now, rather than when
 * the first request is signed.  Does nothing when that has happened.  After a
 * failure the next call tries again. */
CREDENCE_API int credence_profile_unlock(credence_profile *profile, credence_error **error);

/* Does the keyring still have what this profile was unlocked with?  For a program that runs
 * for long, now and then, or after CREDENCE_E_REJECTED.  CREDENCE_E_CONFLICT: the secrets
 * were changed since.  The profile goes on with those that it has; open it again to use the
 * new ones, and free the old when its requests are done.  CREDENCE_OK also before it was
 * unlocked, and when it needs no secret.  Any other error means that nobody knows: the
 * keyring is locked, or gone.  Starts a helper, which takes some milliseconds, and never
 * asks the user.  Threads may call it at any time. */
CREDENCE_API int credence_profile_check(credence_profile *profile, credence_error **error);

CREDENCE_API const char *credence_profile_name(const credence_profile *profile);
CREDENCE_API const char *credence_profile_path(const credence_profile *profile);
CREDENCE_API const char *credence_profile_endpoint(const credence_profile *profile);
CREDENCE_API const char *credence_profile_keyring(const credence_profile *profile);
/* Which of the keyring's stores has the secrets: the path of a file or folder, or the name
 * of the program that was the Secret Service when they were stored.  NULL: the usual one,
 * or not recorded. */
CREDENCE_API const char *credence_profile_store(const credence_profile *profile);

/* Item index of a list; NULL behind the last.  Among the rules may be "exec", which
 * is not about requests: see credence_profile_secret_fd(). */
CREDENCE_API const char *credence_profile_provider(const credence_profile *profile, size_t index);
CREDENCE_API const char *credence_profile_allow(const credence_profile *profile, size_t index);

/* The fields of all providers of the stack that count, one after the other;
 * NOT_FOUND behind the last.  *ret_value is NULL for a secret and for a field that has
 * neither value nor default.  flags are CREDENCE_FIELD_*. */
CREDENCE_API int credence_profile_field(const credence_profile *profile, size_t index,
                                        const char **ret_provider, const char **ret_name,
                                        const char **ret_value, unsigned *ret_flags);

/* A secret itself, for a program that can only be given a key: prefer to sign or send.
 * REFUSED unless the profile has the rule "exec".  field is the name of a secret
 * field, PROVIDER.NAME where two providers share one, or "client_key".
 *
 * *ret_fd becomes a descriptor of a file in memory that holds the secret's bytes and
 * nothing else; it stands at the begin, cannot be changed (it is sealed), has mode
 * 0400 and is gone with its last descriptor.  It is yours to close, and closes when
 * your program runs another: clear FD_CLOEXEC, after fork() or right before exec, to
 * hand it over.  "/dev/fd/N" opens it anew, from its begin.
 *
 * What this gives up: the secret leaves the library and its origin.  Whoever has the
 * descriptor, or runs as the same user and looks into /proc/PID/fd meanwhile, can
 * send it anywhere; it can be swapped out, and what the program does with its copies
 * nobody here knows.  Opens the keyring as credence_profile_unlock() does.  NOT_FOUND
 * when there is no such secret. */
CREDENCE_API int credence_profile_secret_fd(credence_profile *profile, const char *field, int *ret_fd,
                                            credence_error **error);

/* The certificate and the key that the profile shows to the server, and the
 * certificate authority that it trusts instead of the system's: paths of PEM
 * files, or NULL.  The key may also be the profile's secret client_key. */
CREDENCE_API const char *credence_profile_client_cert(const credence_profile *profile);
CREDENCE_API const char *credence_profile_client_key(const credence_profile *profile);
CREDENCE_API const char *credence_profile_ca_cert(const credence_profile *profile);

/* Delete the profile, its secrets and its session.  The profile stays when its
 * keyring cannot be reached. */
CREDENCE_API int credence_profile_remove(credence_context *context, const char *name, credence_error **error);

/* --- drafts: make or change a profile --------------------------------------- */

/* Nothing is stored before credence_draft_save(), and then everything or
 * nothing.  field is a name, or PROVIDER.NAME where two providers of a stack
 * share one. */
typedef struct credence_draft credence_draft;

/* A new profile with one provider.  CONFLICT when the name is taken. */
CREDENCE_API int credence_draft_new(credence_context *context, const char *name, const char *provider,
                                    credence_draft **ret_draft, credence_error **error);
/* A profile that exists. */
CREDENCE_API int credence_draft_load(credence_context *context, const char *name, credence_draft **ret_draft,
                                     credence_error **error);
CREDENCE_API void credence_draft_free(credence_draft **draft);

/* http or https, a host, perhaps a port and a path.  A stored secret is bound
 * to this origin. */
CREDENCE_API int credence_draft_set_endpoint(credence_draft *draft, const char *url, credence_error **error);
/* "secret-service", "file" ...; without it the Secret Service, where one
 * answers.  Only for a new profile. */
CREDENCE_API int credence_draft_set_keyring(credence_draft *draft, const char *keyring,
                                            credence_error **error);
/* The keyring's file or folder, an absolute path, rather than its usual one.  Only for a
 * new profile, and not for the Secret Service, which has no others. */
CREDENCE_API int credence_draft_set_store(credence_draft *draft, const char *path, credence_error **error);
/* A rule "METHOD PATH", each with * for anything.  Without such rules every request
 * to the endpoint's origin is allowed.  Or "exec", which allows
 * credence_profile_secret_fd() and nothing else. */
CREDENCE_API int credence_draft_add_allow(credence_draft *draft, const char *rule, credence_error **error);
/* A field that is not secret.  NULL takes the value away. */
CREDENCE_API int credence_draft_set_field(credence_draft *draft, const char *field, const char *value,
                                          credence_error **error);
/* Paths of PEM files, which are read when the profile sends; NULL takes the
 * setting away.  See credence_profile_client_cert(). */
CREDENCE_API int credence_draft_set_client_cert(credence_draft *draft, const char *path,
                                                credence_error **error);
CREDENCE_API int credence_draft_set_client_key(credence_draft *draft, const char *path,
                                               credence_error **error);
CREDENCE_API int credence_draft_set_ca_cert(credence_draft *draft, const char *path, credence_error **error);
/* A secret field, or "client_key": the key of the client certificate in PEM, kept
 * in the keyring rather than in a file.  The bytes are copied to protected
 * memory. */
CREDENCE_API int credence_draft_set_secret(credence_draft *draft, const char *field, const void *data,
                                           size_t size, credence_error **error);

/* The required field at index that has no value yet, NULL behind the last. */
CREDENCE_API const char *credence_draft_missing(const credence_draft *draft, size_t index,
                                                const char **ret_label, unsigned *ret_flags);
CREDENCE_API int credence_draft_save(credence_draft *draft, credence_error **error);

/* --- rotation: a new secret, and no moment without one that works ------------- */

/* Of one profile the keyring may hold a second credential for a while: a new one that
 * waits to be verified, or the one before, which is kept until the new one has worked.
 * Each is a step of its own, so that a program that dies in between leaves a profile that
 * signs, with secrets and fields that belong together. */
#define CREDENCE_ROTATION_NONE 0    /* neither */
#define CREDENCE_ROTATION_PENDING 1 /* the old one signs, and a new one waits */
#define CREDENCE_ROTATION_KEPT 2    /* the new one signs, and the old one is kept */

/* Instead of credence_draft_save(): store the new secrets of a draft that was loaded, and
 * the fields that belong with them, beside those that are there; try whether the server
 * accepts them; and let them sign from then on.  verify is the target of a GET request,
 * as credence_request_new() takes it, which succeeds with any status below 400.  Where it
 * is NULL, a provider that logs in logs in, and others are not tried.  Sends with libcurl.
 * *ret_verified, which may be NULL: were they tried?
 *
 * The old secrets are kept: the first request after it that the library or a flow sends and
 * that is answered with a status below 400 drops them, and credence_profile_rotation_undo() puts them back.
 *
 * REJECTED when the server does not accept the new secrets: they are dropped.  A status 403
 * by itself does not say that, and is FAILED.  With every other error they wait or were not taken, as
 * credence_profile_rotation() tells, and the old ones sign.  A draft without secrets goes on with what there
 * is: verifies secrets that wait; or tries those that sign, to drop the old ones.  INVALID when there are
 * none of either. */
CREDENCE_API int credence_draft_rotate(credence_draft *draft, const char *verify, int *ret_verified,
                                       credence_error **error);
/* One of CREDENCE_ROTATION_*.  Asks the keyring.  REFUSED for one that cannot be written to. */
CREDENCE_API int credence_profile_rotation(credence_profile *profile, int *ret_state, credence_error **error);
/* Drop the secrets that wait; or else put back those that were kept, with their fields,
 * and drop the new ones.  *ret_undone, which may be NULL, is the state that there was.
 * NOT_FOUND when there is neither. */
CREDENCE_API int credence_profile_rotation_undo(credence_context *context, const char *name, int *ret_undone,
                                                credence_error **error);

/* --- moving profiles: to another keyring, to another machine -------------------------- */

#define CREDENCE_MIGRATE_REPLACE 1u       /* overwrite what else is there under the name */
#define CREDENCE_MIGRATE_VERIFY 2u        /* open the profile from there before it counts */
#define CREDENCE_MIGRATE_DELETE_SOURCE 4u /* then delete the original */

#define CREDENCE_MIGRATE_MOVED 1u   /* the profile was elsewhere before */
#define CREDENCE_MIGRATE_DELETED 2u /* what an old place had is deleted */

/* Move a profile's secrets and session to another keyring, or to another store of the
 * same: "secret-service", "file" ...  store is an absolute path, or NULL for the usual one.
 * flags are the first three above, *ret_done, which may be NULL, the other two.
 *
 * The copy is read back by another process before the profile's file names it, and the
 * original is deleted after that, if it has not changed meanwhile.  So the profile works
 * at every moment, and an interrupted call can be made again.  An error after the
 * profile has moved, when the original cannot be deleted, says so.  Without
 * DELETE_SOURCE the original stays; the same call with it deletes it later.
 *
 * CONFLICT when the new keyring holds something else under the name; REFUSED for a keyring
 * that cannot be written to, and for the system's profile; TIMEOUT when somebody is
 * logging in.  A keyring that cannot hold sessions loses the session.  Programs that have
 * the profile open use the old keyring until they open it anew. */
CREDENCE_API int credence_profile_migrate(credence_context *context, const char *name, const char *keyring,
                                          const char *store, unsigned flags, unsigned *ret_done,
                                          credence_error **error);

/* Write profiles with their secrets to a new file, encrypted with a passphrase, for
 * another machine: credence-keyring(7) has its format.  names ends with NULL; without
 * names, all profiles of the user's.  All or nothing: CONFLICT when the file is there,
 * and no file when one of the profiles cannot be read.  Sessions are left out.
 *
 * The passphrase comes from CREDENCE_EXPORT_PASSPHRASE_FD or _FILE, otherwise from
 * CREDENCE_PASSPHRASE_FD or _FILE, and is otherwise asked for, twice; see
 * credence_context_set_ask(). */
CREDENCE_API int credence_export(credence_context *context, const char *path, const char *const *names,
                                 credence_error **error);

/* Such a file, opened: its profiles are in memory, their secrets in protected memory.
 * The passphrase comes as for credence_export().  NOT_FOUND without a file, LOCKED for
 * a wrong passphrase, CORRUPT and MALFORMED for a file that is damaged or something
 * else.  An import belongs to one thread at a time; the context must outlive it. */
typedef struct credence_import credence_import;

CREDENCE_API int credence_import_open(credence_context *context, const char *path,
                                      credence_import **ret_import, credence_error **error);
CREDENCE_API void credence_import_free(credence_import **import);
/* The names of its profiles, sorted; NULL behind the last. */
CREDENCE_API const char *credence_import_name(const credence_import *import, size_t index);

#define CREDENCE_IMPORT_REPLACE 1u /* overwrite a profile, or secrets, that differ */

/* Make one of them a profile here.  keyring and store say where its secrets go; NULL: to the
 * keyring that it had there, and to the usual store.  A profile that is here keeps its
 * place.  It is checked as a profile's file is, and the secrets are read back, before it
 * can be seen.  *ret_changed, which may be NULL: was anything to do?  CONFLICT when there
 * is another profile of the name; NOT_FOUND when its provider is not installed. */
CREDENCE_API int credence_import_profile(credence_import *import, const char *name, const char *keyring,
                                         const char *store, unsigned flags, int *ret_changed,
                                         credence_error **error);

/* --- requests: build and sign ------------------------------------------------ */

typedef struct credence_request credence_request;

/* target is an absolute URL of the endpoint's origin; "/path", which takes the
 * place of the endpoint's path; "path", which is appended to it; "?query", "",
 * or NULL, which keep it.  Its bytes are sent as they are; but {NAME}, where NAME
 * is a value of the session that is not secret, becomes that value when the
 * request is signed.  The profile must outlive the request. */
CREDENCE_API int credence_request_new(credence_profile *profile, const char *method, const char *target,
                                      credence_request **ret_request, credence_error **error);
CREDENCE_API void credence_request_free(credence_request **request);

/* Append a query parameter.  name and value are percent-encoded (RFC 3986).
 * A NULL value appends the name alone. */
CREDENCE_API int credence_request_add_query(credence_request *request, const char *name, const char *value,
                                            credence_error **error);
/* Append a header.  Duplicates are kept.  REFUSED for those that the library
 * or the provider sets. */
CREDENCE_API int credence_request_add_header(credence_request *request, const char *name, const char *value,
                                             credence_error **error);
/* Set the body.  media_type becomes the Content-Type header; NULL sets none. */
CREDENCE_API int credence_request_set_body(credence_request *request, const void *data, size_t size,
                                           const char *media_type, credence_error **error);
/* Read a part of the body, as pread does: up to size bytes from offset on.
 * *ret_size, at first 0, becomes how many there are, of which 0 means that the body
 * ends at offset; fewer than asked for are fine.  Offsets come in order: 0 first,
 * then where the bytes before ended; and from 0 on again whenever the body is read
 * again.  Returns CREDENCE_OK or a CREDENCE_E_* code.  Called on the thread that
 * signs, sends or reads, and must not call the library with that request or another
 * of its profile. */
typedef int (*credence_read_function)(void *userdata, uint64_t offset, void *buffer, size_t size,
                                      size_t *ret_size);
/* Set a body that is not in memory: read is called whenever the body is hashed or
 * sent, and userdata must stay until the request is freed or has another body.  size
 * is that of the whole body and becomes Content-Length; a body that turns out to be
 * shorter or longer is an error, INVALID, and never sent as if it were whole.  Where
 * size is 0, read is called at once and not kept.  Providers that sign the bytes of
 * the body rather than a digest do not sign such a request: UNSUPPORTED. */
CREDENCE_API int credence_request_set_body_reader(credence_request *request, credence_read_function read,
                                                  void *userdata, uint64_t size, const char *media_type,
                                                  credence_error **error);
/* Set a JSON body; the text is checked and sent as it is. */
CREDENCE_API int credence_request_set_json(credence_request *request, const char *text,
                                           credence_error **error);
/* Append a field to a form body (application/x-www-form-urlencoded).  INVALID when
 * there is a body that is not a form, or is read.  Of the functions that set a body,
 * the last one counts. */
CREDENCE_API int credence_request_add_form(credence_request *request, const char *name, const char *value,
                                           credence_error **error);

/* Fix the clock (microseconds since 1970 UTC) and the nonce, for test vectors
 * and debugging. */
CREDENCE_API int credence_request_set_time(credence_request *request, int64_t microseconds,
                                           credence_error **error);
CREDENCE_API int credence_request_set_nonce(credence_request *request, const char *nonce,
                                            credence_error **error);

/* Be told what a provider signs: label is "string to sign" and the like.  text
 * is not terminated with NUL and lives until the function returns.  The function
 * is called while a plugin runs and must not call the library. */
typedef void (*credence_trace_function)(void *userdata, const char *label, const char *text, size_t size);
CREDENCE_API void credence_request_set_trace(credence_request *request, credence_trace_function trace,
                                             void *userdata);

/* Sign.  The request as it was built is kept: what was signed before is
 * dropped and a fresh copy signed, so that two calls under the same clock give
 * the same result.  NO_SESSION when the provider wants a login and the profile
 * has no session: see credence_profile_login() and credence_flow_new(). */
CREDENCE_API int credence_request_sign(credence_request *request, credence_error **error);

/* Read what is to be sent.  Before signing they show the request as built. */
CREDENCE_API const char *credence_request_method(const credence_request *request);
/* NULL when memory runs out. */
CREDENCE_API const char *credence_request_url(credence_request *request);
/* The header at index, in the order sent, without Host and Content-Length.
 * NOT_FOUND behind the last. */
CREDENCE_API int credence_request_header(const credence_request *request, size_t index, const char **ret_name,
                                         const char **ret_value);
/* What the Host header says. */
CREDENCE_API const char *credence_request_host(const credence_request *request);
/* The body in memory; NULL when there is none, or when it is read: see
 * credence_request_read_body().  ret_size may be NULL. */
CREDENCE_API const void *credence_request_body(const credence_request *request, size_t *ret_size);
/* How many bytes the body has, in memory or not; 0 when there is none. */
CREDENCE_API uint64_t credence_request_body_size(const credence_request *request);
/* Read the body piece by piece, in memory or not: offset is 0, or where the read
 * before ended.  *ret_size is between 1 and size, or 0 at the end.  Where a reader's
 * body is not as long as was said, its last piece is an error. */
CREDENCE_API int credence_request_read_body(credence_request *request, uint64_t offset, void *buffer,
                                            size_t size, size_t *ret_size, credence_error **error);

/* --- sending --------------------------------------------------------------------- */

typedef struct credence_response credence_response;

/* Sign, send and read the answer.  Where the provider wants a session, logs in
 * first, or once more when the server no longer accepts the session; where the
 * provider says that the clock was wrong, sends once more with the server's.
 * Redirects are not followed; cookies, .netrc and proxies from the environment
 * are not used.  An answer with status 401 or 403 is CREDENCE_E_REJECTED, and
 * what the provider takes for a failure is the code that it gives; all other
 * answers are a success, whatever their status.  When there is an answer,
 * *ret_response is set, also with an error, so that the body can be shown.  Needs
 * libcurl, which is loaded at the first call. */
CREDENCE_API int credence_request_send(credence_request *request, credence_response **ret_response,
                                       credence_error **error);
CREDENCE_API void credence_response_free(credence_response **response);
CREDENCE_API int credence_response_status(const credence_response *response);
/* NOT_FOUND behind the last. */
CREDENCE_API int credence_response_header(const credence_response *response, size_t index,
                                          const char **ret_name, const char **ret_value);
/* Followed by a NUL byte that *ret_size does not count.  ret_size may be NULL. */
CREDENCE_API const char *credence_response_body(const credence_response *response, size_t *ret_size);

/* --- sessions ------------------------------------------------------------------------ */

/* A provider that logs in gets a session: a token, mostly for some time.  It is
 * kept in the profile's keyring and shared by all programs that use the profile.
 * A login that the server refused is remembered and not tried again, since
 * vendors lock accounts, until the credential changes or somebody calls
 * credence_profile_login(). */

/* Log in now, also when there is a session.  Sends with libcurl.  UNSUPPORTED for
 * a provider that needs no login. */
CREDENCE_API int credence_profile_login(credence_profile *profile, credence_error **error);
/* Drop the session from the keyring.  *ret_held, which may be NULL: was there
 * one?  The server is not told. */
CREDENCE_API int credence_profile_logout(credence_profile *profile, int *ret_held, credence_error **error);

#define CREDENCE_SESSION_UNUSED 0  /* the provider does not log in */
#define CREDENCE_SESSION_NONE 1    /* nobody logged in yet */
#define CREDENCE_SESSION_HELD 2    /* until *ret_time; 0: the server did not say */
#define CREDENCE_SESSION_EXPIRED 3 /* it ended at *ret_time */
#define CREDENCE_SESSION_REFUSED 4 /* the server refused the last login, at *ret_time */

/* One of these: what was last heard of the session, without its keyring.
 * *ret_time is in microseconds since 1970 UTC. */
CREDENCE_API int credence_profile_session(const credence_profile *profile, int64_t *ret_time);

/* The value at index of those of the session that are not secret, for instance
 * an account; NOT_FOUND behind the last, and before a login or a signature.  The
 * strings live until the next call with index 0: one thread at a time. */
CREDENCE_API int credence_profile_session_value(credence_profile *profile, size_t index,
                                                const char **ret_name, const char **ret_label,
                                                const char **ret_value);

/* --- flow: the steps of a request, for programs that send by themselves ----------------- */

/* Does what credence_request_send() does, but sends nothing: it says what the next
 * step is, and the program takes it with the HTTP stack and the event loop it has.
 *
 *     while ((r = credence_flow_step(flow, &step, &error)) == 0 && step != CREDENCE_STEP_DONE)
 *       switch (step) {
 *       case CREDENCE_STEP_SEND:
 *         send credence_flow_request(flow) and read the answer;
 *         credence_flow_respond(flow, &response, &error);
 *         break;
 *       case CREDENCE_STEP_ASK:
 *         ask credence_flow_question(flow, 0, &kind) and so on;
 *         credence_flow_answer(flow, 0, answer, &error);
 *         break;
 *       case CREDENCE_STEP_WAIT:
 *         come back after credence_flow_delay(flow) milliseconds;
 *       }
 *
 * A step talks to the keyring at times, which takes milliseconds, and at most the
 * keyring's deadline.  A flow belongs to one thread at a time.  Freeing a flow at
 * any step is fine; a login that was under way is then nobody's. */
typedef struct credence_flow credence_flow;

#define CREDENCE_STEP_DONE 0 /* credence_flow_take_response() is the answer */
#define CREDENCE_STEP_SEND \
  1 /* send credence_flow_request(), and give the answer to credence_flow_respond() */
#define CREDENCE_STEP_ASK                                                                                    \
  2                          /* ask credence_flow_question(), and give the answers to credence_flow_answer() \
                              */
#define CREDENCE_STEP_WAIT 3 /* another thread or program logs in: come back after credence_flow_delay() */

/* The request must outlive the flow, and is signed by it.  Free the flow as soon as a
 * transfer has failed or a question will not be answered: while it logs in, all other
 * threads and programs wait for it. */
CREDENCE_API int credence_flow_new(credence_request *request, credence_flow **ret_flow,
                                   credence_error **error);
/* A flow that only logs in: the steps of credence_profile_login().  The profile
 * must outlive it. */
CREDENCE_API int credence_flow_new_login(credence_profile *profile, credence_flow **ret_flow,
                                         credence_error **error);
CREDENCE_API void credence_flow_free(credence_flow **flow);

/* Go on to the next step.  Any error ends the flow.  INVALID when the step before
 * was not taken. */
CREDENCE_API int credence_flow_step(credence_flow *flow, int *ret_step, credence_error **error);

/* After SEND: what to send, signed.  That is the program's request or a login.
 * Belongs to the flow, unless it is the program's, and lives until the next
 * step.  Do not follow redirects. */
CREDENCE_API credence_request *credence_flow_request(credence_flow *flow);
/* After SEND: hand over the answer; *response becomes NULL, also on failure. */
CREDENCE_API int credence_flow_respond(credence_flow *flow, credence_response **response,
                                       credence_error **error);
/* After ASK: the question at index, NULL behind the last.  *ret_kind is one of
 * CREDENCE_ASK_*. */
CREDENCE_API const char *credence_flow_question(credence_flow *flow, size_t index, unsigned *ret_kind);
/* Copies the answer to protected memory.  INVALID when it is empty or none of the
 * choices. */
CREDENCE_API int credence_flow_answer(credence_flow *flow, size_t index, const char *answer,
                                      credence_error **error);
/* After WAIT: milliseconds. */
CREDENCE_API unsigned credence_flow_delay(const credence_flow *flow);
/* The last answer to the program's request, also after an error; NULL when there
 * is none.  The caller frees it. */
CREDENCE_API credence_response *credence_flow_take_response(credence_flow *flow);

/* An answer, for credence_flow_respond().  credence_curl_receive() in
 * credence-curl.h fills one. */
CREDENCE_API int credence_response_new(credence_response **ret_response, credence_error **error);
CREDENCE_API void credence_response_set_status(credence_response *response, int status);
/* Append a header, and a piece of the body.  TOO_LARGE over the library's
 * limits: 512 headers, 256 KiB of them, 64 MiB of body. */
CREDENCE_API int credence_response_add_header(credence_response *response, const char *name,
                                              const char *value, credence_error **error);
CREDENCE_API int credence_response_add_body(credence_response *response, const void *data, size_t size,
                                            credence_error **error);

/* --- doctor: what is wrong here, and what mends it ---------------------------------------- */

/* An examination of what the library needs in this place: session bus, Secret Service,
 * memory, folders, and every profile with its keyring.  Nothing is changed, nobody is
 * asked, and each part has a deadline: two seconds, or what
 * credence_context_set_timeout() says.  A passphrase is taken from CREDENCE_PASSPHRASE_FD or
 * CREDENCE_PASSPHRASE_FILE alone. */
typedef struct credence_doctor credence_doctor;

#define CREDENCE_DOCTOR_ONLINE 1u /* also ask each endpoint for the time; sends no credential */

/* Examine.  That something is wrong is no failure: that is what findings are for. */
CREDENCE_API int credence_doctor_new(credence_context *context, unsigned flags, credence_doctor **ret_doctor,
                                     credence_error **error);
CREDENCE_API void credence_doctor_free(credence_doctor **doctor);

#define CREDENCE_FINDING_PROBLEM 1u /* something will not work; without this: a note */
#define CREDENCE_FINDING_COMMAND 2u /* mend is a command line for a shell; without this: advice */

/* The finding at index, NOT_FOUND behind the last.  *ret_flags are CREDENCE_FINDING_*;
 * *ret_id is one of those in credence(1), such as "bus.stale", and stays the same from
 * release to release; *ret_subject is what is wrong: a path, a profile or a service; *ret_cause
 * and *ret_mend are one line each, without control characters. */
CREDENCE_API int credence_doctor_finding(const credence_doctor *doctor, size_t index, unsigned *ret_flags,
                                         const char **ret_id, const char **ret_subject,
                                         const char **ret_cause, const char **ret_mend);
/* The fact at index, for a report of a fault: "service.name" is "gnome-keyring".  NOT_FOUND
 * behind the last. */
CREDENCE_API int credence_doctor_fact(const credence_doctor *doctor, size_t index, const char **ret_name,
                                      const char **ret_value);

#ifdef __cplusplus
}
#endif

#endif
