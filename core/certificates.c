/* SPDX-License-Identifier: BSD-3-Clause */
/* certificates.c - the client certificate and the authority of a profile; see certificates.h */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "certificates.h"
#include "error.h"
#include "files.h"
#include "secret.h"

#define PEM_MAX (1024u * 1024u - 1) /* all that secret memory has in one piece */

void certificates_free(struct certificates *certificates)
{
  if (certificates == NULL)
    return;
  secret_free(certificates->cert);
  secret_free(certificates->key);
  secret_free(certificates->authority);
  free(certificates);
}

static int cannot_read(const char *path, const char *why, credence_error **error)
{
  return error_set(error, CREDENCE_E_INVALID, "does it exist, and may you read it?", "%s: cannot be read: %s",
                   path, why);
}

static int read_open(int fd, const char *path, const struct stat *st, char **ret_text, size_t *ret_size,
                     credence_error **error)
{
  if (!S_ISREG(st->st_mode) || st->st_size <= 0 || st->st_size > (off_t)PEM_MAX)
    return cannot_read(path, "it is empty, too large, or no file", error);
  size_t size = (size_t)st->st_size;
  char *text = secret_alloc(size + 1);
  if (text == NULL)
    return error_nomem(error);
  if (file_read(fd, text, size) != (ssize_t)size) {
    secret_free(text);
    return cannot_read(path, "it changed meanwhile", error);
  }
  *ret_text = text;
  *ret_size = size;
  return 0;
}

/* A whole file, and what it is. */
static int read_pem(const char *path, struct stat *st, char **ret_text, size_t *ret_size,
                    credence_error **error)
{
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  int r = fd < 0 || fstat(fd, st) < 0 ? cannot_read(path, strerror(errno), error)
                                      : read_open(fd, path, st, ret_text, ret_size, error);
  if (fd >= 0)
    close(fd);
  return r;
}

static int holds_key(const char *pem)
{
  return strstr(pem, "PRIVATE KEY-----") != NULL;
}

static int not_pem(const char *path, const char *what, credence_error **error)
{
  return error_set(error, CREDENCE_E_MALFORMED, "openssl x509 and openssl pkey convert it",
                   "%s: has no %s in PEM in it", path, what);
}

/* Its group may read it: that is how systems share keys with a service. */
static int check_key(const char *path, const struct stat *st, const char *pem, credence_error **error)
{
  if ((st->st_mode & (S_IWGRP | S_IRWXO)) != 0 || (st->st_uid != 0 && st->st_uid != geteuid()))
    return error_set(error, CREDENCE_E_REFUSED, "chmod 600 it, and make it yours",
                     "%s: others can read or change the key", path);
  if (strstr(pem, "ENCRYPTED") != NULL)
    return error_set(
        error, CREDENCE_E_MALFORMED,
        "keep it in the keyring instead: openssl pkey -in FILE | credence set PROFILE --client-key= "
        "--secret client_key=-",
        "%s: the key is encrypted with a passphrase", path);
  return holds_key(pem) ? 0 : not_pem(path, "private key", error);
}

/* Whoever could change the authority could be the server. */
static int check_authority(const char *path, const struct stat *st, const char *pem, credence_error **error)
{
  if ((st->st_mode & (S_IWGRP | S_IWOTH)) != 0 || (st->st_uid != 0 && st->st_uid != geteuid()))
    return error_set(error, CREDENCE_E_REFUSED, "chmod go-w it, and make it yours or root's",
                     "%s: others can change the certificate authority", path);
  return strstr(pem, "CERTIFICATE-----") != NULL ? 0 : not_pem(path, "certificate", error);
}

static int no_key(const credence_profile *profile, credence_error **error)
{
  return error_set(error, CREDENCE_E_NOT_FOUND,
                   "name its file with --client-key, or store it with --secret client_key=FILE",
                   "profile %s has a client certificate and no key for it", profile->name);
}

/* The key: from its own file, else from the keyring, else from the certificate's. */
static int read_key(const credence_profile *profile, struct certificates *c, const struct stat *cert_stat,
                    credence_error **error)
{
  struct stat st;
  const struct secret_value *kept = &profile->client_key_secret;
  if (profile->client_key != NULL) {
    int r = read_pem(profile->client_key, &st, &c->key, &c->key_size, error);
    return r < 0 ? r : check_key(profile->client_key, &st, c->key, error);
  }
  if (kept->data == NULL && !holds_key(c->cert))
    return no_key(profile, error);
  if (kept->data == NULL) {
    int r = check_key(profile->client_cert, cert_stat, c->cert, error);
    if (r < 0)
      return r;
  }
  c->key_size = kept->data == NULL ? c->cert_size : kept->size;
  c->key = secret_copy(kept->data == NULL ? c->cert : kept->data, c->key_size);
  return c->key == NULL ? error_nomem(error) : 0;
}

/* Leave the certificates alone where the key stands among them: libcurl makes copies
 * of these. */
static void keep_certificates(struct certificates *c)
{
  const char *at = c->cert;
  char *out = c->cert;
  const char *begin = NULL;
  while ((begin = strstr(at, "-----BEGIN ")) != NULL) {
    const char *end = strstr(begin, "-----END ");
    end = end == NULL ? begin + strlen(begin) : end + strcspn(end, "\n");
    at = *end == '\n' ? end + 1 : end;
    if (memmem(begin, strcspn(begin, "\n"), "PRIVATE KEY", 11) != NULL)
      continue;
    memmove(out, begin, (size_t)(at - begin));
    out += at - begin;
  }
  c->cert_size = (size_t)(out - c->cert);
  explicit_bzero(out, strlen(out));
}

int certificates_read(const credence_profile *profile, struct certificates **ret_certificates,
                      credence_error **error)
{
  struct stat st;
  int r = 0;
  *ret_certificates = NULL;
  if (profile->client_cert == NULL && profile->ca_cert == NULL)
    return 0;
  struct certificates *c = calloc(1, sizeof(*c));
  if (c == NULL)
    return error_nomem(error);
  if (profile->client_cert != NULL)
    r = read_pem(profile->client_cert, &st, &c->cert, &c->cert_size, error);
  if (r == 0 && c->cert != NULL)
    r = read_key(profile, c, &st, error);
  if (r == 0 && c->cert != NULL)
    keep_certificates(c);
  if (r == 0 && c->cert != NULL && c->cert_size == 0)
    r = not_pem(profile->client_cert, "certificate", error);
  if (r == 0 && profile->ca_cert != NULL)
    r = read_pem(profile->ca_cert, &st, &c->authority, &c->authority_size, error);
  if (r == 0 && c->authority != NULL)
    r = check_authority(profile->ca_cert, &st, c->authority, error);
  if (r < 0) {
    certificates_free(c);
    return r;
  }
  *ret_certificates = c;
  return 0;
}
