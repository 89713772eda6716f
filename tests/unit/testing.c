/* SPDX-License-Identifier: BSD-3-Clause */
/* testing.c - what the unit tests of the core share; see testing.h */
#include "config.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "context.h"
#include "testing.h"

const char *sandbox_path(const struct sandbox *sandbox, const char *name)
{
  static char paths[8][512];
  static unsigned next;
  char *path = paths[next++ % 8];
  snprintf(path, sizeof(paths[0]), "%s/%s", sandbox->root, name);
  return path;
}

static void make_folders(const struct sandbox *sandbox, const char *name)
{
  char path[512];
  snprintf(path, sizeof(path), "%s/%s", sandbox->root, name);
  for (char *slash = strchr(path + strlen(sandbox->root) + 1, '/'); slash != NULL;
       slash = strchr(slash + 1, '/')) {
    *slash = '\0';
    (void)mkdir(path, 0700);
    *slash = '/';
  }
}

void sandbox_write(const struct sandbox *sandbox, const char *name, const char *text)
{
  make_folders(sandbox, name);
  FILE *file = fopen(sandbox_path(sandbox, name), "w");
  assert_non_null(file);
  assert_true(fputs(text, file) >= 0);
  assert_int_equal(fclose(file), 0);
  assert_int_equal(chmod(sandbox_path(sandbox, name), 0600), 0);
}

char *sandbox_read(const struct sandbox *sandbox, const char *name)
{
  FILE *file = fopen(sandbox_path(sandbox, name), "r");
  if (file == NULL)
    return NULL;
  char *text = calloc(1, 65536);
  assert_non_null(text);
  text[fread(text, 1, 65535, file)] = '\0';
  fclose(file);
  return text;
}

void sandbox_open(struct sandbox *sandbox)
{
  static const char *const unset[] = {"XDG_CONFIG_HOME",          "XDG_DATA_HOME",
                                      "XDG_STATE_HOME",           "XDG_RUNTIME_DIR",
                                      "DBUS_SESSION_BUS_ADDRESS", "CREDENCE_PASSPHRASE_FD"};
  snprintf(sandbox->root, sizeof(sandbox->root), "/tmp/credence-unit-XXXXXX");
  assert_non_null(mkdtemp(sandbox->root));
  for (size_t i = 0; i < sizeof(unset) / sizeof(unset[0]); i++)
    unsetenv(unset[i]);
  sandbox_write(sandbox, "passphrase", "correct horse\n");
  setenv("HOME", sandbox->root, 1);
  setenv("CREDENCE_PASSPHRASE_FILE", sandbox_path(sandbox, "passphrase"), 1);
  /* The context behind NULL: the file keyring's key derivation takes its time on a
   * machine that is busy with other tests. */
  credence_context_set_timeout(context_or_default(NULL), 60000);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *where)
{
  (void)st;
  (void)type;
  (void)where;
  return remove(path);
}

void sandbox_close(struct sandbox *sandbox)
{
  assert_int_equal(nftw(sandbox->root, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

void sandbox_profile(const struct sandbox *sandbox, const char *name, const char *text)
{
  char path[256];
  snprintf(path, sizeof(path), ".config/credence/profiles/%s.conf", name);
  sandbox_write(sandbox, path, text);
}

void sandbox_provider(const struct sandbox *sandbox, const char *name, const char *text)
{
  char path[256];
  snprintf(path, sizeof(path), ".local/share/credence/providers/%s.provider", name);
  sandbox_write(sandbox, path, text);
}

void sandbox_add(const char *name, const char *provider, const char *endpoint, const char *secret_field,
                 const char *secret, const char *const *fields)
{
  credence_draft *draft = NULL;
  credence_error *error = NULL;
  expect_ok(credence_draft_new(NULL, name, provider, &draft, &error), &error);
  expect_ok(credence_draft_set_keyring(draft, "file", &error), &error);
  if (endpoint != NULL)
    expect_ok(credence_draft_set_endpoint(draft, endpoint, &error), &error);
  for (; fields != NULL && fields[0] != NULL; fields += 2)
    expect_ok(credence_draft_set_field(draft, fields[0], fields[1], &error), &error);
  if (secret_field != NULL)
    expect_ok(credence_draft_set_secret(draft, secret_field, secret, strlen(secret), &error), &error);
  expect_ok(credence_draft_save(draft, &error), &error);
  credence_draft_free(&draft);
}

void expect_ok(int result, credence_error **error)
{
  if (result != 0)
    print_error("%d: %s (%s)\n", result, credence_error_message(*error), credence_error_remedy(*error));
  assert_int_equal(result, 0);
  assert_null(*error);
}

void expect_error(int result, int code, credence_error **error, const char *words)
{
  if (result != code || credence_error_code(*error) != code ||
      strstr(credence_error_message(*error), words) == NULL)
    print_error("%d instead of %d, \"%s\" instead of \"%s\"\n", result, code, credence_error_message(*error),
                words);
  assert_int_equal(result, code);
  assert_int_equal(credence_error_code(*error), code);
  assert_non_null(strstr(credence_error_message(*error), words));
  for (const char *c = credence_error_message(*error); *c != '\0'; c++)
    assert_true((unsigned char)*c >= 0x20 && *c != 0x7f);
  credence_error_free(error);
}

uint32_t dice(uint32_t *state, uint32_t sides)
{
  *state = *state * 1664525u + 1013904223u;
  return (uint32_t)(((uint64_t)*state * sides) >> 32);
}

credence_profile *open_profile(const char *name)
{
  credence_profile *profile = NULL;
  credence_error *error = NULL;
  expect_ok(credence_profile_open(NULL, name, &profile, &error), &error);
  return profile;
}

credence_request *build(credence_profile *profile, const char *method, const char *target)
{
  credence_request *request = NULL;
  credence_error *error = NULL;
  expect_ok(credence_request_new(profile, method, target, &request, &error), &error);
  return request;
}

void sign(credence_request *request)
{
  credence_error *error = NULL;
  expect_ok(credence_request_sign(request, &error), &error);
}

const char *header_of(const credence_request *request, const char *name)
{
  const char *at = NULL;
  const char *value = NULL;
  for (size_t i = 0; credence_request_header(request, i, &at, &value) == 0; i++)
    if (strcasecmp(at, name) == 0)
      return value;
  return NULL;
}
