/* SPDX-License-Identifier: BSD-3-Clause */
/* Parses METHOD, TARGET and ITEMs, and writes the members as a JSON object. */
#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "items.h"
#include "json-check.h"
#include "text.h"

static bool fail(struct item_error *error, const char *remedy, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static bool fail(struct item_error *error, const char *remedy, const char *format, ...)
{
  va_list arguments;

  va_start(arguments, format);
  vsnprintf(error->why, sizeof error->why, format, arguments);
  va_end(arguments);
  error->remedy = remedy;
  return false;
}

static bool is_escape(const char *text)
{
  return text[0] == '\\' && text[1] && strchr(":=@", text[1]);
}

/* Copy size bytes without the backslashes that protect separators. */
static char *copy_unescaped(const char *text, size_t size)
{
  char *copy = malloc(size + 1);
  size_t used = 0;

  if (!copy)
    return NULL;
  for (size_t i = 0; i < size; i++) {
    if (i + 1 < size && is_escape(text + i))
      i++;
    copy[used++] = text[i];
  }
  copy[used] = '\0';
  return copy;
}

static const char *find_separator(const char *text)
{
  while (*text && *text != ':' && *text != '=')
    text += is_escape(text) ? 2 : 1;
  return *text ? text : NULL;
}

/* The kind that a separator means, and how many bytes it has. */
static enum item_kind separator_kind(const char *separator, size_t *ret_size)
{
  *ret_size = separator[1] == '=' ? 2 : 1;
  if (separator[0] == '=')
    return *ret_size == 2 ? ITEM_QUERY : ITEM_STRING;
  return *ret_size == 2 ? ITEM_JSON : ITEM_HEADER;
}

/* As in "Accept: text/plain", where the space is for the reader. */
static void trim(char *text)
{
  size_t lead = strspn(text, " \t");
  size_t size = strlen(text + lead);

  memmove(text, text + lead, size + 1);
  while (size > 0 && strchr(" \t", text[size - 1]))
    text[--size] = '\0';
}

static bool parse_file(const char *word, size_t number, struct item *ret_item, struct item_error *error)
{
  if (!word[1])
    return fail(error, "write @FILE, or @- for standard input", "item %zu names no file", number);
  ret_item->kind = ITEM_FILE;
  ret_item->name = strdup("");
  ret_item->value = strdup(word + 1);
  return ret_item->name && ret_item->value ? true : fail(error, NULL, "out of memory");
}

static bool item_parse(const char *word, size_t number, struct item *ret_item, struct item_error *error)
{
  const char *separator = find_separator(word);
  const char *value;
  size_t size;

  if (word[0] == '@')
    return parse_file(word, number, ret_item, error);
  if (!separator)
    return fail(error,
                "an item is name==value, Name:value, name=value, name:=json or @FILE; METHOD is in capitals "
                "and TARGET comes before the items",
                "item %zu has no separator", number);
  if (separator == word)
    return fail(error, "write a name in front of the separator, or \\ to make it part of the name",
                "item %zu has no name", number);
  ret_item->kind = separator_kind(separator, &size);
  value = separator + size;
  ret_item->name = copy_unescaped(word, (size_t)(separator - word));
  ret_item->value = ret_item->kind == ITEM_JSON ? strdup(value) : copy_unescaped(value, strlen(value));
  if (!ret_item->name || !ret_item->value)
    return fail(error, NULL, "out of memory");
  if (ret_item->kind == ITEM_HEADER)
    trim(ret_item->value);
  return true;
}

size_t item_list_count(const struct item_list *list, enum item_kind kind)
{
  size_t count = 0;

  for (size_t i = 0; i < list->count; i++)
    count += list->items[i].kind == kind;
  return count;
}

static bool check_mixture(const struct item_list *list, bool form, struct item_error *error)
{
  size_t files = item_list_count(list, ITEM_FILE);
  size_t json = item_list_count(list, ITEM_JSON);
  size_t members = json + item_list_count(list, ITEM_STRING);

  if (files > 1)
    return fail(error, "give one @FILE", "a request has one body, and %zu are given", files);
  if (files && members)
    return fail(error, "put the members into the file, or write them all as items",
                "@FILE is the whole body and cannot be mixed with name=value or name:=json");
  if (form && json)
    return fail(error, "write name=value, or leave --form away",
                "a form has no JSON values, so name:=json cannot be used with --form");
  if (form && files)
    return fail(error, "leave --form away and add Content-Type:application/x-www-form-urlencoded",
                "@FILE is sent as it is and cannot be used with --form");
  return true;
}

bool item_list_parse(const char *const *words, size_t count, bool form, struct item_list *ret_list,
                     struct item_error *ret_error)
{
  *ret_list = (struct item_list){0};
  ret_list->items = calloc(count + 1, sizeof *ret_list->items);
  if (!ret_list->items)
    return fail(ret_error, NULL, "out of memory");
  for (size_t i = 0; i < count; i++) {
    ret_list->count = i + 1;
    if (!item_parse(words[i], i + 1, &ret_list->items[i], ret_error))
      return false;
  }
  return check_mixture(ret_list, form, ret_error);
}

void item_list_clear(struct item_list *list)
{
  for (size_t i = 0; i < list->count; i++) {
    free(list->items[i].name);
    free(list->items[i].value);
  }
  free(list->items);
  *list = (struct item_list){0};
}

/* Two letters at least, so that a path of one letter stays a path. */
static bool is_method(const char *word)
{
  size_t size = strspn(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");

  return size >= 2 && !word[size];
}

/* name=value and the like, Name:value, @FILE.  A URL has "//" behind its colon,
 * and a path that has a colon goes on behind it with "/" or "?". */
static bool looks_like_item(const char *word)
{
  const char *separator = word + strcspn(word, "=:/?");

  if (*separator == ':' && strncmp(separator, "://", 3) != 0)
    return strchr(separator, '/') == NULL && strchr(separator, '?') == NULL;
  return word[0] == '@' || *separator == '=';
}

bool request_words_split(const char *const *words, size_t count, struct request_words *ret_words,
                         struct item_error *ret_error)
{
  struct request_words result = {.method = NULL, .target = "", .used = 0};

  if (count > 0 && is_method(words[0]))
    result.method = words[result.used++];
  if (count > result.used) {
    if (looks_like_item(words[result.used]))
      return fail(ret_error,
                  "write '' as TARGET to keep the endpoint; a path with = or : in it begins with /",
                  "TARGET comes before the items, and an item stands in its place");
    result.target = words[result.used++];
  }
  *ret_words = result;
  return true;
}

static bool put_member(FILE *stream, const struct item *item, size_t number, struct item_error *error)
{
  struct json_fault fault;

  if (!text_is_utf8(item->name, strlen(item->name)) || !text_is_utf8(item->value, strlen(item->value)))
    return fail(error, "convert it, or send other bytes with @FILE", "item %zu is not UTF-8", number);
  if (item->kind == ITEM_JSON && !json_check(item->value, &fault))
    return fail(error, "quote strings, as in name:='\"text\"', or write name=text",
                "item %zu (%.60s) is not JSON at byte %zu: %s", number, item->name, fault.place, fault.why);
  put_json(stream, item->name);
  fputc(':', stream);
  if (item->kind == ITEM_JSON)
    fputs(item->value, stream);
  else
    put_json(stream, item->value);
  return true;
}

static bool put_members(FILE *stream, const struct item_list *list, struct item_error *error)
{
  const char *before = "{";

  for (size_t i = 0; i < list->count; i++) {
    const struct item *item = &list->items[i];

    if (item->kind != ITEM_STRING && item->kind != ITEM_JSON)
      continue;
    fputs(before, stream);
    before = ",";
    if (!put_member(stream, item, i + 1, error))
      return false;
  }
  fputs(*before == '{' ? "{}" : "}", stream);
  return true;
}

char *item_list_to_json(const struct item_list *list, struct item_error *ret_error)
{
  char *text = NULL;
  size_t size = 0;
  bool good;
  FILE *stream = open_memstream(&text, &size);

  if (!stream) {
    fail(ret_error, NULL, "out of memory");
    return NULL;
  }
  good = put_members(stream, list, ret_error);
  if (fclose(stream) != 0)
    good = fail(ret_error, NULL, "out of memory");
  if (good)
    return text;
  free(text);
  return NULL;
}
