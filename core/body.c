/* SPDX-License-Identifier: BSD-3-Clause */
/* body.c - read the body of a message, in memory or behind a reader; see body.h */
#include "config.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "body.h"
#include "hmac.h"

/* With larger pieces, hashing a file is faster by a twentieth and no more. */
#define PIECE_SIZE (64u * 1024u)

int body_exists(const struct message *message)
{
  return message->body.data != NULL || message->reader.read != NULL;
}

uint64_t body_size(const struct message *message)
{
  return message->reader.read != NULL ? message->reader.size : message->body.size;
}

/* A code of ours is passed on; but NO_SESSION would be taken for the provider's, and
 * answered with a login. */
static int reader_failed(int code, uint64_t offset, credence_error **error)
{
  int is_ours = code < 0 && code > CREDENCE_E_NO_SESSION;
  return error_set(error, is_ours ? code : CREDENCE_E_FAILED, NULL,
                   "the body cannot be read at byte %" PRIu64 ": %s", offset,
                   is_ours ? credence_strerror(code) : "its read function failed");
}

static int other_length(const struct body_reader *reader, const char *than, uint64_t offset,
                        credence_error **error)
{
  return error_set(error, CREDENCE_E_INVALID, "has it changed meanwhile?",
                   "the body is %s than the %" PRIu64 " bytes that were said: byte %" PRIu64 " is %s", than,
                   reader->size, offset, offset < reader->size ? "missing" : "there");
}

static int ask(const struct body_reader *reader, uint64_t offset, void *buffer, size_t size, size_t *ret_size,
               credence_error **error)
{
  size_t got = 0;
  int r = reader->read(reader->userdata, offset, buffer, size, &got);
  if (r != 0)
    return reader_failed(r, offset, error);
  if (got > size)
    return error_set(error, CREDENCE_E_INVALID, "mend the read function",
                     "the body's read function gave %zu bytes where it was asked for %zu", got, size);
  *ret_size = got;
  return 0;
}

int body_check_end(const struct body_reader *reader, credence_error **error)
{
  char byte = 0;
  size_t got = 0;
  int r = ask(reader, reader->size, &byte, 1, &got, error);
  return r == 0 && got > 0 ? other_length(reader, "longer", reader->size, error) : r;
}

static int read_reader(const struct body_reader *reader, uint64_t offset, void *buffer, size_t size,
                       size_t *ret_size, credence_error **error)
{
  size_t got = 0;
  int r = ask(reader, offset, buffer, size, &got, error);
  if (r == 0 && got == 0)
    r = other_length(reader, "shorter", offset, error);
  if (r == 0 && got == reader->size - offset)
    r = body_check_end(reader, error);
  if (r == 0)
    *ret_size = got;
  return r;
}

int body_read(const struct message *message, uint64_t offset, void *buffer, size_t size, size_t *ret_size,
              credence_error **error)
{
  uint64_t total = body_size(message);
  uint64_t left = offset < total ? total - offset : 0;
  if (size > left)
    size = (size_t)left;
  if (size > 0 && message->reader.read != NULL)
    return read_reader(&message->reader, offset, buffer, size, ret_size, error);
  if (size > 0)
    memcpy(buffer, (const char *)message->body.data + offset, size);
  *ret_size = size;
  return 0;
}

static int digest_pieces(const struct message *message, EVP_MD_CTX *scratch, void *piece,
                         credence_error **error)
{
  size_t got = 0;
  for (uint64_t at = 0; at < message->reader.size; at += got) {
    int r = body_read(message, at, piece, PIECE_SIZE, &got, error);
    if (r < 0)
      return r;
    if (!EVP_DigestUpdate(scratch, piece, got))
      return CREDENCE_E_FAILED;
  }
  return 0;
}

/* The piece is neither on the stack, which may be the small one of a thread, nor in
 * the request, which would keep it. */
static int digest_reader(const struct message *message, EVP_MD_CTX *scratch, uint32_t algorithm, void *out,
                         size_t out_size, credence_error **error)
{
  int r = digest_begin(scratch, algorithm, out_size);
  if (r < 0)
    return r;
  void *piece = malloc(PIECE_SIZE);
  if (piece == NULL)
    return error_nomem(error);
  r = digest_pieces(message, scratch, piece, error);
  if (r == 0 && !EVP_DigestFinal_ex(scratch, out, NULL))
    r = CREDENCE_E_FAILED;
  explicit_bzero(piece, PIECE_SIZE);
  free(piece);
  return r;
}

int body_digest(const struct message *message, EVP_MD_CTX *scratch, uint32_t algorithm, void *out,
                size_t out_size, credence_error **error)
{
  if (message->reader.read == NULL)
    return digest_parts(scratch, algorithm, &message->body, 1, out, out_size);
  int r = digest_reader(message, scratch, algorithm, out, out_size, error);
  if (r < 0)
    (void)EVP_MD_CTX_reset(scratch); /* it has some of the body */
  return r;
}
