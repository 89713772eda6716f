/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Builds a request from operands.  All of them are checked, and a body read,
 * before the profile is opened, so that a typing error costs no prompt.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "items.h"
#include "output.h"
#include "request-build.h"
#include "text.h"

#define BODY_MAX (64u * 1024u * 1024u)

struct plan {
  struct request_words words;
  struct item_list items;
  bool form;
  bool has_time;
  int64_t time;
  char *body; /* JSON text or the bytes of a file; NULL for neither */
  size_t size;
  struct body_file *body_file; /* the body instead, when it is too large for that */
};

static int refuse(const struct command *command, const struct item_error *error)
{
  return complain(EXIT_USAGE, error->remedy, "%s: %s", command->name, error->why);
}

/* Make room for at least one more byte than used; one byte over the limit, to
 * notice what is over it. */
static bool grow(char **data, size_t *capacity, size_t used)
{
  size_t wanted = used ? used * 2 : 64 * 1024;
  char *larger;

  if (used < *capacity)
    return true;
  if (wanted > BODY_MAX + 1)
    wanted = BODY_MAX + 1;
  larger = realloc(*data, wanted);
  if (!larger)
    return false;
  *data = larger;
  *capacity = wanted;
  return true;
}

static int read_all(int file, const char *name, struct plan *plan)
{
  size_t capacity = 0;
  ssize_t got = 1;

  while (got != 0) {
    if (!grow(&plan->body, &capacity, plan->size))
      return out_of_memory();
    got = read(file, plan->body + plan->size, capacity - plan->size);
    if (got < 0 && errno != EINTR)
      return complain(EXIT_FAILED, "give a file that can be read", "cannot read %s: %s", name,
                      strerror(errno));
    if (got > 0)
      plan->size += (size_t)got;
    if (plan->size > BODY_MAX)
      return complain(EXIT_CORRUPT, "give a larger body as @FILE, an ordinary file",
                      "%s is larger than 64 MiB", name);
  }
  return EXIT_DONE;
}

static bool is_large(int file, uint64_t *ret_size)
{
  struct stat status;

  if (fstat(file, &status) < 0 || !S_ISREG(status.st_mode) || status.st_size <= (off_t)BODY_MAX)
    return false;
  *ret_size = (uint64_t)status.st_size;
  return true;
}

static int read_body(const char *path, struct plan *plan)
{
  uint64_t size = 0;
  int file, code;

  if (strcmp(path, "-") == 0)
    return read_all(STDIN_FILENO, "standard input", plan);
  file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
  if (file < 0)
    return complain(EXIT_FAILED, "@FILE names the file with the body", "cannot open %s: %s", path,
                    strerror(errno));
  if (is_large(file, &size))
    return body_file_take(plan->body_file, file, path, size) ? EXIT_DONE : out_of_memory();
  code = read_all(file, path, plan);
  close(file);
  return code;
}

static size_t member_count(const struct item_list *items)
{
  return item_list_count(items, ITEM_STRING) + item_list_count(items, ITEM_JSON);
}

static int plan_body(const struct command *command, struct plan *plan)
{
  struct item_error why;

  for (size_t i = 0; i < plan->items.count; i++)
    if (plan->items.items[i].kind == ITEM_FILE)
      return read_body(plan->items.items[i].value, plan);
  if (plan->form || member_count(&plan->items) == 0)
    return EXIT_DONE;
  plan->body = item_list_to_json(&plan->items, &why);
  if (!plan->body)
    return refuse(command, &why);
  plan->size = strlen(plan->body);
  return EXIT_DONE;
}

static int plan_time(const struct arguments *arguments, struct plan *plan)
{
  const char *text = option_value(arguments, "at");

  plan->has_time = text != NULL;
  if (text && !parse_decimal(text, 6, &plan->time))
    return usage_error(arguments->command,
                       "--at wants seconds since 1970, such as 1670561053 or 1670561053.25");
  return EXIT_DONE;
}

static int plan_make(const struct arguments *arguments, struct plan *plan)
{
  const char *const *words = arguments->operands + 1;
  size_t count = arguments->operand_count - 1;
  struct item_error why;
  int code;

  plan->form = option_value(arguments, "form") != NULL;
  if (!request_words_split(words, count, &plan->words, &why))
    return refuse(arguments->command, &why);
  words += plan->words.used;
  count -= plan->words.used;
  if (!item_list_parse(words, count, plan->form, &plan->items, &why))
    return refuse(arguments->command, &why);
  code = plan_time(arguments, plan);
  return code == EXIT_DONE ? plan_body(arguments->command, plan) : code;
}

static void plan_clear(struct plan *plan)
{
  item_list_clear(&plan->items);
  free(plan->body);
}

static bool has_body(const struct plan *plan)
{
  return plan->body || plan->body_file->file >= 0;
}

static const char *plan_method(const struct plan *plan)
{
  if (plan->words.method)
    return plan->words.method;
  return has_body(plan) || member_count(&plan->items) ? "POST" : "GET";
}

/* The Content-Type header among the items, which then goes with the body. */
static const struct item *find_media_type(const struct plan *plan)
{
  for (size_t i = 0; has_body(plan) && i < plan->items.count; i++) {
    const struct item *item = &plan->items.items[i];

    if (item->kind == ITEM_HEADER && strcasecmp(item->name, "Content-Type") == 0)
      return item;
  }
  return NULL;
}

static int put_body(credence_request *request, const struct plan *plan, const struct item *media_type,
                    credence_error **error)
{
  const char *type = media_type ? media_type->value : NULL;

  if (plan->body_file->file >= 0)
    return credence_request_set_body_reader(request, body_file_read, plan->body_file, plan->body_file->size,
                                            type, error);
  if (!plan->body)
    return CREDENCE_OK;
  if (!media_type && member_count(&plan->items) > 0)
    return credence_request_set_json(request, plan->body, error);
  return credence_request_set_body(request, plan->body, plan->size, type, error);
}

static int put_item(credence_request *request, const struct plan *plan, const struct item *item,
                    credence_error **error)
{
  if (item->kind == ITEM_QUERY)
    return credence_request_add_query(request, item->name, item->value, error);
  if (item->kind == ITEM_HEADER)
    return credence_request_add_header(request, item->name, item->value, error);
  if (item->kind == ITEM_STRING && plan->form)
    return credence_request_add_form(request, item->name, item->value, error);
  return CREDENCE_OK; /* part of the body */
}

static int fill_request(credence_request *request, const struct plan *plan, const char *nonce,
                        credence_error **error)
{
  const struct item *media_type = find_media_type(plan);
  int code = put_body(request, plan, media_type, error);

  for (size_t i = 0; i < plan->items.count && code == CREDENCE_OK; i++)
    if (&plan->items.items[i] != media_type)
      code = put_item(request, plan, &plan->items.items[i], error);
  if (code == CREDENCE_OK && plan->has_time)
    code = credence_request_set_time(request, plan->time, error);
  if (code == CREDENCE_OK && nonce)
    code = credence_request_set_nonce(request, nonce, error);
  return code;
}

void request_tell_untraced(const struct session *session, const struct arguments *arguments,
                           const struct built_request *built)
{
  if (option_value(arguments, "trace") && !built->traced)
    notice(session, "nothing to trace: the provider signs no text, or does not tell it");
}

/* Each line of the text indented.  Where something had to be escaped the label
 * says so, and a backslash is written twice. */
static void print_trace(void *userdata, const char *label, const char *text, size_t size)
{
  bool escaped = false;

  *(bool *)userdata = true;
  for (size_t i = 0, line; i < size && !escaped; i += line + 1) {
    const char *end = memchr(text + i, '\n', size - i);

    line = end ? (size_t)(end - (text + i)) : size - i;
    escaped = needs_escape(text + i, line);
  }
  put_escaped(stderr, label, strlen(label));
  fputs(escaped ? " (escaped):\n  " : ":\n  ", stderr);
  for (size_t i = 0, step; i < size; i += step) {
    step = text_step(text + i, size - i);
    if (step == 0)
      step = 1;
    if (text[i] == '\n')
      fputs("\n  ", stderr);
    else if (text[i] == '\\' && escaped)
      fputs("\\\\", stderr);
    else
      put_escaped(stderr, text + i, step);
  }
  fputc('\n', stderr);
}

int request_build(const struct session *session, const struct arguments *arguments,
                  struct built_request *ret_built)
{
  struct plan plan = {.body_file = &ret_built->body_file};
  credence_error *error = NULL;
  int code;

  *ret_built = (struct built_request){0};
  body_file_init(&ret_built->body_file);
  code = plan_make(arguments, &plan);
  if (code != EXIT_DONE)
    goto out;
  code = credence_profile_open(session->context, arguments->operands[0], &ret_built->profile, &error);
  if (code == CREDENCE_OK)
    code = credence_request_new(ret_built->profile, plan_method(&plan), plan.words.target,
                                &ret_built->request, &error);
  if (code == CREDENCE_OK)
    code = fill_request(ret_built->request, &plan, option_value(arguments, "nonce"), &error);
  if (code != CREDENCE_OK)
    code = complain_library(code, &error);
  else if (option_value(arguments, "trace"))
    credence_request_set_trace(ret_built->request, print_trace, &ret_built->traced);
out:
  plan_clear(&plan);
  return code;
}

void request_clear(struct built_request *built)
{
  credence_request_free(&built->request);
  credence_profile_free(&built->profile);
  body_file_clear(&built->body_file);
}

int request_complain(const struct built_request *built, int code, credence_error **error)
{
  if (!body_file_complain(&built->body_file))
    return complain_library(code, error);
  credence_error_free(error);
  return EXIT_FAILED;
}
