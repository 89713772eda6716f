/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * items.h - the operands of sign and send: METHOD, TARGET and ITEMs
 *
 * An ITEM is written as in HTTPie:
 *
 *     name==value   query parameter
 *     Name:value    header
 *     name=value    member of a JSON object, a string; with --form a form field
 *     name:=json    member of a JSON object, JSON text
 *     @FILE, @-     the whole body, from a file or standard input
 *
 * The earliest separator counts, and the longest one at that place.  A
 * backslash in front of ":", "=" or "@" takes its meaning away and is dropped;
 * JSON text is left as it is.
 *
 * Nothing here prints or reads files, so that it can be tested apart.
 */
#ifndef TOOL_ITEMS_H
#define TOOL_ITEMS_H

#include <stdbool.h>
#include <stddef.h>

enum item_kind { ITEM_QUERY, ITEM_HEADER, ITEM_STRING, ITEM_JSON, ITEM_FILE };

struct item {
  enum item_kind kind;
  char *name; /* "" for ITEM_FILE */
  char *value;
};

struct item_list {
  struct item *items;
  size_t count;
};

/* Why operands are refused.  Values are not shown: they may be secret. */
struct item_error {
  char why[200];
  const char *remedy; /* static */
};

/* Parse all items, which may not contradict each other.  False with
 * *ret_error filled in; *ret_list is to be cleared in any case. */
bool item_list_parse(const char *const *words, size_t count, bool form, struct item_list *ret_list,
                     struct item_error *ret_error);
void item_list_clear(struct item_list *list);
size_t item_list_count(const struct item_list *list, enum item_kind kind);

/* What stands in front of the items. */
struct request_words {
  const char *method; /* NULL when not given */
  const char *target;
  size_t used; /* words before the first item */
};

/* Take METHOD and TARGET off the words that follow PROFILE. */
bool request_words_split(const char *const *words, size_t count, struct request_words *ret_words,
                         struct item_error *ret_error);

/* The JSON object of all string and JSON members, in their order; to be freed.
 * NULL with *ret_error filled in. */
char *item_list_to_json(const struct item_list *list, struct item_error *ret_error);

#endif
