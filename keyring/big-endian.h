/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * big-endian.h - 4-byte numbers, most significant byte first
 *
 * Messages and the keyring file write their lengths this way.
 */
#ifndef KEYRING_BIG_ENDIAN_H
#define KEYRING_BIG_ENDIAN_H

#include <stddef.h>

static inline void store_length(unsigned char *at, size_t length)
{
  at[0] = (unsigned char)(length >> 24 & 0xff);
  at[1] = (unsigned char)(length >> 16 & 0xff);
  at[2] = (unsigned char)(length >> 8 & 0xff);
  at[3] = (unsigned char)(length & 0xff);
}

static inline size_t load_length(const unsigned char *at)
{
  return (size_t)at[0] << 24 | (size_t)at[1] << 16 | (size_t)at[2] << 8 | at[3];
}

#endif
