/* SPDX-License-Identifier: BSD-3-Clause */
/* Makes the environment of a command that is given secrets in it. */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "credence.h"
#include "variables.h"

extern char **environ;

static bool is_named(const char *variable, const char *name, size_t size)
{
  return strncmp(variable, name, size) == 0 && variable[size] == '=';
}

static bool is_one_of(const char *const *names, const char *name, size_t size)
{
  for (; *names; names++)
    if (strlen(*names) == size && memcmp(*names, name, size) == 0)
      return true;
  return false;
}

bool variable_name_is_valid(const char *name, size_t size)
{
  static const char *const taken[] = {"PATH", "IFS", "ENV", "BASH_ENV", "HOME", "GLIBC_TUNABLES", NULL};
  static const char bytes[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789";

  if (size == 0 || strspn(name, bytes) < size || (name[0] >= '0' && name[0] <= '9'))
    return false;
  return strncmp(name, "LD_", 3) != 0 && strncmp(name, "CREDENCE_", 9) != 0 && !is_one_of(taken, name, size);
}

static void append(struct variables *variables, char *text)
{
  variables->environment[variables->count++] = text;
  variables->environment[variables->count] = NULL;
}

static void drop(struct variables *variables, const char *name, size_t size)
{
  size_t kept = 0;

  for (size_t i = 0; i < variables->count; i++)
    if (!is_named(variables->environment[i], name, size))
      variables->environment[kept++] = variables->environment[i];
  variables->environment[kept] = NULL;
  variables->count = kept;
}

const char *const passphrase_variables[] = {"CREDENCE_PASSPHRASE_FD", "CREDENCE_EXPORT_PASSPHRASE_FD", NULL};

int variables_init(struct variables *ret_variables, size_t room)
{
  size_t count = 0;

  while (environ[count])
    count++;
  *ret_variables = (struct variables){
      .environment = calloc(count + room + 1, sizeof *ret_variables->environment),
      .values = calloc(room + 1, sizeof *ret_variables->values),
  };
  if (!ret_variables->environment || !ret_variables->values)
    return CREDENCE_E_NOMEM;
  for (size_t i = 0; i < count; i++)
    append(ret_variables, environ[i]);
  for (size_t i = 0; passphrase_variables[i]; i++)
    drop(ret_variables, passphrase_variables[i], strlen(passphrase_variables[i]));
  return CREDENCE_OK;
}

void variables_clear(struct variables *variables)
{
  for (size_t i = 0; i < variables->value_count; i++)
    safe_buffer_free(&variables->values[i]);
  free(variables->values);
  free(variables->environment);
  *variables = (struct variables){0};
}

static void put(struct safe_buffer *buffer, const char *text, size_t size)
{
  memcpy(buffer->data + buffer->size, text, size);
  buffer->size += size;
}

/* "NAME=" with room for a value and a NUL behind it; a variable of that name is gone. */
static int begin(struct variables *variables, const char *name, size_t name_size, size_t room)
{
  struct safe_buffer *value = &variables->values[variables->value_count];

  if (safe_buffer_new(value, name_size + room + 2) != CREDENCE_OK)
    return CREDENCE_E_NOMEM;
  variables->value_count++;
  drop(variables, name, name_size);
  put(value, name, name_size);
  put(value, "=", 1);
  append(variables, value->data);
  return CREDENCE_OK;
}

int variables_set_from(struct variables *variables, const char *name, size_t name_size, int descriptor)
{
  struct stat status;
  struct safe_buffer *value = &variables->values[variables->value_count];
  size_t size;

  if (fstat(descriptor, &status) < 0 || status.st_size < 0)
    return CREDENCE_E_FAILED;
  size = (size_t)status.st_size;
  if (begin(variables, name, name_size, size) != CREDENCE_OK)
    return CREDENCE_E_NOMEM;
  if (pread(descriptor, value->data + value->size, size, 0) != (ssize_t)size)
    return CREDENCE_E_FAILED;
  return memchr(value->data + value->size, '\0', size) ? CREDENCE_E_INVALID : CREDENCE_OK;
}

int variables_set_text(struct variables *variables, const char *name, size_t name_size, const char *text)
{
  struct safe_buffer *value = &variables->values[variables->value_count];
  int code = begin(variables, name, name_size, strlen(text));

  if (code == CREDENCE_OK)
    put(value, text, strlen(text));
  return code;
}
