/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pass-store.h - the folders and files of a password store
 *
 * Values are in the folder "credence" of the store: NAME.gpg for the credential
 * of a profile and NAME@KIND.gpg for the rest, which is another name whatever the
 * profile is called, since none has an '@'.
 *
 * All functions return CREDENCE_OK or what keyring_fail() returned.
 */
#ifndef KEYRING_PASS_STORE_H
#define KEYRING_PASS_STORE_H

#include "helper.h"

#include <sys/types.h>

#define PASS_FOLDER "credence"
#define PASS_PATH_MAX (KEYRING_STORE_MAX + 320u)
#define PASS_FILE_MAX (256u * 1024u) /* bytes of an encrypted value, and of .gpg-id */
#define PASS_REVISION_SIZE 65u       /* SHA-256 of the encrypted file as text */

/* A request, and the store that it is about. */
struct pass {
  const struct keyring_request *request;
  struct keyring_answer *answer;
  char store[KEYRING_STORE_MAX + 1];   /* absolute, without a slash at its end */
  char folder[KEYRING_STORE_MAX + 16]; /* in it, for our entries */
  char file[PASS_PATH_MAX];            /* get, put, delete: the entry */
  char entry[128];                     /* the same, as pass calls it */
  mode_t mask;                         /* PASSWORD_STORE_UMASK */
  int lock;                            /* -1, or the store is locked */
};

/* A file in memory; text ends with NUL.  Not for secrets. */
struct blob {
  char *text;
  size_t size;
};

int store_open(struct pass *pass, const struct keyring_request *request, struct keyring_answer *answer);
void store_close(struct pass *pass);

/* NO_KEYRING unless somebody ran "pass init": an empty folder, such as one where
 * nothing is mounted yet, must not look like a store without our entries. */
int store_need(struct pass *pass);
/* Path of the .gpg-id that counts for our folder; 0 when there is none. */
int store_find_id(const struct pass *pass, char *path);

/* REFUSED when others can write the .gpg-id that counts, our folder or the store: who can
 * do that chooses who reads all that is written from now on. */
int store_check_private(struct pass *pass);

/* Keep other helpers from writing until store_close(), waiting by the deadline. */
int store_lock(struct pass *pass);

/* NOT_FOUND has no message yet.  The blob is free()d with blob_free(). */
int store_read(struct pass *pass, const char *path, struct blob *ret_blob);
void blob_free(struct blob *blob);
void store_revision(const void *data, size_t size, char *revision);
int store_fail_not_found(struct pass *pass);

/* Replace the entry as a whole: a crash leaves the old one or the new one.  Both
 * want the lock. */
int store_write(struct pass *pass, const void *data, size_t size);
int store_delete(struct pass *pass);
/* Keep git from seeing what is not for its history.  Needs the lock. */
void store_hide_from_git(struct pass *pass);

/* Call visit for each entry of a kind, in order, until it returns an error or
 * STORE_STOP, which is none. */
#define STORE_STOP 1
typedef int store_visitor(struct pass *pass, const char *path, const char *profile);
int store_visit(struct pass *pass, const char *kind, store_visitor *visit);

#endif
