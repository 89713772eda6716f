/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * file-format.c - encrypt and decrypt the file of the file keyring
 *
 * The layout is in file-format.h.  All cryptography is OpenSSL's; this file
 * puts its pieces together and believes no number before it was checked.
 */
#include "file-format.h"

#include "big-endian.h"
#include "../core/credence.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <stdint.h>
#include <string.h>

static const unsigned char magic[8] = {'C', 'R', 'E', 'D', 'E', 'N', 'C', 'E'};

#define VERSION 1
#define AT_VERSION 8
#define AT_LOG_N 9
#define AT_R 10
#define AT_P 11
#define AT_LENGTH 12
#define AT_SALT 16
#define AT_NONCE 48
#define AT_CHECK 60
#define AT_CHECKSUM 92
#define NONCE_SIZE 12

/* 64 MiB and a fifth of a second on a desktop of 2024. */
#define DEFAULT_LOG_N 16
#define DEFAULT_R 8
#define DEFAULT_P 1

/* A file must not make us take all memory, or compute for ever: at most 1 GiB
 * and 32 times the default work. */
#define MAX_LOG_N 20
#define MAX_N_R (UINT64_C(1) << 23)
#define MAX_N_R_P (UINT64_C(1) << 24)
#define MAX_MEMORY (UINT64_C(1) << 31)

static int parameters_sane(const unsigned char *file)
{
  uint64_t n, r = file[AT_R], p = file[AT_P];

  if (file[AT_LOG_N] < 1 || file[AT_LOG_N] > MAX_LOG_N || r == 0 || p == 0)
    return 0;
  n = UINT64_C(1) << file[AT_LOG_N];
  return n * r <= MAX_N_R && n * r * p <= MAX_N_R_P;
}

int file_check(const unsigned char *file, size_t size)
{
  unsigned char checksum[SHA256_DIGEST_LENGTH];

  if (size < FILE_OVERHEAD || memcmp(file, magic, sizeof magic) != 0)
    return CREDENCE_E_CORRUPT;
  if (!EVP_Digest(file, AT_CHECKSUM, checksum, NULL, EVP_sha256(), NULL) ||
      memcmp(checksum, file + AT_CHECKSUM, sizeof checksum) != 0)
    return CREDENCE_E_CORRUPT;
  if (file[AT_VERSION] != VERSION)
    return CREDENCE_E_UNSUPPORTED;
  if (size > FILE_SIZE_MAX || size - FILE_OVERHEAD != load_length(file + AT_LENGTH) || !parameters_sane(file))
    return CREDENCE_E_CORRUPT;
  return CREDENCE_OK;
}

static int derive(struct file_key *key, const char *passphrase)
{
  unsigned char both[2 * FILE_KEY_SIZE];
  int r = CREDENCE_E_FAILED;

  if (EVP_PBE_scrypt(passphrase, strlen(passphrase), key->salt, sizeof key->salt, UINT64_C(1) << key->log_n,
                     key->r, key->p, MAX_MEMORY, both, sizeof both) != 1)
    goto out;
  memcpy(key->cipher_key, both, FILE_KEY_SIZE);
  memcpy(key->check_key, both + FILE_KEY_SIZE, FILE_KEY_SIZE);
  r = CREDENCE_OK;
out:
  OPENSSL_cleanse(both, sizeof both);
  return r;
}

int file_key_create(struct file_key *key, const char *passphrase)
{
  key->log_n = DEFAULT_LOG_N;
  key->r = DEFAULT_R;
  key->p = DEFAULT_P;
  if (RAND_bytes(key->salt, sizeof key->salt) != 1)
    return CREDENCE_E_FAILED;
  return derive(key, passphrase);
}

static int compute_check(const struct file_key *key, const unsigned char *file, unsigned char *check)
{
  if (!HMAC(EVP_sha256(), key->check_key, sizeof key->check_key, file, AT_CHECK, check, NULL))
    return CREDENCE_E_FAILED;
  return CREDENCE_OK;
}

static int verify_check(const struct file_key *key, const unsigned char *file)
{
  unsigned char check[SHA256_DIGEST_LENGTH];

  if (compute_check(key, file, check) != CREDENCE_OK)
    return CREDENCE_E_FAILED;
  if (CRYPTO_memcmp(check, file + AT_CHECK, sizeof check) != 0)
    return CREDENCE_E_LOCKED;
  return CREDENCE_OK;
}

int file_key_derive(struct file_key *key, const unsigned char *file, const char *passphrase)
{
  int r;

  key->log_n = file[AT_LOG_N];
  key->r = file[AT_R];
  key->p = file[AT_P];
  memcpy(key->salt, file + AT_SALT, sizeof key->salt);
  r = derive(key, passphrase);
  if (r == CREDENCE_OK)
    r = verify_check(key, file);
  return r;
}

int file_key_matches(const struct file_key *key, const unsigned char *file)
{
  return key->log_n == file[AT_LOG_N] && key->r == file[AT_R] && key->p == file[AT_P] &&
         memcmp(key->salt, file + AT_SALT, sizeof key->salt) == 0;
}

int file_decrypt(const struct file_key *key, const unsigned char *file, size_t size, unsigned char *plain)
{
  const unsigned char *cipher = file + FILE_HEADER_SIZE;
  unsigned char tag[FILE_TAG_SIZE], *end = plain;
  int length = (int)(size - FILE_OVERHEAD), done = 0, r = CREDENCE_E_FAILED;
  EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();

  memcpy(tag, cipher + length, sizeof tag);
  if (!context ||
      EVP_DecryptInit_ex(context, EVP_aes_256_gcm(), NULL, key->cipher_key, file + AT_NONCE) != 1 ||
      EVP_DecryptUpdate(context, NULL, &done, file, FILE_HEADER_SIZE) != 1)
    goto out;
  if (length > 0 && EVP_DecryptUpdate(context, plain, &done, cipher, length) != 1)
    goto out;
  end = length > 0 ? plain + done : plain;
  if (EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_SET_TAG, sizeof tag, tag) != 1)
    goto out;
  r = EVP_DecryptFinal_ex(context, end, &done) == 1 ? CREDENCE_OK : CREDENCE_E_CORRUPT;
out:
  EVP_CIPHER_CTX_free(context);
  return r;
}

static int write_header(const struct file_key *key, size_t size, unsigned char *file)
{
  memcpy(file, magic, sizeof magic);
  file[AT_VERSION] = VERSION;
  file[AT_LOG_N] = key->log_n;
  file[AT_R] = key->r;
  file[AT_P] = key->p;
  store_length(file + AT_LENGTH, size);
  memcpy(file + AT_SALT, key->salt, sizeof key->salt);
  if (RAND_bytes(file + AT_NONCE, NONCE_SIZE) != 1 ||
      compute_check(key, file, file + AT_CHECK) != CREDENCE_OK ||
      !EVP_Digest(file, AT_CHECKSUM, file + AT_CHECKSUM, NULL, EVP_sha256(), NULL))
    return CREDENCE_E_FAILED;
  return CREDENCE_OK;
}

int file_encrypt(const struct file_key *key, const unsigned char *plain, size_t size, unsigned char *file)
{
  unsigned char *cipher = file + FILE_HEADER_SIZE;
  int done = 0, r = CREDENCE_E_FAILED;
  EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();

  if (!context || write_header(key, size, file) != CREDENCE_OK ||
      EVP_EncryptInit_ex(context, EVP_aes_256_gcm(), NULL, key->cipher_key, file + AT_NONCE) != 1 ||
      EVP_EncryptUpdate(context, NULL, &done, file, FILE_HEADER_SIZE) != 1)
    goto out;
  if (size > 0 && EVP_EncryptUpdate(context, cipher, &done, plain, (int)size) != 1)
    goto out;
  if (EVP_EncryptFinal_ex(context, cipher + size, &done) != 1 ||
      EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, FILE_TAG_SIZE, cipher + size) != 1)
    goto out;
  r = CREDENCE_OK;
out:
  EVP_CIPHER_CTX_free(context);
  return r;
}
