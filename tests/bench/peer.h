/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * peer.h - what a peer's object exports
 *
 * Another library is called through an object of its own, which run.sh builds where
 * the library is installed and which the bench loads: so it is measured by turns with
 * Credence in one process, and nobody needs it to build Credence.
 */
#ifndef PEER_H
#define PEER_H

#include <stddef.h>

struct peer {
  const char *name;
  const char *kind;                     /* the request of providers.c that it signs */
  void (*start)(const char *text);      /* what Credence signs there */
  void (*sign)(void *unused);           /* a request that is built */
  void (*all)(void *unused);            /* all of it: build, sign, write out, free; or NULL */
  int (*agrees)(const char *signature); /* is this text what it signs to?  NULL: cannot be compared */
};

__attribute__((visibility("default"))) const struct peer *bench_peer(void);

#endif
