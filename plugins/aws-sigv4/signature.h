/* SPDX-License-Identifier: BSD-3-Clause */
/* signature.h - put a signature on the request */
#ifndef AWS_SIGNATURE_H
#define AWS_SIGNATURE_H

#include "settings.h"

/* With what a request is signed. */
struct keys {
  credence_bytes access_key_id;
  const char *secret; /* names of secrets */
  const char *token;  /* NULL: none */
};

/* Sign as the settings say, but for this region and service. */
int signature_put(credence_call *call, const struct settings *settings, const struct keys *keys,
                  const char *region, const char *service);

#endif
