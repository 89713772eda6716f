/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * secret-service-find.c - find the items of the Secret Service
 *
 * The rule that shapes this file: a locked item is not an absent one.  A
 * search does not unlock anything; what it finds locked, or might not have
 * found because it is locked, is unlocked or reported.
 */
#include "secret-service-items.h"
#include "secret-service-prompt.h"
#include "secret-service-who.h"

#include "../core/credence.h"

#include <string.h>

#define UNLOCK_TRIES 4 /* items of one profile may lie in several collections */

/* A search that was not answered in time: perhaps since the service waits for a person. */
static int explain_silence(struct call *call, int code)
{
  int brief = (int)call->reserve / 4;
  char *home = who_reads_alias(call, SECRET_COLLECTION_DEFAULT, brief, NULL);

  if (home && strcmp(home, "/") != 0 && who_reads_locked(call, home, brief, NULL) == 1)
    code = keyring_fail(call->answer, CREDENCE_E_LOCKED, "unlock it with the desktop's password manager",
                        "the keyring of the Secret Service is locked, and nobody unlocked it in time");
  g_free(home);
  return code;
}

/* The paths of all items of the request. */
static int search(struct call *call, char ***ret_unlocked, char ***ret_locked)
{
  GHashTable *attributes = item_attributes(call->request);
  GError *error = NULL;
  gboolean done = secret_service_search_for_dbus_paths_sync(
      call->service, &item_schema, attributes, call->cancellable, ret_unlocked, ret_locked, &error);
  int r = done ? CREDENCE_OK : call_error(call, error);

  g_hash_table_unref(attributes);
  return r == CREDENCE_E_TIMEOUT ? explain_silence(call, r) : r;
}

static int find_alias(struct call *call, const char *alias, SecretCollection **ret_home)
{
  GError *error = NULL;
  SecretCollection *home = secret_collection_for_alias_sync(call->service, alias, SECRET_COLLECTION_NONE,
                                                            call->cancellable, &error);

  if (error)
    return call_error(call, error);
  *ret_home = home;
  return CREDENCE_OK;
}

/* Sessions go to memory where the service offers that; not all do. */
int item_find_home(struct call *call, SecretCollection **ret_home)
{
  int session = g_strcmp0(call->request->kind, "session") == 0;
  int r = session ? find_alias(call, SECRET_COLLECTION_SESSION, ret_home) : CREDENCE_OK;

  if (r == CREDENCE_OK && !*ret_home)
    r = find_alias(call, SECRET_COLLECTION_DEFAULT, ret_home);
  return r;
}

/* The collection for new items, when it is locked; else NULL. */
static int find_locked_home(struct call *call, char **ret_path)
{
  SecretCollection *home = NULL;
  int r = item_find_home(call, &home);

  call->homeless = r == CREDENCE_OK && !home;
  if (r == CREDENCE_OK && home && secret_collection_get_locked(home))
    *ret_path = g_strdup(g_dbus_proxy_get_object_path(G_DBUS_PROXY(home)));
  g_clear_object(&home);
  return r;
}

/* What has to be unlocked before the answer is known; NULL when nothing.  When
 * nothing was found, that is the collection: some services hide the items of a
 * locked one. */
static int find_locked(struct call *call, char **unlocked, char **locked, char **ret_path)
{
  if (!locked[0] && !unlocked[0])
    return find_locked_home(call, ret_path);
  if (locked[0])
    *ret_path = g_strdup(locked[0]);
  return CREDENCE_OK;
}

/* Search, and unlock what is in the way; then *ret_again, since what is there has
 * to be read again. */
static int search_once(struct call *call, char ***ret_paths, gboolean *ret_again)
{
  char **unlocked = NULL, **locked = NULL, *in_the_way = NULL;
  int r = search(call, &unlocked, &locked);

  if (r == CREDENCE_OK)
    r = find_locked(call, unlocked, locked, &in_the_way);
  if (r == CREDENCE_OK && in_the_way)
    r = prompt_unlock(call, in_the_way);
  *ret_again = r == CREDENCE_OK && in_the_way;
  if (r == CREDENCE_OK && !in_the_way)
    *ret_paths = g_steal_pointer(&unlocked);
  g_free(in_the_way);
  g_strfreev(locked);
  g_strfreev(unlocked);
  return r;
}

/* KeePassXC opens its window and waits before it answers a search, if its database is
 * locked, whether anybody may be asked or not.  A get, which is to be quick, goes by what
 * was recorded. */
static gboolean must_unlock_first(struct call *call)
{
  const struct keyring_request *request = call->request;
  const char *program = strcmp(request->op, "get") == 0 ? request->store : who_is_here(call);

  return program && strcmp(program, KEEPASSXC) == 0;
}

static int unlock_first(struct call *call)
{
  char *home = NULL;
  int r = find_locked_home(call, &home);

  if (r == CREDENCE_OK && home)
    r = prompt_unlock(call, home);
  g_free(home);
  return r;
}

int item_find_all(struct call *call, char ***ret_paths)
{
  gboolean again = TRUE;
  int r = must_unlock_first(call) ? unlock_first(call) : CREDENCE_OK;

  if (r != CREDENCE_OK)
    return r;
  for (int i = 0; i < UNLOCK_TRIES && again; i++)
    r = search_once(call, ret_paths, &again);
  if (again)
    r = keyring_fail(call->answer, CREDENCE_E_LOCKED, "unlock it with the desktop's password manager",
                     "the Secret Service says that it unlocked the keyring, and that it is locked");
  return r;
}

int item_find(struct call *call, char **ret_path)
{
  char **paths = NULL;
  int r = item_find_all(call, &paths);

  if (r == CREDENCE_OK && paths[0] && paths[1])
    r = keyring_fail(call->answer, CREDENCE_E_AMBIGUOUS,
                     "delete all but one with the desktop's password manager",
                     "the keyring holds several items for profile '%s'", call->request->profile);
  if (r == CREDENCE_OK)
    *ret_path = g_strdup(paths[0]);
  g_strfreev(paths);
  return r;
}

/* A service without a collection may have lost its own, or have closed it. */
int item_explain_absence(struct call *call, int code)
{
  if (call->homeless && g_strcmp0(call->request->kind, "session") != 0)
    return call_fail_no_collection(call);
  return call_explain(call, code);
}

int item_fail_not_found(struct call *call)
{
  return item_explain_absence(call, keyring_fail(call->answer, CREDENCE_E_NOT_FOUND, "",
                                                 "the Secret Service holds no %s for profile '%s'",
                                                 call->request->kind, call->request->profile));
}
