/* SPDX-License-Identifier: BSD-3-Clause */
/* host-keys.c - the services that compute with secrets, and where secrets are looked for */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "derived.h"
#include "encode.h"
#include "error.h"
#include "host-call.h"

struct secret_value *host_secret(struct call *call, const char *name, int *ret_code)
{
  int field = name == NULL ? -1 : manifest_find(call->entry->manifest, name);
  if (name != NULL && field < 0) {
    struct secret_value *found = host_session_value(call, name, 1, ret_code);
    if (*ret_code != CREDENCE_E_NOT_FOUND)
      return found;
  }
  if (field < 0 || (call->entry->manifest->fields[field].flags & CREDENCE_FIELD_SECRET) == 0) {
    *ret_code = error_set(&call->why, CREDENCE_E_INVALID, "mend the manifest or the plugin",
                          "the manifest has no secret %s", name == NULL ? "without a name" : name);
    return NULL;
  }
  struct secret_value *secret = &call->entry->secrets[field];
  *ret_code = 0;
  if (secret->data != NULL)
    return secret;
  char remedy[REMEDY_SIZE];
  profile_secret_remedy(call->profile, name, remedy);
  *ret_code =
      error_set(&call->why, CREDENCE_E_NOT_FOUND, remedy, "profile %s has no %s", call->profile->name, name);
  return NULL;
}

static struct derived_place *find_derived(const struct call *call, const char *name)
{
  for (size_t i = 0; name != NULL && i < call->derived_count; i++)
    if (strcmp(call->request->derived[i].name, name) == 0)
      return &call->request->derived[i];
  return NULL;
}

/* What a MAC may be computed with: a key that was derived, or else a secret. */
static struct secret_value *key_secret(struct call *call, const char *name, int *ret_code)
{
  const struct derived_place *place = find_derived(call, name);
  return place == NULL ? host_secret(call, name, ret_code) : derived_value(place->derived);
}

int host_hmac(credence_call *base, uint32_t algorithm, const char *name, const credence_bytes *parts,
              size_t count, void *mac, size_t mac_size)
{
  struct call *call = call_of(base);
  struct hmac_key *key = NULL;
  int r = 0;
  if (call->request == NULL)
    return CREDENCE_E_UNSUPPORTED;
  struct secret_value *secret = key_secret(call, name, &r);
  if (secret != NULL)
    r = secret_value_key(secret, algorithm, &key);
  return r < 0 ? r : hmac_parts(key, call->request->scratch, parts, count, mac, mac_size);
}

/* Where the key goes that the plugin will call as; NULL after an error that *ret_code
 * tells. */
static struct derived_place *place_for(struct call *call, const char *as, int *ret_code)
{
  struct derived_place *place = find_derived(call, as);
  if (place != NULL)
    return place;
  *ret_code = CREDENCE_E_INVALID;
  if (as == NULL || strnlen(as, DERIVED_NAME_SIZE) == DERIVED_NAME_SIZE)
    return NULL;
  *ret_code = CREDENCE_E_TOO_LARGE;
  return call->derived_count < DERIVED_MAX ? &call->request->derived[call->derived_count] : NULL;
}

static int derive(struct call *call, struct secret_value *secret, const struct derivation *how,
                  const char *as)
{
  int r = 0;
  struct derived_place *place = place_for(call, as, &r);
  if (place == NULL)
    return error_set(&call->why, r, "mend the plugin",
                     "a derived key needs a name of at most %u characters, and there may be %u at once",
                     DERIVED_NAME_SIZE - 1, DERIVED_MAX);
  r = derived_get(secret, how, &call->profile->derived_lock, call->request->scratch, &place->derived);
  if (r < 0)
    return r;
  if (place == &call->request->derived[call->derived_count])
    call->derived_count++;
  memcpy(place->name, as, strlen(as) + 1);
  return 0;
}

int host_derive_chain(credence_call *base, uint32_t algorithm, const char *from, const credence_bytes *lead,
                      const credence_bytes *data, size_t count, const char *as)
{
  struct call *call = call_of(base);
  struct derivation how = {algorithm, {"", 0}, data, count};
  int r = 0;
  if (lead != NULL)
    how.lead = *lead;
  if (call->request == NULL || digest_find(algorithm) == NULL)
    return CREDENCE_E_UNSUPPORTED;
  if (count == 0 || count > DERIVED_PARTS)
    return CREDENCE_E_INVALID;
  struct secret_value *secret = key_secret(call, from, &r);
  return secret == NULL ? r : derive(call, secret, &how, as);
}

int host_derive(credence_call *base, uint32_t algorithm, const char *from, const credence_bytes *data,
                const char *as)
{
  return host_derive_chain(base, algorithm, from, NULL, data, 1, as);
}

/* --- where secrets may show -------------------------------------------------------- */

typedef int (*secret_visitor)(void *userdata, const struct secret_value *secret, const char *name);

static int visit_session(const struct credence_manifest *manifest, const struct session *session,
                         secret_visitor visit, void *userdata)
{
  for (size_t i = 0; session != NULL && i < manifest->session_count; i++)
    if ((manifest->session[i].flags & CREDENCE_FIELD_SECRET) != 0 && session->values[i].data != NULL &&
        visit(userdata, &session->values[i], manifest->session[i].name))
      return 1;
  return 0;
}

static int visit_fields(const struct stack_entry *entry, secret_visitor visit, void *userdata)
{
  for (size_t i = 0; i < entry->manifest->field_count; i++)
    if (entry->secrets[i].data != NULL &&
        visit(userdata, &entry->secrets[i], entry->manifest->fields[i].name))
      return 1;
  return 0;
}

/* Every secret that something in the call may show by accident: of the profile's
 * providers, of sessions, of answers; until a visitor answers other than 0. */
static int visit_secrets(const struct call *call, secret_visitor visit, void *userdata)
{
  const credence_profile *profile = call->profile;
  const struct session *session = call->request == NULL ? NULL : call->request->session;
  for (size_t i = 0; i < profile->stack_count; i++)
    if (visit_fields(profile->stack[i], visit, userdata))
      return 1;
  if (session != NULL && visit_session(profile->login_entry->manifest, session, visit, userdata))
    return 1;
  if (visit_session(call->entry->manifest, call->making, visit, userdata))
    return 1;
  for (size_t i = 0; call->questions != NULL && i < call->questions->count; i++)
    if (call->questions->items[i].answer.data != NULL &&
        visit(userdata, &call->questions->items[i].answer, call->questions->items[i].name))
      return 1;
  return 0;
}

/* Every place where piece stands in text becomes [name], in a copy. */
static int mask_piece(struct arena *arena, credence_bytes *text, const char *piece, size_t size,
                      const char *name)
{
  const char *rest = text->data;
  const char *end = rest + text->size;
  size_t name_size = strlen(name);
  if (memmem(rest, text->size, piece, size) == NULL)
    return 0;
  char *copy = arena_alloc(arena, text->size / size * (name_size + 2) + text->size);
  char *out = copy;
  if (copy == NULL)
    return CREDENCE_E_NOMEM;
  for (const char *at; (at = memmem(rest, (size_t)(end - rest), piece, size)) != NULL; rest = at + size) {
    memcpy(out, rest, (size_t)(at - rest));
    out += at - rest;
    *out++ = '[';
    memcpy(out, name, name_size);
    out += name_size;
    *out++ = ']';
  }
  memcpy(out, rest, (size_t)(end - rest));
  *text = (credence_bytes){copy, (size_t)(out - copy) + (size_t)(end - rest)};
  return 0;
}

/* A secret as it arrives: a header loses the spaces around it. */
struct known {
  const char *text;
  size_t size;
  const char *name;
};

#define KNOWN_MAX (STACK_MAX * 4u + MANIFEST_SESSION_MAX)

struct known_list {
  struct known items[KNOWN_MAX];
  size_t count;
};

/* One that is shorter than four bytes any text may have. */
static int collect(void *userdata, const struct secret_value *secret, const char *name)
{
  struct known_list *list = userdata;
  struct known known = {secret->data, secret->size, name};
  while (known.size > 0 && known.text[known.size - 1] == ' ')
    known.size--;
  for (; known.size > 0 && *known.text == ' '; known.size--)
    known.text++;
  if (known.size >= 4 && list->count < KNOWN_MAX)
    list->items[list->count++] = known;
  return 0;
}

static int is_shorter(const void *a, const void *b)
{
  const struct known *x = a;
  const struct known *y = b;
  return (x->size < y->size) - (x->size > y->size);
}

/* As it is, and percent-encoded. */
static int mask_form(struct arena *arena, credence_bytes *text, const char *form, size_t form_size,
                     const char *name)
{
  int r = mask_piece(arena, text, form, form_size, name);
  size_t size = percent_size(form, form_size);
  if (r < 0 || size == form_size)
    return r;
  char *encoded = arena_alloc(arena, size);
  if (encoded == NULL)
    return CREDENCE_E_NOMEM;
  percent_encode(encoded, form, form_size);
  return mask_piece(arena, text, encoded, size, name);
}

/* Canonical forms have one space where there were several. */
static int mask_known(struct arena *arena, credence_bytes *text, const struct known *known)
{
  size_t size = 0;
  int r = mask_form(arena, text, known->text, known->size, known->name);
  if (r < 0 || memmem(known->text, known->size, "  ", 2) == NULL)
    return r;
  char *form = arena_alloc(arena, known->size);
  if (form == NULL)
    return CREDENCE_E_NOMEM;
  for (size_t i = 0; i < known->size; i++)
    if (known->text[i] != ' ' || known->text[i - 1] != ' ') /* the first is no space */
      form[size++] = known->text[i];
  return mask_form(arena, text, form, size, known->name);
}

static int is_in(void *userdata, const struct secret_value *secret, const char *name)
{
  (void)name;
  return secret_value_is_in(secret, userdata);
}

int host_tells_secret(const struct call *call, const char *text)
{
  return visit_secrets(call, is_in, (void *)(uintptr_t)text);
}

/* The longest first, since one secret may begin another. */
int host_mask(const struct call *call, credence_bytes *text)
{
  struct arena *arena = &call->request->arena;
  struct known_list list = {.count = 0};
  int r = 0;
  if (text->size == 0)
    return 0;
  (void)visit_secrets(call, collect, &list);
  qsort(list.items, list.count, sizeof(list.items[0]), is_shorter);
  for (size_t i = 0; r == 0 && i < list.count; i++)
    r = mask_known(arena, text, &list.items[i]);
  char *copy = r < 0 ? NULL : arena_copy(arena, text->data, text->size);
  if (copy == NULL)
    return CREDENCE_E_NOMEM;
  if (host_tells_secret(call, copy))
    *text = credence_text("(not shown: there is a secret in it, in another form)");
  return 0;
}
