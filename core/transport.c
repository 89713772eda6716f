/* SPDX-License-Identifier: BSD-3-Clause */
/* transport.c - load the module that brings libcurl; see transport.h */
#include "config.h"

#include <pthread.h>
#include <string.h>

#include "error.h"
#include "module.h"
#include "transport.h"

static int load(const struct transport **ret_transport, credence_error **error)
{
  static void *symbol; /* under the lock of transport_get() */
  credence_error *why = NULL;
  int r =
      symbol != NULL ? 0 : module_symbol(TRANSPORT_DIR, "transport-curl.so", TRANSPORT_SYMBOL, &symbol, &why);
  if (r < 0) {
    const char *remedy = credence_error_remedy(why);
    r = error_set(error, r, remedy[0] != '\0' ? remedy : "install the package that brings it",
                  "cannot send: %s", credence_error_message(why));
    credence_error_free(&why);
    return r;
  }
  const struct transport *transport = symbol;
  if (strcmp(transport->version, PACKAGE_VERSION) != 0)
    return error_set(error, CREDENCE_E_FAILED, "install both from one release",
                     "cannot send: transport-curl.so is of version %s, the library of %s", transport->version,
                     PACKAGE_VERSION);
  if (transport->global_init() != CURLE_OK)
    return error_set(error, CREDENCE_E_FAILED, NULL, "libcurl cannot be initialised");
  *ret_transport = transport;
  return 0;
}

int transport_get(const struct transport **ret_transport, credence_error **error)
{
  static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
  static const struct transport *loaded;
  int r = 0;
  pthread_mutex_lock(&lock);
  if (loaded == NULL)
    r = load(&loaded, error);
  if (r == 0)
    *ret_transport = loaded;
  pthread_mutex_unlock(&lock);
  return r;
}
