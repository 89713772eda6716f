/* SPDX-License-Identifier: BSD-3-Clause */
/* Manifests.  Breaks when one that is not understood passes for one that is, or
 * when a manifest can name a module outside the plugins' folder. */
#include "testing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "manifest.h"
#include "paths.h"

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

#define HEAD "[provider]\ntitle = T\nmodule = m.so\nprovider = p\n"

static void expect_bad(const char *text, int code, const char *words)
{
  credence_manifest *manifest = NULL;
  credence_error *error = NULL;
  sandbox_provider(&sandbox, "bad-one", text);
  expect_error(manifest_open("bad-one", 1, &manifest, &error), code, &error, words);
  assert_null(manifest);
}

static void all_that_can_be_said(void **state)
{
  credence_manifest *m = NULL;
  credence_error *error = NULL;
  (void)state;
  sandbox_provider(&sandbox, "good",
                   "# a comment\n[provider]\ntitle = A long\n  title\nhomepage = https://h.example/\n"
                   "module = good-1_2.so\nprovider = p\nabi = 1\nendpoint = https://e.example/\n"
                   "[field a]\nlabel = A label\nhelp = some\n  help\nrequired = yes\npattern = ^[a-z]+$\n"
                   "[field B_2]\nsecret = yes\nrequired = no\n"
                   "[option o]\ndefault = d\n");
  expect_ok(manifest_open("good", 1, &m, &error), &error);
  assert_string_equal(credence_manifest_name(m), "good");
  assert_string_equal(credence_manifest_title(m), "A long title");
  assert_string_equal(credence_manifest_homepage(m), "https://h.example/");
  assert_string_equal(credence_manifest_endpoint(m), "https://e.example/");
  assert_string_equal(credence_manifest_module(m), "good-1_2.so");
  assert_non_null(strstr(credence_manifest_path(m), "/providers/good.provider"));
  assert_int_equal(m->is_user, 1);
  assert_int_equal(credence_manifest_field_count(m), 3);
  assert_string_equal(credence_manifest_field_name(m, 0), "a");
  assert_string_equal(credence_manifest_field_label(m, 0), "A label");
  assert_string_equal(credence_manifest_field_help(m, 0), "some help");
  assert_null(credence_manifest_field_default(m, 0));
  assert_int_equal(credence_manifest_field_flags(m, 0), CREDENCE_FIELD_REQUIRED);
  assert_string_equal(credence_manifest_field_label(m, 1), "B_2");
  assert_string_equal(credence_manifest_field_help(m, 1), "");
  assert_int_equal(credence_manifest_field_flags(m, 1), CREDENCE_FIELD_SECRET);
  assert_string_equal(credence_manifest_field_default(m, 2), "d");
  assert_int_equal(credence_manifest_field_flags(m, 2), CREDENCE_FIELD_OPTION);
  assert_int_equal(manifest_find(m, "o"), 2);
  assert_int_equal(manifest_find(m, "O"), -1);
  credence_manifest_free(&m);
  assert_null(m);
  credence_manifest_free(&m);
  credence_manifest_free(NULL);
}

static void the_least_that_must_be_said(void **state)
{
  credence_manifest *m = NULL;
  credence_error *error = NULL;
  (void)state;
  sandbox_provider(&sandbox, "least", HEAD);
  expect_ok(manifest_open("least", 1, &m, &error), &error);
  assert_string_equal(credence_manifest_homepage(m), "");
  assert_null(credence_manifest_endpoint(m));
  assert_int_equal(credence_manifest_field_count(m), 0);
  credence_manifest_free(&m);
}

static void what_is_not_understood(void **state)
{
  (void)state;
  expect_bad("", CREDENCE_E_MALFORMED, "needs title, module and provider");
  expect_bad("[provider]\ntitle = T\nmodule = m.so\n", CREDENCE_E_MALFORMED, "needs title");
  expect_bad(HEAD "colour = red\n", CREDENCE_E_MALFORMED, ":5: unknown key colour");
  expect_bad(HEAD "title = U\n", CREDENCE_E_MALFORMED, ":5: given twice");
  expect_bad(HEAD "[more]\na = b\n", CREDENCE_E_MALFORMED, ":6: unknown section [more]");
  expect_bad("a = b\n" HEAD, CREDENCE_E_MALFORMED, ":1: unknown section []");
  expect_bad(HEAD "[field a]\ncolour = red\n", CREDENCE_E_MALFORMED, ":6: unknown key colour");
  expect_bad(HEAD "[field a]\nlabel = 1\nlabel = 2\n", CREDENCE_E_MALFORMED, ":7: given twice");
  expect_bad(HEAD "[field a b]\nlabel = 1\n", CREDENCE_E_MALFORMED, "letters, digits and _");
  expect_bad(HEAD "[field a.b]\nlabel = 1\n", CREDENCE_E_MALFORMED, "letters, digits and _");
  expect_bad(HEAD "[field ]\nlabel = 1\n", CREDENCE_E_MALFORMED, "letters, digits and _");
  expect_bad(HEAD "[field a]\nsecret = true\n", CREDENCE_E_MALFORMED, "yes or no");
  expect_bad(HEAD "[field a]\nrequired = YES\n", CREDENCE_E_MALFORMED, "yes or no");
  expect_bad(HEAD "[field a]\npattern = (\n", CREDENCE_E_MALFORMED, "the pattern of a");
  expect_bad(HEAD "[field a]\nsecret = yes\ndefault = x\n", CREDENCE_E_MALFORMED,
             "the secret a has a default or a pattern");
  expect_bad(HEAD "abi = 2\n", CREDENCE_E_UNSUPPORTED, "needs interface 2");
}

static void modules_stay_in_their_folder(void **state)
{
  static const char *const bad[] = {"../m.so", "/m.so", "a/m.so", "m",     "m.so.1",     ".so",
                                    "-m.so",   ".m.so", "m\\.so", "m .so", "\xc3\xa9.so"};
  char text[200];
  (void)state;
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    snprintf(text, sizeof(text), "[provider]\ntitle = T\nprovider = p\nmodule = %s\n", bad[i]);
    expect_bad(text, CREDENCE_E_REFUSED, "module is not a plain file name");
  }
}

#define MODE "[option mode]\ndefault = a\n"

static const char *mode_is(const void *userdata, size_t index)
{
  return index == 0 ? userdata : NULL;
}

static int applies(const credence_manifest *m, const struct field *field, const char *mode)
{
  return manifest_applies(m, field, mode_is, mode);
}

static void fields_that_count_at_times(void **state)
{
  credence_manifest *m = NULL;
  credence_error *error = NULL;
  (void)state;
  sandbox_provider(&sandbox, "when",
                   HEAD MODE "[field always]\nrequired = yes\n"
                             "[field a]\nwhen = mode=a\nsecret = yes\nrequired = yes\n"
                             "[option mode2]\nwhen = mode=b\n[field b]\nwhen = mode2=x\n"
                             "[field unset]\nwhen = mode=\n[field deep]\nwhen = mode=a=b\n");
  expect_ok(manifest_open("when", 1, &m, &error), &error);
  assert_int_equal(applies(m, &m->fields[1], "b"), 1);
  assert_int_equal(applies(m, &m->fields[2], "a"), 1);
  assert_int_equal(applies(m, &m->fields[2], "b"), 0);
  assert_int_equal(applies(m, &m->fields[2], "A"), 0);
  assert_int_equal(applies(m, &m->fields[2], ""), 0);
  assert_int_equal(applies(m, &m->fields[2], NULL), 0);
  assert_int_equal(applies(m, &m->fields[4], "x"), 0); /* mode2 has no value, whatever mode has */
  assert_int_equal(applies(m, &m->fields[5], NULL), 1);
  assert_int_equal(applies(m, &m->fields[5], "a"), 0);
  assert_int_equal(applies(m, &m->fields[6], "a=b"), 1);
  assert_int_equal(applies(m, &m->fields[6], "a"), 0);
  credence_manifest_free(&m);
}

static void what_a_login_yields(void **state)
{
  credence_manifest *m = NULL;
  credence_error *error = NULL;
  (void)state;
  sandbox_provider(&sandbox, "session",
                   HEAD MODE "[field url]\nkind = login-url\ndefault = https://id.example:8443/token\n"
                             "[session token]\nsecret = yes\n"
                             "[session account]\nlabel = The account\nsecret = no\nwhen = mode=b\n");
  expect_ok(manifest_open("session", 1, &m, &error), &error);
  assert_int_equal(credence_manifest_field_count(m), 2); /* a session is no field */
  assert_int_equal(manifest_find(m, "token"), -1);
  assert_int_equal(manifest_find_session(m, "url"), -1);
  assert_int_equal(m->session_count, 2);
  assert_int_equal(manifest_find_session(m, "token"), 0);
  assert_int_equal(m->session[0].flags, CREDENCE_FIELD_SECRET);
  assert_int_equal(manifest_find_session(m, "account"), 1);
  assert_string_equal(m->session[1].label, "The account");
  assert_int_equal(m->session[1].flags, 0);
  assert_int_equal(applies(m, &m->session[1], "b"), 1);
  assert_int_equal(applies(m, &m->session[1], "a"), 0);
  assert_int_equal(m->fields[0].is_login_url, 0);
  assert_int_equal(m->fields[1].is_login_url, 1);
  expect_ok(manifest_check_value(m, 1, "https://other.example/", &error), &error);
  assert_true(manifest_check_value(m, 1, "/token", NULL) < 0);
  assert_true(manifest_check_value(m, 1, "ftp://id.example/", NULL) < 0);
  assert_true(manifest_check_value(m, 1, "https://u:p@id.example/", NULL) < 0);
  assert_true(manifest_check_value(m, 1, "", NULL) < 0);
  credence_manifest_free(&m);
}

static void sessions_that_are_not_understood(void **state)
{
  static const char *const keys[] = {"help = h",    "default = d",      "required = yes",
                                     "pattern = p", "kind = login-url", "lifetime = 60"};
  char text[200];
  (void)state;
  for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
    snprintf(text, sizeof(text), HEAD "[session a]\n%s\n", keys[i]);
    expect_bad(text, CREDENCE_E_MALFORMED, ":6: unknown key ");
  }
  expect_bad(HEAD "[session]\nlabel = x\n", CREDENCE_E_MALFORMED, "unknown section [session]");
  expect_bad(HEAD "[session a b]\nlabel = x\n", CREDENCE_E_MALFORMED, "letters, digits and _");
  expect_bad(HEAD "[session {a}]\nlabel = x\n", CREDENCE_E_MALFORMED, "letters, digits and _");
  expect_bad(HEAD "[session a]\nsecret = perhaps\n", CREDENCE_E_MALFORMED, "yes or no");
  expect_bad(HEAD "[session a]\nlabel = 1\nlabel = 2\n", CREDENCE_E_MALFORMED, ":7: given twice");
  expect_bad(HEAD "[field a]\nlabel = x\n[session a]\nsecret = yes\n", CREDENCE_E_MALFORMED,
             "a is a field and a value of the session");
  expect_bad(HEAD "[session a]\nwhen = mode=a\n", CREDENCE_E_MALFORMED, "when of a names no option");
}

static void conditions_and_kinds_that_are_none(void **state)
{
  static const char *const bad[] = {"mode",  "=a",      "nonesuch=a", "Mode=a",
                                    "mod=a", "modes=a", "key=a",      "mode =a"};
  char text[300];
  (void)state;
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    snprintf(text, sizeof(text), HEAD MODE "[field key]\nsecret = yes\n[field a]\nwhen = %s\n", bad[i]);
    expect_bad(text, CREDENCE_E_MALFORMED, "when of a names no option");
  }
  expect_bad(HEAD MODE "[field a]\nwhen = mode=a\nwhen = mode=b\n", CREDENCE_E_MALFORMED, "given twice");
  expect_bad(HEAD "[field a]\nkind = url\n", CREDENCE_E_MALFORMED, "unknown kind url");
  expect_bad(HEAD "[field a]\nkind = login-url\ndefault = /token\n", CREDENCE_E_MALFORMED,
             "the default of a is not a URL");
}

static void too_many_session_values(void **state)
{
  char text[4096] = HEAD;
  credence_manifest *m = NULL;
  credence_error *error = NULL;
  (void)state;
  for (unsigned i = 0; i < MANIFEST_SESSION_MAX; i++)
    snprintf(text + strlen(text), 64, "[session s%u]\nsecret = yes\n", i);
  sandbox_provider(&sandbox, "many", text);
  expect_ok(manifest_open("many", 1, &m, &error), &error);
  assert_int_equal(m->session_count, MANIFEST_SESSION_MAX);
  credence_manifest_free(&m);
  strncat(text, "[session more]\nsecret = yes\n", 64);
  expect_bad(text, CREDENCE_E_MALFORMED, "more than 8 ");
}

static void too_many_fields(void **state)
{
  char text[4096] = HEAD;
  credence_manifest *m = NULL;
  credence_error *error = NULL;
  (void)state;
  for (unsigned i = 0; i < MANIFEST_FIELDS_MAX; i++)
    snprintf(text + strlen(text), 64, "[field f%u]\nlabel = x\n", i);
  sandbox_provider(&sandbox, "many", text);
  expect_ok(manifest_open("many", 1, &m, &error), &error);
  assert_int_equal(credence_manifest_field_count(m), MANIFEST_FIELDS_MAX);
  credence_manifest_free(&m);
  strncat(text, "[field more]\nlabel = x\n", 64);
  expect_bad(text, CREDENCE_E_MALFORMED, "more than 32 fields");
}

static void names(void **state)
{
  static const char *const bad[] = {"",   "../6connect", "/etc/passwd", ".hidden", "a/b",
                                    "-a", "a b",         "\xc3\xa9",    "a\n"};
  credence_manifest *m = NULL;
  credence_error *error = NULL;
  char name[66];
  (void)state;
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
    expect_error(manifest_open(bad[i], 1, &m, &error), CREDENCE_E_INVALID, &error,
                 "not the name of a provider");
  expect_error(manifest_open("no-such-one", 1, &m, &error), CREDENCE_E_NOT_FOUND, &error,
               "no provider no-such-one");
  memset(name, 'a', 65);
  name[65] = '\0';
  expect_error(manifest_open(name, 1, &m, &error), CREDENCE_E_INVALID, &error, "not the name");
  name[49] = '\0';
  expect_error(manifest_open(name, 1, &m, &error), CREDENCE_E_INVALID, &error, "not the name");
  name[48] = '\0';
  expect_error(manifest_open(name, 1, &m, &error), CREDENCE_E_NOT_FOUND, &error, "no provider");
}

/* The system's manifest cannot be replaced by one of the user's, and the user's
 * folder counts only where it is asked for. */
static void the_system_comes_first(void **state)
{
  credence_manifest *m = NULL;
  credence_error *error = NULL;
  (void)state;
  sandbox_provider(&sandbox, "6connect", HEAD);
  expect_ok(manifest_open("6connect", 1, &m, &error), &error);
  assert_int_equal(m->is_user, 0);
  assert_string_equal(m->module, "6connect.so");
  credence_manifest_free(&m);
  sandbox_provider(&sandbox, "mine", HEAD);
  expect_error(manifest_open("mine", 0, &m, &error), CREDENCE_E_NOT_FOUND, &error, "no provider mine");
}

static void values_match_patterns(void **state)
{
  credence_manifest *m = NULL;
  credence_error *error = NULL;
  (void)state;
  sandbox_provider(&sandbox, "pattern",
                   HEAD "[field a]\npattern = ^[a-z]+$\nhelp = as on the card\n[field b]\nlabel = b\n");
  expect_ok(manifest_open("pattern", 1, &m, &error), &error);
  expect_ok(manifest_check_value(m, 0, "abc", &error), &error);
  int r = manifest_check_value(m, 0, "ABC", &error);
  assert_string_equal(credence_error_remedy(error), "as on the card");
  assert_null(strstr(credence_error_message(error), "ABC")); /* it may be a secret */
  expect_error(r, CREDENCE_E_INVALID, &error, "value of a");
  expect_error(manifest_check_value(m, 0, "", &error), CREDENCE_E_INVALID, &error, "value of a");
  expect_ok(manifest_check_value(m, 1, "anything; at all", &error), &error);
  credence_manifest_free(&m);
}

static void lists(void **state)
{
  char **found = NULL;
  credence_error *error = NULL;
  size_t mine = 0;
  size_t count = 0;
  (void)state;
  sandbox_provider(&sandbox, "zz-mine", "not even a manifest");
  sandbox_provider(&sandbox, "6connect", HEAD);
  sandbox_write(&sandbox, ".local/share/credence/providers/zz-other.txt", "");
  sandbox_write(&sandbox, ".local/share/credence/providers/.provider", "");
  sandbox_write(&sandbox, ".local/share/credence/providers/a b.provider", "");
  expect_ok(credence_manifest_list(NULL, &found, &error), &error);
  for (; found[count] != NULL; count++) {
    assert_true(name_is_valid(found[count]));
    mine += strcmp(found[count], "zz-mine") == 0;
    if (count > 0)
      assert_true(strcmp(found[count - 1], found[count]) < 0); /* sorted, each once */
  }
  assert_int_equal(mine, 1);
  assert_true(count >= 7);
  credence_strings_free(&found);
  assert_null(found);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(all_that_can_be_said, start, stop),
      cmocka_unit_test_setup_teardown(the_least_that_must_be_said, start, stop),
      cmocka_unit_test_setup_teardown(what_is_not_understood, start, stop),
      cmocka_unit_test_setup_teardown(modules_stay_in_their_folder, start, stop),
      cmocka_unit_test_setup_teardown(fields_that_count_at_times, start, stop),
      cmocka_unit_test_setup_teardown(what_a_login_yields, start, stop),
      cmocka_unit_test_setup_teardown(sessions_that_are_not_understood, start, stop),
      cmocka_unit_test_setup_teardown(conditions_and_kinds_that_are_none, start, stop),
      cmocka_unit_test_setup_teardown(too_many_session_values, start, stop),
      cmocka_unit_test_setup_teardown(too_many_fields, start, stop),
      cmocka_unit_test_setup_teardown(names, start, stop),
      cmocka_unit_test_setup_teardown(the_system_comes_first, start, stop),
      cmocka_unit_test_setup_teardown(values_match_patterns, start, stop),
      cmocka_unit_test_setup_teardown(lists, start, stop),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
