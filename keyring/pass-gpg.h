/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pass-gpg.h - what gpg is asked to do for a password store
 *
 * All functions return CREDENCE_OK or what keyring_fail()
 * returned.
 */
#ifndef KEYRING_PASS_GPG_H
#define KEYRING_PASS_GPG_H

#include "pass-store.h"

/* Decrypt an entry into memory of the caller, which is for secrets. */
int gpg_decrypt(struct pass *pass, const struct blob *encrypted, void *secret, size_t max, size_t *ret_size);

/* Encrypt for the recipients that .gpg-id or PASSWORD_STORE_KEY names. */
int gpg_encrypt(struct pass *pass, const void *secret, size_t size, struct blob *ret_encrypted);

/* Is there a secret key for what the store is encrypted to?  -1 when gpg does not tell. */
int gpg_has_key(struct pass *pass);

#endif
