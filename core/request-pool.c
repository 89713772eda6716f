/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * request-pool.c - requests that were freed and may be used again
 *
 * A program that signs many requests builds and frees one after the other.  What is worth
 * keeping of a freed one is memory, a digest context and the derived keys that it holds;
 * all that it said is wiped first.  Taking one out of its place is an exchange of
 * pointers, so that two threads never have the same, and no lock is taken.
 */
#include "config.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "derived.h"
#include "request.h"

/* Threads begin to look at places of their own, so that they are not in each other's way. */
static size_t first_place(void)
{
  static atomic_uint threads;
  static _Thread_local unsigned number; /* from 1 on; 0: not yet known */
  if (number == 0)
    number = atomic_fetch_add_explicit(&threads, 1, memory_order_relaxed) % SPARES + 1;
  return number - 1;
}

static credence_request *take_spare(credence_profile *profile)
{
  size_t first = first_place();
  credence_request *found = NULL;
  for (size_t i = 0; i < SPARES && found == NULL; i++) {
    _Atomic(credence_request *) *place = &profile->spares[(first + i) % SPARES].request;
    if (atomic_load_explicit(place, memory_order_relaxed) != NULL)
      found = atomic_exchange_explicit(place, NULL, memory_order_acquire);
  }
  return found;
}

static int put_spare(credence_profile *profile, credence_request *request)
{
  size_t first = first_place();
  for (size_t i = 0; i < SPARES; i++) {
    credence_request *nobody = NULL;
    if (atomic_compare_exchange_strong_explicit(&profile->spares[(first + i) % SPARES].request, &nobody,
                                                request, memory_order_release, memory_order_relaxed))
      return 1;
  }
  return 0;
}

static void destroy(credence_request *request)
{
  for (size_t i = 0; i < DERIVED_MAX; i++)
    derived_unref(request->derived[i].derived);
  arena_free(&request->arena);
  EVP_MD_CTX_free(request->scratch);
  free(request);
}

credence_request *request_take(credence_profile *profile)
{
  credence_request *request = take_spare(profile);
  if (request != NULL)
    return request;
  request = calloc(1, sizeof(*request));
  if (request == NULL)
    return NULL;
  arena_init(&request->arena);
  request->scratch = EVP_MD_CTX_new();
  if (request->scratch != NULL)
    return request;
  destroy(request);
  return NULL;
}

void request_give_back(credence_request *request)
{
  credence_profile *profile = request->profile;
  const size_t kept = offsetof(credence_request, profile);
  arena_reset(&request->arena);
  memset((char *)request + kept, 0, sizeof(*request) - kept);
  if (!put_spare(profile, request))
    destroy(request);
}

void profile_free_spares(credence_profile *profile)
{
  credence_request *request = NULL;
  while ((request = take_spare(profile)) != NULL)
    destroy(request);
}
