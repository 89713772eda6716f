/* SPDX-License-Identifier: BSD-3-Clause */
/* place.h - region and service of an AWS host */
#ifndef AWS_PLACE_H
#define AWS_PLACE_H

#include "settings.h"

struct place {
  char region[NAME_SIZE];
  char service[NAME_SIZE]; /* as it signs */
};

/* Read both from a host name, with or without a port.  Each stays "" where the name does
 * not tell it. */
void place_of_host(credence_bytes authority, struct place *ret_place);

#endif
