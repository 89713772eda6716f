/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * file-format.h - the encrypted file of the file keyring
 *
 * Numbers are unsigned, most significant byte first.
 *
 *   offset  size
 *        0     8  "CREDENCE"
 *        8     1  version of the format: 1
 *        9     1  scrypt: binary logarithm of N
 *       10     1  scrypt: r
 *       11     1  scrypt: p
 *       12     4  bytes of ciphertext
 *       16    32  scrypt: salt; chosen once, when the file is made
 *       48    12  nonce of AES-256-GCM; random, fresh in every write
 *       60    32  key check: HMAC-SHA256 of bytes 0 to 59 under the check key
 *       92    32  checksum: SHA-256 of bytes 0 to 91
 *      124     n  ciphertext; bytes 0 to 123 are authenticated with it
 *    124+n    16  tag of AES-256-GCM
 *
 * scrypt makes 64 bytes of the passphrase: the key of AES-256-GCM, then the
 * check key.  A later version keeps the places of the first two fields and of
 * the checksum.
 *
 * The checksum needs no key.  So a damaged header is told from a wrong
 * passphrase (good checksum, other key check), and that before anything slow
 * is computed from damaged numbers.
 *
 * The plaintext is a sequence of records; see file-records.h.
 */
#ifndef KEYRING_FILE_FORMAT_H
#define KEYRING_FILE_FORMAT_H

#include <stddef.h>

#define FILE_HEADER_SIZE 124u
#define FILE_TAG_SIZE 16u
#define FILE_OVERHEAD (FILE_HEADER_SIZE + FILE_TAG_SIZE)
#define FILE_SIZE_MAX (16u * 1024u * 1024u) /* of the whole file */
#define FILE_SALT_SIZE 32u
#define FILE_KEY_SIZE 32u

/* A passphrase that was turned into keys, and what they were made with. */
struct file_key {
  unsigned char log_n, r, p;
  unsigned char salt[FILE_SALT_SIZE];
  unsigned char cipher_key[FILE_KEY_SIZE];
  unsigned char check_key[FILE_KEY_SIZE];
};

/* All return CREDENCE_OK or the code given. */

/* Is this a whole file with a sound header?  CORRUPT, or UNSUPPORTED for a
 * later version.  The functions below need a file for which it is. */
int file_check(const unsigned char *file, size_t size);

/* Keys for a new file.  Slow.  FAILED when OpenSSL cannot. */
int file_key_create(struct file_key *key, const char *passphrase);

/* Keys for this file.  Slow.  LOCKED when the passphrase is another. */
int file_key_derive(struct file_key *key, const unsigned char *file, const char *passphrase);

/* Was the key derived with the salt and the parameters of this file? */
int file_key_matches(const struct file_key *key, const unsigned char *file);

/* Decrypt to size - FILE_OVERHEAD bytes at plain.  CORRUPT when anything was
 * changed; plain is then to be thrown away. */
int file_decrypt(const struct file_key *key, const unsigned char *file, size_t size, unsigned char *plain);

/* Write a file of size + FILE_OVERHEAD bytes.  FAILED when OpenSSL cannot. */
int file_encrypt(const struct file_key *key, const unsigned char *plain, size_t size, unsigned char *file);

#endif
