/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * target.c - where a request goes
 *
 * The caller's goes to the endpoint's origin; a login may go to another that the
 * profile allows.  Bytes are kept as they are given.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "request.h"
#include "target-names.h"

/* The host must be spelled as in the endpoint: the credential belongs to that
 * origin, and two spellings are two things to whoever compares texts. */
static int check_origin(const credence_profile *profile, const struct url *url, credence_error **error)
{
  const struct url *mine = &profile->url;
  if (strcmp(url->scheme, mine->scheme) == 0 && url->port == mine->port &&
      url->host_size == mine->host_size && memcmp(url->host, mine->host, url->host_size) == 0)
    return 0;
  return error_set(error, CREDENCE_E_REFUSED, "write it exactly so, or add a profile for the other origin",
                   "the target is at another origin than profile %s, which is at %s", profile->name,
                   profile->origin);
}

static int set_query(credence_request *request, struct message *message, const struct url *target,
                     credence_error **error)
{
  message->query = (credence_bytes){NULL, 0};
  if (target->query == NULL)
    return 0;
  const char *query = arena_copy(&request->arena, target->query, target->query_size);
  if (query == NULL)
    return error_nomem(error);
  message->query = (credence_bytes){query, target->query_size};
  return 0;
}

static int set_path(credence_request *request, struct message *message, const char *path, size_t size,
                    credence_error **error)
{
  const char *copy = arena_copy(&request->arena, path, size);
  if (copy == NULL)
    return error_nomem(error);
  message->path = (credence_bytes){copy, size};
  return 0;
}

/* The endpoint's path, one slash, and path. */
static int set_joined_path(credence_request *request, struct message *message, const char *path, size_t size,
                           credence_error **error)
{
  const char *base = request->profile->base_path;
  size_t base_size = strlen(base);
  if (base[base_size - 1] == '/')
    base_size--;
  char *joined = arena_alloc(&request->arena, base_size + size + 2);
  if (joined == NULL)
    return error_nomem(error);
  memcpy(joined, base, base_size);
  joined[base_size] = '/';
  memcpy(joined + base_size + 1, path, size);
  joined[base_size + 1 + size] = '\0';
  message->path = (credence_bytes){joined, base_size + 1 + size};
  return 0;
}

/* Path and query of a target that was read to url. */
static int set_path_and_query(credence_request *request, struct message *message, const char *target,
                              const struct url *url, credence_error **error)
{
  const credence_profile *profile = request->profile;
  int absolute = url_is_absolute(target);
  int r = 0;
  if (absolute && url->path_size == 0)
    r = set_path(request, message, "/", 1, error);
  else if (absolute || target[0] == '/')
    r = set_path(request, message, url->path, url->path_size, error);
  else if (url->path_size == 0)
    r = set_path(request, message, profile->base_path, strlen(profile->base_path), error);
  else
    r = set_joined_path(request, message, url->path, url->path_size, error);
  return r < 0 ? r : set_query(request, message, url, error);
}

static int parse(const char *target, struct url *ret_url, credence_error **error)
{
  return url_is_absolute(target) ? url_parse(target, ret_url, error)
                                 : url_parse_target(target, ret_url, error);
}

/* The same place in another copy of the text. */
static const char *shift(const char *at, const char *from, const char *to)
{
  return at == NULL ? NULL : to + (at - from);
}

/* {NAME} is looked at when the request is signed; until then it is part of the
 * path or query. */
static int parse_with_names(const credence_profile *profile, const char *target, struct url *ret_url,
                            credence_error **error)
{
  char *masked = target_names_mask(profile, target, error);
  if (masked == NULL)
    return CREDENCE_E_INVALID;
  int r = parse(masked, ret_url, error);
  if (r == 0) {
    ret_url->host = shift(ret_url->host, masked, target);
    ret_url->path = ret_url->path_size == 0 ? "" : shift(ret_url->path, masked, target);
    ret_url->query = shift(ret_url->query, masked, target);
  }
  free(masked);
  return r;
}

int request_set_target(credence_request *request, const char *target, credence_error **error)
{
  struct url url;
  /* Elsewhere a brace is a byte that cannot stand in a URL. */
  request->has_names = request->profile->login_entry != NULL && strchr(target, '{') != NULL;
  int r = request->has_names ? parse_with_names(request->profile, target, &url, error)
                             : parse(target, &url, error);
  if (r == 0 && url_is_absolute(target))
    r = check_origin(request->profile, &url, error);
  return r < 0 ? r : set_path_and_query(request, &request->pristine, target, &url, error);
}

/* --- a login's target ------------------------------------------------------- */

int request_set_login_method(credence_request *request, const char *method, credence_error **error)
{
  return message_set_method(&request->arena, &request->attempt, method, error);
}

/* The field whose value has this origin; NULL when none has. */
static const char *login_field(const credence_profile *profile, const char *origin)
{
  const struct stack_entry *entry = profile->login_entry;
  for (size_t f = 0; f < entry->manifest->field_count; f++) {
    const struct field *field = &entry->manifest->fields[f];
    const char *value = stack_entry_value(entry, f);
    char *found = field->is_login_url && value != NULL ? url_text_origin(value) : NULL;
    int is_it = found != NULL && strcmp(found, origin) == 0;
    free(found);
    if (is_it)
      return field->name;
  }
  return NULL;
}

/* Whoever changed the file must not be helped by the remedy. */
static int wrong_login_origin(const credence_profile *profile, const char *origin, credence_error **error)
{
  char remedy[2 * REMEDY_SIZE];
  const char *field = login_field(profile, origin);
  const char *secret = profile_first_secret(profile);
  if (field == NULL)
    return error_set(error, CREDENCE_E_REFUSED, "mend the manifest or the plugin",
                     "its plugin wants to log in at %s, which no field of kind login-url names", origin);
  snprintf(
      remedy, sizeof(remedy),
      "put %.64s back, unless it was you who changed it; then store the secret again: credence set %.64s "
      "--secret %.64s=-",
      field, profile->name, secret == NULL ? "FIELD" : secret);
  return error_set(error, CREDENCE_E_REFUSED, remedy,
                   "%s is at %s now, and the secret of profile %s was stored for a login elsewhere", field,
                   origin, profile->name);
}

/* Another origin than the endpoint's must be one that the profile allows. */
static int check_login_origin(const credence_profile *profile, const char *origin, credence_error **error)
{
  if (strcmp(origin, profile->origin) == 0)
    return 0;
  for (size_t i = 0; i < profile->login_count; i++)
    if (strcmp(origin, profile->logins[i]) == 0)
      return 0;
  return wrong_login_origin(profile, origin, error);
}

static int set_login_place(credence_request *request, const struct url *url, credence_error **error)
{
  char *origin = url_origin(url);
  int r = origin == NULL ? error_nomem(error) : check_login_origin(request->profile, origin, error);
  const char *copy = r < 0 ? NULL : arena_copy(&request->arena, origin, strlen(origin));
  free(origin);
  if (r < 0 || copy == NULL)
    return r < 0 ? r : error_nomem(error);
  request->place = (struct place){url->scheme, strstr(copy, "://") + 3, copy, request->place.failure};
  return 0;
}

int request_set_login_target(credence_request *request, const char *target, credence_error **error)
{
  struct url url;
  int r = parse(target, &url, error);
  if (r == 0 && url_is_absolute(target))
    r = set_login_place(request, &url, error);
  return r < 0 ? r : set_path_and_query(request, &request->attempt, target, &url, error);
}
