/* SPDX-License-Identifier: BSD-3-Clause */
/* place.c - where secrets are; see place.h */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "error.h"
#include "inifile.h"
#include "keyring.h"
#include "paths.h"
#include "place.h"

#define FACT "store="

int place_set(struct place *place, const char *keyring, const char *store, credence_error **error)
{
  struct place new = {strdup(keyring), store == NULL ? NULL : strdup(store)};
  if (new.keyring == NULL || (store != NULL && new.store == NULL)) {
    place_clear(&new);
    return error_nomem(error);
  }
  place_clear(place);
  *place = new; /* transferred */
  return 0;
}

void place_clear(struct place *place)
{
  free(place->keyring);
  free(place->store);
  place->keyring = NULL;
  place->store = NULL;
}

int place_check_writable(const char *keyring, const char *store, credence_error **error)
{
  if (!name_is_valid(keyring))
    return error_set(error, CREDENCE_E_INVALID, "for instance secret-service or file",
                     "this is not the name of a keyring: %.80s", keyring);
  if (keyring_is_read_only(keyring))
    return error_set(error, CREDENCE_E_REFUSED, "name another, for instance file",
                     "keyring %s is filled by whoever administers this machine: nothing can be put there",
                     keyring);
  if (store != NULL && strcmp(keyring, KEYRING_USUAL) == 0)
    return error_set(error, CREDENCE_E_INVALID, "leave the path out, or name another keyring",
                     "the Secret Service does not keep its secrets at a path of yours");
  if (store != NULL && (store[0] != '/' || !inifile_can_hold(store)))
    return error_set(error, CREDENCE_E_INVALID,
                     "give the whole path, at most 150 bytes and without ; after a space",
                     "this cannot be the place of a keyring: %.200s", store);
  return 0;
}

static int same_text(const char *a, const char *b)
{
  return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* What a keyring says of its store, allocated; NULL when it says nothing. */
static int ask_store(credence_context *context, const struct place *place, char **ret_store,
                     credence_error **error)
{
  struct keyring *keyring = NULL;
  credence_error *why = NULL;
  char **facts = NULL;
  char *store = NULL;
  int r = keyring_open(context, place->keyring, place->store, &keyring, &why);
  if (r == 0)
    r = keyring_probe(keyring, &facts, &why);
  for (char **fact = facts; r == 0 && *fact != NULL && store == NULL; fact++)
    if (strncmp(*fact, FACT, strlen(FACT)) == 0) {
      store = strdup(*fact + strlen(FACT));
      r = store == NULL ? error_nomem(&why) : 0;
    }
  credence_strings_free(&facts);
  keyring_close(&keyring);
  if (r == CREDENCE_E_UNSUPPORTED)
    r = 0;
  r = r < 0 ? error_pass(error, r, &why) : 0;
  credence_error_free(&why);
  if (r == 0)
    *ret_store = store;
  return r;
}

/* Two names of one file or folder. */
static int same_file(const char *a, const char *b)
{
  struct stat first;
  struct stat second;
  return a[0] == '/' && b[0] == '/' && stat(a, &first) == 0 && stat(b, &second) == 0 &&
         first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

int place_compare(credence_context *context, const struct place *a, const struct place *b, int *ret_same,
                  credence_error **error)
{
  char *first = NULL;
  char *second = NULL;
  if (strcmp(a->keyring, b->keyring) != 0 || same_text(a->store, b->store) ||
      strcmp(a->keyring, KEYRING_USUAL) == 0) {
    *ret_same = strcmp(a->keyring, b->keyring) == 0;
    return 0;
  }
  int r = ask_store(context, a, &first, error);
  if (r == 0)
    r = ask_store(context, b, &second, error);
  if (r == 0 && (first == NULL || second == NULL))
    r = error_set(error, CREDENCE_E_UNSUPPORTED, "leave --store out, or name another keyring",
                  "keyring %s does not tell its stores apart", a->keyring);
  if (r == 0)
    *ret_same = strcmp(first, second) == 0 || same_file(first, second);
  free(first);
  free(second);
  return r;
}
