/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * certificates.h - the client certificate and the authority of a profile
 *
 * Read anew for each transfer, so that a certificate that was renewed counts at
 * once, and handed to libcurl as memory, so that the key is in no place that is
 * not wiped but OpenSSL's own.
 */
#ifndef CORE_CERTIFICATES_H
#define CORE_CERTIFICATES_H

#include "profile.h"

struct certificates {
  char *cert; /* PEM, in secret memory, for the key may stand there as well; NULL: none */
  size_t cert_size;
  char *key; /* the same */
  size_t key_size;
  char *authority;
  size_t authority_size;
};

/* *ret_certificates is NULL for a profile that has none.  REFUSED for a key that
 * others can read, MALFORMED for one that wants a passphrase. */
int certificates_read(const credence_profile *profile, struct certificates **ret_certificates,
                      credence_error **error);
void certificates_free(struct certificates *certificates);

#endif
