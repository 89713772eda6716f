/* SPDX-License-Identifier: BSD-3-Clause */
/* target-names.c - {NAME} in a target; see target-names.h */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "encode.h"
#include "error.h"
#include "session.h"
#include "target-names.h"

/* The value of the session that the size bytes at name call; -1 when there is
 * none, or when it is secret. */
static int find_name(const credence_profile *profile, const char *name, size_t size)
{
  const credence_manifest *manifest = profile->login_entry == NULL ? NULL : profile->login_entry->manifest;
  for (size_t i = 0; manifest != NULL && i < manifest->session_count; i++) {
    const struct field *field = &manifest->session[i];
    if (strlen(field->name) == size && memcmp(field->name, name, size) == 0)
      return (field->flags & CREDENCE_FIELD_SECRET) != 0 ? -1 : (int)i;
  }
  return -1;
}

static int check_names(const credence_profile *profile, const char *target, credence_error **error)
{
  for (const char *brace = strpbrk(target, "{}"); brace != NULL; brace = strpbrk(brace, "{}")) {
    size_t size = strcspn(brace + 1, "{}");
    if (brace[0] != '{' || brace[1 + size] != '}' || find_name(profile, brace + 1, size) < 0)
      return error_set(error, CREDENCE_E_INVALID, "write %7B and %7D for braces that are meant as such",
                       "%.*s in the target is no value of the session of profile %s that may be shown",
                       (int)(size > 64 ? 64 : size + 1 + (brace[1 + size] == '}')), brace, profile->name);
    brace += size + 2;
  }
  return 0;
}

char *target_names_mask(const credence_profile *profile, const char *target, credence_error **error)
{
  char *masked = NULL;
  if (check_names(profile, target, error) < 0)
    return NULL;
  masked = strdup(target);
  if (masked == NULL)
    (void)error_nomem(error);
  for (char *c = masked; c != NULL && *c != '\0'; c++)
    if (*c == '{' || *c == '}')
      *c = 'x';
  return masked;
}

/* What the name stands for.  "." and ".." would be steps in a path rather than
 * names. */
static int find_value(const credence_request *request, const char *name, size_t size,
                      const struct secret_value **ret_value, credence_error **error)
{
  int index = find_name(request->profile, name, size);
  if (request->session == NULL || index < 0)
    return profile_no_session(request->profile, error);
  const struct secret_value *value = &request->session->values[index];
  if (value->data == NULL)
    return error_set(error, CREDENCE_E_NOT_FOUND, "write the value itself",
                     "the login of profile %s told no %.*s", request->profile->name, (int)size, name);
  if (strcmp(value->data, ".") == 0 || strcmp(value->data, "..") == 0)
    return error_set(error, CREDENCE_E_MALFORMED, "write the value itself",
                     "the server's %.*s cannot stand in a target", (int)size, name);
  *ret_value = value;
  return 0;
}

static int append_value(struct buf *out, const credence_request *request, const char *name, size_t size,
                        credence_error **error)
{
  const struct secret_value *value = NULL;
  int r = find_value(request, name, size, &value, error);
  if (r < 0)
    return r;
  size_t encoded = percent_size(value->data, value->size);
  char *text = malloc(encoded + 1);
  if (text == NULL)
    return error_nomem(error);
  percent_encode(text, value->data, value->size);
  buf_append(out, text, encoded);
  free(text);
  return 0;
}

/* Replace the names in one part of the attempt. */
static int expand(credence_request *request, credence_bytes *part, credence_error **error)
{
  struct buf out;
  const char *text = part->data;
  int r = 0;
  if (text == NULL || memchr(text, '{', part->size) == NULL)
    return 0;
  buf_init(&out, MESSAGE_QUERY_MAX);
  while (r == 0 && *text != '\0') {
    size_t plain = strcspn(text, "{");
    buf_append(&out, text, plain);
    text += plain;
    if (*text == '{') {
      size_t size = strcspn(++text, "}");
      r = append_value(&out, request, text, size, error);
      text += size + 1;
    }
  }
  if (r == 0 && buf_ok(&out) != 0)
    r = error_set(error, buf_ok(&out), NULL, "the target is too long with the session's values in it");
  if (r == 0) {
    *part = (credence_bytes){arena_copy(&request->arena, out.data, out.size), out.size};
    r = part->data == NULL ? error_nomem(error) : 0;
  }
  buf_reset(&out);
  return r;
}

int target_names_expand(credence_request *request, credence_error **error)
{
  int r = expand(request, &request->attempt.path, error);
  return r < 0 ? r : expand(request, &request->attempt.query, error);
}
