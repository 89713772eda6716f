/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * secret.h - memory for secrets
 *
 * Blocks come from pages that are kept out of swap (mlock) and out of core
 * dumps (MADV_DONTDUMP) where the system allows it, between two pages that
 * cannot be touched.  A block is wiped when it is freed.
 *
 * Thread-safe.  One lock guards allocation and release; nothing takes it while
 * signing.
 */
#ifndef CORE_SECRET_H
#define CORE_SECRET_H

#include <stddef.h>

/* Zeroed, since secret_free() wipes; NULL when there is no memory or size is 0 or
 * over 1 MiB. */
void *secret_alloc(size_t size);
/* NULL is fine. */
void secret_free(void *block);
/* A copy with a NUL byte behind it. */
char *secret_copy(const void *data, size_t size);
/* Is every page in use kept out of swap? */
int secret_memory_locked(void);

#endif
