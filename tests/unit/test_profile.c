/* SPDX-License-Identifier: BSD-3-Clause */
/* Profiles as files.  Breaks when a line that is not understood is passed over,
 * when a profile is looked for in the wrong order, or when a rule lets a request
 * through that it does not name. */
#include "testing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "paths.h"
#include "profile.h"
#include "profile-file.h"

static struct sandbox sandbox;

static int start(void **state)
{
  (void)state;
  sandbox_open(&sandbox);
  return 0;
}

static int stop(void **state)
{
  (void)state;
  sandbox_close(&sandbox);
  return 0;
}

#define HEAD "[profile]\nstack = 6connect\nendpoint = https://a.example/api\nkeyring = file\n"

static void expect_bad(const char *text, int code, const char *words)
{
  credence_profile *profile = NULL;
  credence_error *error = NULL;
  sandbox_profile(&sandbox, "bad", text);
  int r = credence_profile_open(NULL, "bad", &profile, &error);
  assert_non_null(strstr(credence_error_message(error), "bad.conf")); /* it says which file */
  expect_error(r, code, &error, words);
  assert_null(profile);
}

static void all_that_can_be_said(void **state)
{
  credence_profile *p = NULL;
  credence_error *error = NULL;
  const char *provider = NULL;
  const char *name = NULL;
  const char *value = NULL;
  unsigned flags = 0;
  (void)state;
  sandbox_profile(
      &sandbox, "good",
      "[profile]\nstack = 6connect  bearer\nendpoint = http://a.example:8080/api/\nkeyring = file\n"
      "allow = GET /api/*\nallow = * /x\n[6connect]\napi_key = K-1\nhash_parameter = sig\n");
  expect_ok(credence_profile_open(NULL, "good", &p, &error), &error);
  assert_string_equal(credence_profile_name(p), "good");
  assert_string_equal(credence_profile_endpoint(p), "http://a.example:8080/api/");
  assert_string_equal(credence_profile_keyring(p), "file");
  assert_string_equal(credence_profile_path(p),
                      sandbox_path(&sandbox, ".config/credence/profiles/good.conf"));
  assert_string_equal(credence_profile_provider(p, 0), "6connect");
  assert_string_equal(credence_profile_provider(p, 1), "bearer");
  assert_null(credence_profile_provider(p, 2));
  assert_string_equal(credence_profile_allow(p, 0), "GET /api/*");
  assert_string_equal(credence_profile_allow(p, 1), "* /x");
  assert_null(credence_profile_allow(p, 2));
  assert_int_equal(credence_profile_field(p, 0, &provider, &name, &value, &flags), 0);
  assert_string_equal(name, "api_key");
  assert_string_equal(value, "K-1");
  assert_int_equal(credence_profile_field(p, 1, &provider, &name, &value, &flags), 0);
  assert_string_equal(name, "secret_key");
  assert_null(value);
  assert_true(flags & CREDENCE_FIELD_SECRET);
  assert_int_equal(credence_profile_field(p, 2, &provider, &name, &value, &flags), 0);
  assert_string_equal(value, "apiKey"); /* the default */
  assert_int_equal(credence_profile_field(p, 4, &provider, &name, &value, &flags), 0);
  assert_string_equal(provider, "bearer");
  assert_string_equal(name, "token");
  assert_int_equal(credence_profile_field(p, 5, &provider, &name, &value, &flags), CREDENCE_E_NOT_FOUND);
  credence_profile_free(&p);
  assert_null(p);
  credence_profile_free(&p);
  credence_profile_free(NULL);
}

static void what_is_not_understood(void **state)
{
  (void)state;
  expect_bad("", CREDENCE_E_MALFORMED, "has no stack");
  expect_bad("[profile]\nkeyring = file\n", CREDENCE_E_MALFORMED, "has no stack");
  expect_bad("[profile]\nkeyring = file\nstack =\n", CREDENCE_E_MALFORMED, "stack is empty");
  expect_bad("[profile]\nkeyring = file\nstack = 6connect\n", CREDENCE_E_MALFORMED, "has no endpoint");
  expect_bad("[profile]\nstack = 6connect\nendpoint = https://a.example/\n", CREDENCE_E_MALFORMED, "keyring");
  expect_bad(HEAD "allows = GET /x\n", CREDENCE_E_MALFORMED, ":5: unknown name allows in [profile]");
  expect_bad(HEAD "Allow = GET /x\n", CREDENCE_E_MALFORMED, ":5: unknown name Allow in [profile]");
  expect_bad(HEAD "[profiles]\nallow = GET /x\n", CREDENCE_E_MALFORMED, "unknown: allow in [profiles]");
  expect_bad("allow = GET /x\n" HEAD, CREDENCE_E_MALFORMED, "unknown: allow in []");
  expect_bad(HEAD "[bearer]\nx = y\n", CREDENCE_E_MALFORMED, "unknown: x in [bearer]");
  expect_bad(HEAD "[6connect]\nx = y\n", CREDENCE_E_MALFORMED, "provider 6connect has no field x");
  expect_bad(HEAD "endpoint = https://b.example/\n", CREDENCE_E_MALFORMED, ":5: endpoint is given twice");
  expect_bad(HEAD "[6connect]\napi_key = a\n[profile]\nkeyring = x\n", CREDENCE_E_MALFORMED,
             "keyring is given twice");
  expect_bad(HEAD "  allow = GET /x\n", CREDENCE_E_MALFORMED, ":5: a line that is indented");
  expect_bad(HEAD "allow = /x\n", CREDENCE_E_MALFORMED, "this is not a rule: /x");
  expect_bad(HEAD "allow = GET x\n", CREDENCE_E_MALFORMED, "this is not a rule");
  expect_bad(HEAD "[6connect]\napi_key = a b\n", CREDENCE_E_INVALID, "the value of api_key");
  expect_bad(HEAD "[profile] x\n", CREDENCE_E_MALFORMED, ":5: something stands behind");
}

/* A secret in the file is refused, and not shown. */
static void secrets_do_not_belong_there(void **state)
{
  credence_profile *profile = NULL;
  credence_error *error = NULL;
  (void)state;
  sandbox_profile(&sandbox, "bad", HEAD "[6connect]\nsecret_key = hunter2\n");
  int r = credence_profile_open(NULL, "bad", &profile, &error);
  assert_null(strstr(credence_error_message(error), "hunter2"));
  expect_error(r, CREDENCE_E_REFUSED, &error, "the secret secret_key stands in the file");
}

static void endpoints(void **state)
{
  (void)state;
  expect_bad("[profile]\nstack = 6connect\nkeyring = file\nendpoint = https://u@a.example/\n",
             CREDENCE_E_REFUSED, "endpoint: the URL has a user name");
  expect_bad("[profile]\nstack = 6connect\nkeyring = file\nendpoint = ftp://a.example/\n", CREDENCE_E_REFUSED,
             "endpoint: ");
  expect_bad("[profile]\nstack = 6connect\nkeyring = file\nendpoint = https://a.example/?x\n",
             CREDENCE_E_INVALID, "endpoint: the endpoint has a query");
}

static void stacks(void **state)
{
  credence_profile *p = NULL;
  credence_error *error = NULL;
  (void)state;
  expect_bad("[profile]\nstack = bearer bearer\nkeyring = file\nendpoint = https://a.example/\n",
             CREDENCE_E_MALFORMED, "bearer is in the stack twice");
  sandbox_profile(&sandbox, "bad",
                  "[profile]\nstack = nonesuch\nkeyring = file\nendpoint = https://a.example/\n");
  expect_error(credence_profile_open(NULL, "bad", &p, &error), CREDENCE_E_NOT_FOUND, &error,
               "no provider nonesuch");
  sandbox_profile(&sandbox, "bad",
                  "[profile]\nstack = ../x\nkeyring = file\nendpoint = https://a.example/\n");
  expect_error(credence_profile_open(NULL, "bad", &p, &error), CREDENCE_E_INVALID, &error, "../x");
  char text[1024] = "[profile]\nkeyring = file\nendpoint = https://a.example/\nstack =";
  for (int i = 0; i < 9; i++) {
    char name[16];
    snprintf(name, sizeof(name), "p%d", i);
    sandbox_provider(&sandbox, name, "[provider]\ntitle = T\nmodule = m.so\nprovider = p\n");
    size_t used = strlen(text);
    snprintf(text + used, sizeof(text) - used, " %s", name);
  }
  expect_bad(text, CREDENCE_E_TOO_LARGE, "more than 8 providers");
  text[strlen(text) - 3] = '\0';
  sandbox_profile(&sandbox, "eight", text);
  expect_ok(credence_profile_open(NULL, "eight", &p, &error), &error);
  credence_profile_free(&p);
}

static void write_file(const char *folder, const char *name, const char *text)
{
  char path[600];
  credence_error *error = NULL;
  expect_ok(path_make_folder(folder, &error), &error);
  snprintf(path, sizeof(path), "%s/%s.conf", folder, name);
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  fputs(text, file);
  fclose(file);
  chmod(path, 0600);
}

static void remove_file(const char *folder, const char *name)
{
  char path[600];
  snprintf(path, sizeof(path), "%s/%s.conf", folder, name);
  assert_int_equal(unlink(path), 0);
}

static void expect_keyring(const char *name, const char *keyring, int is_user)
{
  struct profile_file file;
  credence_error *error = NULL;
  expect_ok(profile_file_read(name, &file, &error), &error);
  assert_string_equal(profile_file_get(&file, "profile", "keyring", 0), keyring);
  assert_int_equal(file.is_user, is_user);
  profile_file_clear(&file);
}

/* The user's, then the administrator's, then the distributor's. */
static void search_order(void **state)
{
  struct profile_folders folders;
  credence_profile *p = NULL;
  credence_error *error = NULL;
  char name[40];
  (void)state;
  profile_folders_get(&folders);
  snprintf(name, sizeof(name), "order-%ld", (long)getpid()); /* these folders are shared by all tests */
  write_file(folders.system[1], name, "[profile]\nkeyring = dist\n");
  expect_keyring(name, "dist", 0);
  write_file(folders.system[0], name, "[profile]\nkeyring = admin\n");
  expect_keyring(name, "admin", 0);
  sandbox_profile(&sandbox, name, "[profile]\nkeyring = user\n");
  expect_keyring(name, "user", 1);
  /* One that cannot be used is an error, not a reason to look further. */
  sandbox_profile(&sandbox, name, "nonsense\n");
  expect_error(credence_profile_open(NULL, name, &p, &error), CREDENCE_E_MALFORMED, &error, "neither");
  sandbox_profile(&sandbox, name, "[profile]\n");
  chmod(sandbox_path(&sandbox, ".config/credence/profiles"), 0777);
  expect_error(credence_profile_open(NULL, name, &p, &error), CREDENCE_E_REFUSED, &error,
               "written by everybody");
  remove_file(folders.system[0], name);
  remove_file(folders.system[1], name);
  free(folders.user);
}

static void folders_of_the_user(void **state)
{
  struct profile_folders folders;
  (void)state;
  setenv("XDG_CONFIG_HOME", "/xdg", 1);
  profile_folders_get(&folders);
  assert_string_equal(folders.user, "/xdg/credence/profiles");
  free(folders.user);
  setenv("XDG_CONFIG_HOME", "relative", 1); /* to be ignored, says the XDG specification */
  profile_folders_get(&folders);
  assert_string_equal(folders.user, sandbox_path(&sandbox, ".config/credence/profiles"));
  free(folders.user);
  unsetenv("XDG_CONFIG_HOME");
  unsetenv("HOME");
  profile_folders_get(&folders);
  assert_null(folders.user);
}

static void names(void **state)
{
  static const char *const bad[] = {"", "../x", "a/b", ".x", "-x", "a b", "x\n", "\xc3\xa9"};
  credence_profile *p = NULL;
  credence_error *error = NULL;
  (void)state;
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
    expect_error(credence_profile_open(NULL, bad[i], &p, &error), CREDENCE_E_INVALID, &error,
                 "name of a profile");
  expect_error(credence_profile_open(NULL, "none", &p, &error), CREDENCE_E_NOT_FOUND, &error,
               "no profile none");
}

static void a_large_file(void **state)
{
  credence_profile *p = NULL;
  credence_error *error = NULL;
  char *text = malloc(70000);
  (void)state;
  memset(text, '#', 69999);
  text[69999] = '\0';
  sandbox_profile(&sandbox, "large", text);
  expect_error(credence_profile_open(NULL, "large", &p, &error), CREDENCE_E_TOO_LARGE, &error, "large.conf");
  free(text);
}

/* --- rules ------------------------------------------------------------------- */

static int allows(const char *rule, const char *method, const char *path)
{
  struct credence_profile profile = {.name = (char *)(size_t) "x", .allow_count = 1};
  profile.allow[0] = (char *)(size_t)rule;
  return profile_check_allowed(&profile, method, path, strlen(path), NULL) == 0;
}

static void rules(void **state)
{
  (void)state;
  assert_true(allows("GET /a", "GET", "/a"));
  assert_false(allows("GET /a", "POST", "/a"));
  assert_false(allows("GET /a", "get", "/a"));
  assert_false(allows("GET /a", "GET", "/a/"));
  assert_false(allows("GET /a", "GET", "/ab"));
  assert_false(allows("GET /a", "GET", "/A"));
  assert_false(allows("GET /a", "GET", "/%61")); /* as sent */
  assert_true(allows("GET /a/*", "GET", "/a/"));
  assert_true(allows("GET /a/*", "GET", "/a/b/c"));
  assert_false(allows("GET /a/*", "GET", "/a"));
  assert_false(allows("GET /a/*", "GET", "/b/a/"));
  assert_true(allows("* /a", "DELETE", "/a"));
  assert_true(allows("P* /a", "PUT", "/a"));
  assert_false(allows("P* /a", "GET", "/a"));
  assert_true(allows("GET *", "GET", "/anything"));
  assert_true(allows("GET /*/x/*.json", "GET", "/a/b/x/c.json"));
  assert_false(allows("GET /*/x/*.json", "GET", "/a/b/x/c.xml"));
  assert_true(allows("GET /a*b*c", "GET", "/aXbYbZc"));
  assert_true(allows("GET   /a", "GET", "/a"));
  /* Not about requests: with this alone there are no rules. */
  assert_true(allows("exec", "DELETE", "/a/../b"));
}

/* What a server may resolve to a path that the rule did not mean. */
static void rules_and_crooked_paths(void **state)
{
  static const char *const bad[] = {"/a/../b",   "/a/..",     "/a/./b",          "/a/%2e%2e/b", "/a/.%2E/b",
                                    "/a/%2e/b",  "/a/b%2fc",  "/a/b%2Fc",        "/a/b%5cc",    "/a/%5C",
                                    "/..",       "/a/%2e%2e", "/a/..;/b",        "/a/b;.c",     "/a/b%3b.c",
                                    "/a/b%00.c", "/a/b%0a",   "/a/b%7F",         "/a/b%3f.c",   "/a/b%23.c",
                                    "/a/%c0%ae", "/a/%C1%9c", "/a/%252e%252e/b", "/a%252fb"};
  (void)state;
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
    assert_false(allows("GET /*", "GET", bad[i]));
  assert_true(allows("GET /*", "GET", "/a/...")); /* a name like any other */
  assert_true(allows("GET /*", "GET", "/a/..b"));
  assert_true(allows("GET /*", "GET", "/a%2eb"));
  assert_true(allows("GET /*", "GET", "/a%20b/%C3%A9"));
  assert_true(allows("GET /*", "GET", "/100%25"));
  assert_true(allows("GET /*", "GET", "/100%25x"));
  assert_true(allows("GET /*", "GET", "/a//b"));
}

static void rules_that_are_none(void **state)
{
  static const char *const bad[] = {"",         " ",      "GET",     "GET ", " /x",     "/x",   "GET x",
                                    "GET /a b", "G/T /x", "GET\t/x", "EXEC", "exec /x", "exec "};
  (void)state;
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
    assert_false(allow_rule_is_valid(bad[i]));
  assert_true(allow_rule_is_valid("GET /x"));
  assert_true(allow_rule_is_valid("* *"));
  assert_true(allow_rule_is_valid("exec"));
  assert_true(allow_rule_is_valid("M-SEARCH /"));
}

/* A pattern of many stars must not take for ever. */
static void rules_are_quick(void **state)
{
  char path[4001] = "/";
  (void)state;
  memset(path + 1, 'a', 3999);
  alarm(30);
  assert_false(allows("GET *a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b", "GET", path));
  alarm(0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(all_that_can_be_said, start, stop),
      cmocka_unit_test_setup_teardown(what_is_not_understood, start, stop),
      cmocka_unit_test_setup_teardown(secrets_do_not_belong_there, start, stop),
      cmocka_unit_test_setup_teardown(endpoints, start, stop),
      cmocka_unit_test_setup_teardown(stacks, start, stop),
      cmocka_unit_test_setup_teardown(search_order, start, stop),
      cmocka_unit_test_setup_teardown(folders_of_the_user, start, stop),
      cmocka_unit_test_setup_teardown(names, start, stop),
      cmocka_unit_test_setup_teardown(a_large_file, start, stop),
      cmocka_unit_test(rules),
      cmocka_unit_test(rules_and_crooked_paths),
      cmocka_unit_test(rules_that_are_none),
      cmocka_unit_test(rules_are_quick),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
