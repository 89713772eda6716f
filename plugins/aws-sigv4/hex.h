/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * hex.h - a SHA-256 digest in hexadecimal, sixteen bytes at a time
 *
 * Every signature writes two or three of them, and one byte after the other they would
 * take a twelfth of its time.  Compilers without these vectors write them so.
 */
#ifndef AWS_HEX_H
#define AWS_HEX_H

#include "credence-plugin.h"

#define HEX_SIZE CREDENCE_HEX_ROOM(CREDENCE_SHA256_SIZE)

#if defined(__has_builtin)
#if __has_builtin(__builtin_shufflevector)
#define HAS_VECTORS
#endif
#endif

#ifdef HAS_VECTORS
typedef unsigned char vector __attribute__((vector_size(16)));

/* The digits of half bytes: '0' is added, and what lies between '9' and 'a' over 9. */
static inline vector hex_digits(vector halves)
{
  return halves + '0' + ((vector)(halves > 9) & ('a' - '9' - 1));
}

static inline void hex_write(char out[HEX_SIZE], const unsigned char digest[CREDENCE_SHA256_SIZE])
{
  for (size_t i = 0; i < CREDENCE_SHA256_SIZE; i += sizeof(vector)) {
    vector bytes;
    memcpy(&bytes, digest + i, sizeof(bytes));
    vector high = hex_digits(bytes >> 4);
    vector low = hex_digits(bytes & 15);
    vector first = __builtin_shufflevector(high, low, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    vector second =
        __builtin_shufflevector(high, low, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
    memcpy(out + 2 * i, &first, sizeof(first));
    memcpy(out + 2 * i + sizeof(first), &second, sizeof(second));
  }
  out[HEX_SIZE - 1] = '\0';
}
#else
static inline void hex_write(char out[HEX_SIZE], const unsigned char digest[CREDENCE_SHA256_SIZE])
{
  credence_hex(out, digest, CREDENCE_SHA256_SIZE);
}
#endif

#endif
