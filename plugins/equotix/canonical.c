/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * canonical.c - the JSON text that Equotix One signs
 */
#include "canonical.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "credence-plugin.h"
#include "number.h"
#include "quote.h"
#include "scan.h"

/* Names in reasons are cut to so many bytes. */
#define REASON_NAME_MAX 60

#if defined(__GNUC__)
__attribute__((format(printf, 3, 4)))
#endif
static int
fail(struct canonical *canonical, int code, const char *format, ...)
{
  va_list arguments;

  va_start(arguments, format);
  (void)vsnprintf(canonical->reason, sizeof canonical->reason, format, arguments);
  va_end(arguments);
  return code;
}

static int fail_memory(struct canonical *canonical)
{
  return fail(canonical, CREDENCE_E_NOMEM, "out of memory (free some and try again)");
}

/* A long name is cut between two characters. */
static int fail_member(struct canonical *canonical, const struct canonical_member *member, const char *why)
{
  size_t size = member->name_size;

  if (size > REASON_NAME_MAX) {
    size = REASON_NAME_MAX;
    while (size > 0 && ((unsigned char)member->name[size] & 0xC0) == 0x80)
      size--;
  }
  return fail(canonical, CREDENCE_E_REFUSED, "body member \"%.*s%s\": %s", (int)size, member->name,
              size < member->name_size ? "..." : "", why);
}

/* --- members -------------------------------------------------------------------- */

static int add_member(struct canonical *canonical, const struct canonical_member *member)
{
  struct canonical_member *more;
  size_t room = canonical->room * 2;

  if (canonical->count == canonical->room) {
    more = realloc(canonical->members == canonical->lent ? NULL : canonical->members, room * sizeof *more);
    if (more == NULL)
      return fail_memory(canonical);
    if (canonical->members == canonical->lent)
      memcpy(more, canonical->lent, sizeof canonical->lent);
    canonical->members = more;
    canonical->room = room;
  }
  canonical->members[canonical->count] = *member;
  canonical->members[canonical->count].position = (uint32_t)canonical->count;
  canonical->count++;
  return CREDENCE_OK;
}

/* No name is longer without its escapes, so that room for the whole body holds
 * them all and none ever moves. */
static int take_escapes_away(struct canonical *canonical, const struct scan *scan,
                             const struct scan_piece *name, struct canonical_member *member)
{
  char *to;

  if (canonical->names == NULL)
    canonical->names = malloc((size_t)(scan->end - scan->start));
  if (canonical->names == NULL)
    return fail_memory(canonical);
  to = canonical->names + canonical->names_size;
  member->name = to;
  member->name_size = (uint32_t)quote_take_away(to, name->text, name->size);
  canonical->names_size += member->name_size;
  return CREDENCE_OK;
}

static int read_member(struct canonical *canonical, struct scan *scan)
{
  struct canonical_member member = {0};
  struct scan_piece name, value;
  int code = CREDENCE_OK;

  if (!scan_name(scan, &name) || !scan_value(scan, &value))
    return CREDENCE_E_MALFORMED; /* canonical_read says why */
  member.name = name.text;
  member.name_size = (uint32_t)name.size;
  member.value = value.text;
  member.value_size = (uint32_t)value.size;
  if (name.escaped)
    code = take_escapes_away(canonical, scan, &name, &member);
  return code == CREDENCE_OK ? add_member(canonical, &member) : code;
}

static int read_object(struct canonical *canonical, struct scan *scan)
{
  bool more;
  int code;

  if (!scan_take(scan, '{'))
    return fail(canonical, CREDENCE_E_MALFORMED,
                "Equotix One signs JSON objects only (send a body such as {\"sku\":\"test\"})");
  more = !scan_take(scan, '}');
  while (more) {
    code = read_member(canonical, scan);
    if (code != CREDENCE_OK)
      return code;
    more = scan_take(scan, ',');
    if (!more && !scan_take(scan, '}')) {
      (void)scan_fail(scan, "a comma or the closing brace should stand here");
      return CREDENCE_E_MALFORMED;
    }
  }
  canonical->close = (size_t)(scan->at - scan->start) - 1;
  scan_space(scan);
  if (scan->at == scan->end)
    return CREDENCE_OK;
  (void)scan_fail(scan, "something follows the object");
  return CREDENCE_E_MALFORMED;
}

void canonical_begin(struct canonical *canonical)
{
  canonical->members = canonical->lent;
  canonical->room = CANONICAL_MEMBERS_LENT;
  canonical->count = canonical->names_size = canonical->close = 0;
  canonical->names = NULL;
  canonical->reason[0] = '\0';
}

int canonical_read(struct canonical *canonical, const char *body, size_t size)
{
  struct scan scan;
  int code;

  if (size > CANONICAL_BODY_MAX)
    return fail(canonical, CREDENCE_E_TOO_LARGE,
                "the body has %zu bytes, more than the 1 MiB that is signed"
                " for Equotix One (send it in smaller parts)",
                size);
  scan_begin(&scan, body, size);
  code = read_object(canonical, &scan);
  if (scan.problem != NULL)
    (void)fail(canonical, code, "the body is not JSON: at byte %zu %s (correct the body)",
               (size_t)(scan.at - scan.start) + 1, scan.problem);
  return code;
}

void canonical_free(struct canonical *canonical)
{
  if (canonical == NULL)
    return;
  if (canonical->members != canonical->lent)
    free(canonical->members);
  free(canonical->names);
  canonical_begin(canonical);
}

bool canonical_has(const struct canonical *canonical, const char *name)
{
  size_t size = strlen(name);

  for (size_t i = 0; i < canonical->count; i++) {
    if (canonical->members[i].name_size == size && memcmp(canonical->members[i].name, name, size) == 0)
      return true;
  }
  return false;
}

int canonical_add(struct canonical *canonical, const char *name, const char *value, size_t value_size)
{
  struct canonical_member member = {0};

  member.name = name;
  member.name_size = (uint32_t)strlen(name);
  member.value = value;
  member.value_size = (uint32_t)value_size;
  return add_member(canonical, &member);
}

/* --- sort and write ------------------------------------------------------------- */

static int compare_names(const struct canonical_member *a, const struct canonical_member *b)
{
  int order = memcmp(a->name, b->name, a->name_size < b->name_size ? a->name_size : b->name_size);

  if (order != 0)
    return order;
  return (a->name_size > b->name_size) - (a->name_size < b->name_size);
}

static int compare_members(const void *left, const void *right)
{
  const struct canonical_member *a = left, *b = right;
  int order = compare_names(a, b);

  return order != 0 ? order : (a->position > b->position) - (a->position < b->position);
}

/* Keep the members that are signed: the last one of each name, when it is
 * neither object nor list. */
static void keep_signed(struct canonical *canonical)
{
  struct canonical_member *members = canonical->members;
  size_t kept = 0;

  for (size_t i = 0; i < canonical->count; i++) {
    bool last = i + 1 == canonical->count || compare_names(&members[i], &members[i + 1]) != 0;

    if (last && *members[i].value != '{' && *members[i].value != '[')
      members[kept++] = members[i];
  }
  canonical->count = kept;
}

/* ksort puts texts in the order of their bytes.  Where it sees numbers it does
 * not, and releases of PHP 8 differ: refuse rather than guess. */
static int check_names(struct canonical *canonical)
{
  bool numeric = false;

  for (size_t i = 0; i < canonical->count; i++) {
    const struct canonical_member *member = &canonical->members[i];
    enum name_kind kind = number_name_kind(member->name, member->name_size);

    if (kind == NAME_INTEGER)
      return fail_member(canonical, member,
                         "releases of PHP sort a name that is an integer in different"
                         " places (rename it, or put it into a nested object, which is not signed)");
    if (kind == NAME_NUMERIC && numeric)
      return fail_member(canonical, member,
                         "it is the second name that PHP sorts as a number, for which no order"
                         " is certain (rename it, or put it into a nested object, which is not signed)");
    numeric = numeric || kind == NAME_NUMERIC;
  }
  return CREDENCE_OK;
}

static int write_member(struct canonical *canonical, const struct canonical_member *member, struct text *out)
{
  const char *problem = NULL;

  (void)quote_utf8(out, member->name, member->name_size);
  text_add(out, ":", 1);
  switch (*member->value) {
  case '"':
    quote_scanned(out, member->value + 1, member->value_size - 2);
    break;
  case 't':
  case 'f':
  case 'n':
    text_add(out, member->value, member->value_size);
    break;
  default:
    problem = number_write(out, member->value, member->value_size);
  }
  return problem == NULL ? CREDENCE_OK : fail_member(canonical, member, problem);
}

int canonical_write(struct canonical *canonical, struct text *out)
{
  int code;

  qsort(canonical->members, canonical->count, sizeof *canonical->members, compare_members);
  keep_signed(canonical);
  code = check_names(canonical);
  if (code != CREDENCE_OK)
    return code;
  /* PHP has one kind of array: an empty one is written as a list. */
  text_add_string(out, canonical->count == 0 ? "[" : "{");
  for (size_t i = 0; i < canonical->count; i++) {
    text_add(out, ",", i > 0);
    code = write_member(canonical, &canonical->members[i], out);
    if (code != CREDENCE_OK)
      return code;
  }
  text_add_string(out, canonical->count == 0 ? "]" : "}");
  return out->failed ? fail_memory(canonical) : CREDENCE_OK;
}
