/* SPDX-License-Identifier: BSD-3-Clause */
/* inifile.c - read manifests and profiles; see inifile.h */
#include "config.h"

#include <ini.h>
#include <string.h>

#include "encode.h"
#include "error.h"
#include "inifile.h"

/* inih as it is usually built takes lines of 198 bytes; a name and " = " stand
 * in front of the value. */
#define VALUE_MAX 150u
/* inih cuts names of sections, and names that a line continues, after 49 bytes. */
#define NAME_MAX_SIZE 48u

struct parse {
  const char *file;
  const char *at;
  const char *end;
  int line;
  int continued;
  int failed; /* 0 or a code */
  inifile_handler handler;
  void *userdata;
  credence_error **error;
};

static void fail(struct parse *parse, int code, const char *why)
{
  if (parse->failed == 0)
    parse->failed = error_set(parse->error, code, NULL, "%s:%d: %s", parse->file, parse->line, why);
}

/* inih does not look at what stands behind "[section]". */
static int section_has_tail(const char *line)
{
  line += strspn(line, " \t");
  const char *tail = line[0] == '[' ? strchr(line, ']') : NULL;
  if (tail == NULL)
    return 0;
  tail += 1 + strspn(tail + 1, " \t\r\n");
  return *tail != '\0' && *tail != ';' && *tail != '#';
}

/* inih's reader: hand out one line, as fgets() would. */
static char *next_line(char *out, int size, void *stream)
{
  struct parse *parse = stream;
  if (parse->at == parse->end || parse->failed != 0 || size < 2)
    return NULL;
  const char *newline = memchr(parse->at, '\n', (size_t)(parse->end - parse->at));
  const char *stop = newline == NULL ? parse->end : newline + 1;
  size_t length = (size_t)(stop - parse->at);
  parse->line++;
  if (length > (size_t)size - 1) {
    fail(parse, CREDENCE_E_TOO_LARGE, "the line is too long");
    return NULL;
  }
  memcpy(out, parse->at, length);
  out[length] = '\0';
  parse->continued = out[0] == ' ' || out[0] == '\t';
  if (section_has_tail(out)) {
    fail(parse, CREDENCE_E_MALFORMED, "something stands behind the name of the section");
    return NULL;
  }
  parse->at = stop;
  return out;
}

static int each_value(void *userdata, const char *section, const char *name, const char *value)
{
  struct parse *parse = userdata;
  credence_error *why = NULL;
  if (parse->failed != 0)
    return 0;
  if (strlen(section) > NAME_MAX_SIZE || strlen(name) > NAME_MAX_SIZE) {
    fail(parse, CREDENCE_E_TOO_LARGE, "the name is too long");
    return 0;
  }
  int r = parse->handler(parse->userdata, section, name, value, parse->continued, &why);
  if (r < 0)
    fail(parse, r, credence_error_message(why));
  credence_error_free(&why);
  return r == 0;
}

/* A carriage return ends a line together with a line feed, or not at all. */
static int is_text_byte(const char *at, const char *end)
{
  if (*at == '\r')
    return end - at > 1 && at[1] == '\n';
  return !is_control(at, 1) || *at == '\t' || *at == '\n';
}

static int check_text(struct parse *parse)
{
  size_t size = (size_t)(parse->end - parse->at);
  for (size_t i = 0; i < size; i++)
    if (!is_text_byte(&parse->at[i], parse->end))
      return error_set(parse->error, CREDENCE_E_CORRUPT, "restore it or write it anew",
                       "%s: has control characters", parse->file);
  if (!utf8_valid(parse->at, size))
    return error_set(parse->error, CREDENCE_E_CORRUPT, "restore it or write it anew", "%s: is not UTF-8 text",
                     parse->file);
  return 0;
}

int inifile_parse(const char *file, const char *text, size_t size, inifile_handler handler, void *userdata,
                  credence_error **error)
{
  struct parse parse = {
      .file = file, .at = text, .end = text + size, .handler = handler, .userdata = userdata, .error = error};
  int r = check_text(&parse);
  if (r < 0)
    return r;
  int bad_line = ini_parse_stream(next_line, &parse, each_value, &parse);
  if (parse.failed != 0)
    return parse.failed;
  if (bad_line < 0)
    return error_nomem(error);
  if (bad_line > 0) {
    parse.line = bad_line;
    fail(&parse, CREDENCE_E_MALFORMED, "neither [section] nor name = value");
  }
  return parse.failed;
}

int inifile_can_hold(const char *value)
{
  size_t size = strlen(value);
  if (size > VALUE_MAX || !utf8_valid(value, size))
    return 0;
  for (size_t i = 0; i < size; i++) {
    if (is_control(&value[i], 1))
      return 0;
    /* inih starts a comment here. */
    if (value[i] == ';' && (i == 0 || value[i - 1] == ' '))
      return 0;
  }
  return size == 0 || (value[0] != ' ' && value[size - 1] != ' ');
}
