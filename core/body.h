/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * body.h - read the body of a message, in memory or behind a reader
 *
 * A reader is asked in order and watched: a body that turns out shorter or longer
 * than was said is an error here, before its last piece is handed out.  So whoever
 * has read a body to its end has it whole.
 */
#ifndef CORE_BODY_H
#define CORE_BODY_H

#include <openssl/evp.h>

#include "message.h"

/* Is there one?  It may be empty. */
int body_exists(const struct message *message);
uint64_t body_size(const struct message *message);

/* At least one byte, and at most size, from offset on; none behind the end.  Callers
 * see to it that offset is 0 or where the read before ended. */
int body_read(const struct message *message, uint64_t offset, void *buffer, size_t size, size_t *ret_size,
              credence_error **error);

/* Behind the last byte of the reader there must be nothing. */
int body_check_end(const struct body_reader *reader, credence_error **error);

/* The digest of the body, of no bytes where there is none; out_size must be the
 * digest's size.  The codes of digest_parts(), mostly without words. */
int body_digest(const struct message *message, EVP_MD_CTX *scratch, uint32_t algorithm, void *out,
                size_t out_size, credence_error **error);

#endif
