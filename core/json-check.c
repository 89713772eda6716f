/* SPDX-License-Identifier: BSD-3-Clause */
/* Checks JSON text: the grammar with json-c, its leniencies by hand. */
#include "config.h"

#include <limits.h>
#include <string.h>

#include <json-c/json.h>

#include "json-check.h"

enum { DEPTH_MAX = 128 };

static bool fail(struct json_fault *fault, size_t place, const char *why)
{
  *fault = (struct json_fault){.place = place + 1, .why = why};
  return false;
}

/* The size includes the NUL byte: without it json-c waits for more digits
 * behind a number. */
static bool check_grammar(const char *text, struct json_fault *ret_fault)
{
  size_t size = strlen(text);
  json_tokener *tokener;
  enum json_tokener_error error;
  bool good = true;

  if (size >= INT_MAX)
    return fail(ret_fault, 0, "text is too long");
  tokener = json_tokener_new_ex(DEPTH_MAX);
  if (!tokener)
    return fail(ret_fault, 0, "out of memory");
  json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
  json_object_put(json_tokener_parse_ex(tokener, text, (int)size + 1));
  error = json_tokener_get_error(tokener);
  if (error != json_tokener_success)
    good = fail(ret_fault, json_tokener_get_parse_end(tokener), json_tokener_error_desc(error));
  json_tokener_free(tokener);
  return good;
}

/* The size of a string with its quotes; 0 for a control character inside. */
static size_t string_size(const char *text)
{
  size_t i;

  for (i = 1; text[i] != '"'; i++) {
    if ((unsigned char)text[i] < 0x20)
      return 0;
    if (text[i] == '\\')
      i++;
  }
  return i + 1;
}

static size_t number_size(const char *text)
{
  return strspn(text, "+-.0123456789eE");
}

/* json-c has seen to the rest of a number. */
static bool number_is_strict(const char *text)
{
  static const char digits[] = "0123456789";
  size_t whole;

  if (*text == '-')
    text++;
  whole = strspn(text, digits);
  if (whole == 0 || (whole > 1 && *text == '0'))
    return false;
  return text[whole] != '.' || strspn(text + whole + 1, digits) > 0;
}

bool json_check(const char *text, struct json_fault *ret_fault)
{
  size_t step;

  if (!check_grammar(text, ret_fault))
    return false;
  for (size_t i = 0; text[i]; i += step) {
    step = 1;
    if (text[i] == '"') {
      step = string_size(text + i);
      if (step == 0)
        return fail(ret_fault, i, "control character in a string");
    } else if (text[i] == '\'') {
      return fail(ret_fault, i, "single quote");
    } else if (text[i] == 'N' || text[i] == 'I' || strncmp(text + i, "-I", 2) == 0) {
      return fail(ret_fault, i, "no such number in JSON");
    } else if (text[i] == '-' || (text[i] >= '0' && text[i] <= '9')) {
      step = number_size(text + i);
      if (!number_is_strict(text + i))
        return fail(ret_fault, i, "malformed number");
    }
  }
  return true;
}
