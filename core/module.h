/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * module.h - load the shared object that a manifest names
 *
 * Loaded at first use, checked first, and never unloaded: code that has run may
 * have left pointers behind.
 */
#ifndef CORE_MODULE_H
#define CORE_MODULE_H

#include <pthread.h>

#include "credence-plugin.h"
#include "manifest.h"

struct loaded_provider {
  credence_provider table; /* our size; what the plugin's table lacks is zero */
  pthread_mutex_t *serial; /* of the module; held for CREDENCE_THREADS_SERIAL */
};

/* The provider stays valid as long as the process lives.  Thread-safe. */
int module_load(const credence_manifest *manifest, const credence_host *host,
                const struct loaded_provider **ret_provider, credence_error **error);

/* For the library's own transport, kept apart so that programs that only sign
 * do not load libcurl: the address of symbol in folder/name. */
int module_symbol(const char *folder, const char *name, const char *symbol, void **ret_symbol,
                  credence_error **error);

#endif
