/* SPDX-License-Identifier: BSD-3-Clause */
/* Takes the command line apart by the tables that the commands give. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "options.h"
#include "output.h"

struct parser {
  struct arguments *result;
  char **words;
  size_t count;
  size_t next;
};

static const struct option_spec *find_long(const struct option_spec *table, const char *name, size_t size)
{
  for (; table && table->name; table++)
    if (strlen(table->name) == size && memcmp(table->name, name, size) == 0)
      return table;
  return NULL;
}

static const struct option_spec *find_letter(const struct option_spec *table, char letter)
{
  for (; table && table->name; table++)
    if (table->letter && table->letter == letter)
      return table;
  return NULL;
}

static const struct command *find_command(const char *name)
{
  for (size_t i = 0; commands[i]; i++)
    if (strcmp(commands[i]->name, name) == 0)
      return commands[i];
  return NULL;
}

static int add_option(struct parser *parser, const struct option_spec *spec, const char *value)
{
  struct arguments *result = parser->result;

  if (!spec->value && value)
    return usage_error(result->command, "--%s takes no value", spec->name);
  if (spec->value && !value) {
    if (parser->next == parser->count)
      return usage_error(result->command, "--%s needs a value: --%s=%s", spec->name, spec->name, spec->value);
    value = parser->words[parser->next++];
  }
  result->options[result->option_count++] = (struct given_option){spec, value ? value : ""};
  return EXIT_DONE;
}

/* Only the name of an unknown option is shown: its value may be a secret. */
static int parse_long(struct parser *parser, const char *word)
{
  const struct command *command = parser->result->command;
  const char *name = word + 2;
  size_t size = strcspn(name, "=");
  const struct option_spec *spec = find_long(global_options, name, size);

  if (!spec && command)
    spec = find_long(command->options, name, size);
  if (!spec)
    return usage_error(command, "unknown option --%.*s", (int)(size > 40 ? 40 : size), name);
  return add_option(parser, spec, name[size] == '=' ? name + size + 1 : NULL);
}

static int parse_letters(struct parser *parser, const char *word)
{
  const struct command *command = parser->result->command;

  for (const char *letter = word + 1; *letter; letter++) {
    const struct option_spec *spec = find_letter(global_options, *letter);
    int code;

    if (!spec && command)
      spec = find_letter(command->options, *letter);
    if (!spec)
      return usage_error(command, "unknown option -%c; write -- in front of operands that begin with -",
                         *letter);
    code = add_option(parser, spec, NULL);
    if (code)
      return code;
  }
  return EXIT_DONE;
}

static int parse_operand(struct parser *parser, const char *word)
{
  struct arguments *result = parser->result;

  if (result->command) {
    result->operands[result->operand_count++] = word;
    return EXIT_DONE;
  }
  result->command = find_command(word);
  if (!result->command)
    return usage_error(NULL, "unknown command %.40s", word);
  return EXIT_DONE;
}

int arguments_parse(int argc, char **argv, struct arguments *ret_arguments)
{
  struct parser parser = {.result = ret_arguments, .words = argv, .count = (size_t)argc, .next = 1};
  bool options_ended = false;
  int code = EXIT_DONE;

  *ret_arguments = (struct arguments){0};
  ret_arguments->operands = calloc((size_t)argc + 1, sizeof *ret_arguments->operands);
  ret_arguments->options = calloc((size_t)argc + 1, sizeof *ret_arguments->options);
  if (!ret_arguments->operands || !ret_arguments->options)
    return out_of_memory();
  while (code == EXIT_DONE && parser.next < parser.count) {
    const char *word = parser.words[parser.next++];

    if (options_ended || word[0] != '-' || word[1] == '\0')
      code = parse_operand(&parser, word);
    else if (strcmp(word, "--") == 0) {
      options_ended = true;
      ret_arguments->operands_before = ret_arguments->operand_count;
    } else if (word[1] == '-')
      code = parse_long(&parser, word);
    else
      code = parse_letters(&parser, word);
  }
  if (!options_ended)
    ret_arguments->operands_before = ret_arguments->operand_count;
  return code;
}

void arguments_clear(struct arguments *arguments)
{
  free(arguments->operands);
  free(arguments->options);
  *arguments = (struct arguments){0};
}

int arguments_check_count(const struct arguments *arguments)
{
  const struct command *command = arguments->command;

  if (arguments->operand_count < command->least_operands)
    return usage_error(command, "too few operands: %s is expected", command->operands);
  if (arguments->operand_count > command->most_operands)
    return usage_error(command, "too many operands: %s expected",
                       *command->operands ? command->operands : "none is");
  return EXIT_DONE;
}

const char *option_next(const struct arguments *arguments, const char *name, size_t *index)
{
  while (*index < arguments->option_count) {
    const struct given_option *option = &arguments->options[(*index)++];

    if (strcmp(option->spec->name, name) == 0)
      return option->value;
  }
  return NULL;
}

const char *option_value(const struct arguments *arguments, const char *name)
{
  const char *value = NULL, *next;
  size_t index = 0;

  while ((next = option_next(arguments, name, &index)))
    value = next;
  return value;
}

/* Append one decimal digit. */
static bool push_digit(int64_t *number, char digit)
{
  if (*number > (INT64_MAX - 9) / 10)
    return false;
  *number = *number * 10 + (digit - '0');
  return true;
}

static bool is_digit(char c)
{
  return c >= '0' && c <= '9';
}

bool parse_decimal(const char *text, unsigned decimals, int64_t *ret_scaled)
{
  int64_t number = 0;

  if (!is_digit(*text))
    return false;
  for (; is_digit(*text); text++)
    if (!push_digit(&number, *text))
      return false;
  if (*text == '.' && !is_digit(*++text))
    return false;
  for (; decimals > 0; decimals--)
    if (!push_digit(&number, is_digit(*text) ? *text++ : '0'))
      return false;
  while (is_digit(*text))
    text++;
  if (*text)
    return false;
  *ret_scaled = number;
  return true;
}
