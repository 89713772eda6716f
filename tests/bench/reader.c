/* SPDX-License-Identifier: BSD-3-Clause */
/* reader.c - a body of 1 GiB that is read in pieces while it is signed */
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "bench.h"

#define GIB (UINT64_C(1) << 30)
#define PIECE (64 * 1024)

/* The body: a piece again and again. */
static int read_piece(void *userdata, uint64_t offset, void *buffer, size_t size, size_t *ret_size)
{
  const unsigned char *piece = userdata;
  size_t start = (size_t)(offset % PIECE);
  size_t rest = GIB - offset < PIECE - start ? (size_t)(GIB - offset) : PIECE - start;
  *ret_size = size < rest ? size : rest;
  memcpy(buffer, piece + start, *ret_size);
  return 0;
}

/* The digest of the same bytes with OpenSSL alone, in nanoseconds. */
static double digest_alone(unsigned char *piece)
{
  static unsigned char buffer[PIECE];
  unsigned char out[EVP_MAX_MD_SIZE];
  size_t size = 0;
  EVP_MD_CTX *context = EVP_MD_CTX_new();
  double from = now_ns();
  if (!EVP_DigestInit_ex2(context, EVP_sha256(), NULL))
    die("OpenSSL has no SHA-256", NULL);
  for (uint64_t offset = 0; offset < GIB; offset += size)
    if (read_piece(piece, offset, buffer, PIECE, &size) < 0 || !EVP_DigestUpdate(context, buffer, size))
      die("the digest failed", NULL);
  if (!EVP_DigestFinal_ex(context, out, NULL))
    die("the digest failed", NULL);
  double ns = now_ns() - from;
  EVP_MD_CTX_free(context);
  return ns;
}

void bench_reader(json_object *report)
{
  static unsigned char piece[PIECE];
  struct subject subject;
  credence_error *error = NULL;
  credence_request *request = NULL;
  memset(piece, 'x', sizeof(piece));
  if (!subject_open(&subject, kind_find("aws-sigv4, S3, body of 1 KiB"))) {
    printf("body of 1 GiB: aws-sigv4 is absent\n");
    return;
  }
  double alone = digest_alone(piece);
  if (credence_request_new(subject.profile, "PUT", "/folder/object", &request, &error) < 0 ||
      credence_request_set_body_reader(request, read_piece, piece, GIB, NULL, &error) < 0)
    die("the body cannot be set", error);
  long before = resident_bytes();
  double from = now_ns();
  if (credence_request_sign(request, &error) < 0)
    die("signing failed", error);
  double ns = now_ns() - from;
  double growth = (double)(resident_bytes() - before);
  printf("body of 1 GiB, read in pieces: signed at %.0f MiB/s, SHA-256 alone %.0f MiB/s, %.0f KiB more\n",
         1024e9 / ns, 1024e9 / alone, growth / 1024);
  put_number(report, "gib_mib_per_second", 1024e9 / ns);
  put_number(report, "gib_sha256_mib_per_second", 1024e9 / alone);
  put_number(report, "gib_growth_bytes", growth);
  credence_request_free(&request);
  subject_close(&subject);
}
