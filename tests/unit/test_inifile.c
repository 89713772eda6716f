/* SPDX-License-Identifier: BSD-3-Clause */
/* Manifests and profiles as text.  Breaks when a line is cut, dropped or
 * understood otherwise than it reads: a profile decides where a credential
 * goes. */
#include "testing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "inifile.h"

struct seen {
  char text[4096]; /* "[section]name=value|", "+" in front of a line that continues */
  const char *refuse;
};

static int see(void *userdata, const char *section, const char *name, const char *value, int continued,
               credence_error **error)
{
  struct seen *seen = userdata;
  (void)error;
  if (seen->refuse != NULL && strcmp(name, seen->refuse) == 0)
    return CREDENCE_E_CONFLICT;
  size_t used = strlen(seen->text);
  snprintf(seen->text + used, sizeof(seen->text) - used, "%s[%s]%s=%s|", continued ? "+" : "", section, name,
           value);
  return 0;
}

static void expect_read(const char *text, const char *wanted)
{
  struct seen seen = {"", NULL};
  credence_error *error = NULL;
  expect_ok(inifile_parse("f", text, strlen(text), see, &seen, &error), &error);
  assert_string_equal(seen.text, wanted);
}

static void expect_bad(const char *text, size_t size, int code, const char *words)
{
  struct seen seen = {"", NULL};
  credence_error *error = NULL;
  expect_error(inifile_parse("f", text, size, see, &seen, &error), code, &error, words);
}

static void usual_files(void **state)
{
  (void)state;
  expect_read("", "");
  expect_read("\n\n", "");
  expect_read("# only\n; comments\n", "");
  expect_read("[s]\na = 1\n", "[s]a=1|");
  expect_read("[s]\na=1", "[s]a=1|"); /* no line end at the end */
  expect_read("a=1\n", "[]a=1|");
  expect_read("[s]\n  \t\na\t=\t1  \n", "[s]a=1|");
  expect_read("[s]\r\na = 1\r\n# x\r\nb = 2\r\n", "[s]a=1|[s]b=2|");
  expect_read("\xef\xbb\xbf[s]\na = 1\n", "[s]a=1|");   /* a BOM */
  expect_read("[s]\na = 1\na = 2\n", "[s]a=1|[s]a=2|"); /* the handler decides about duplicates */
  expect_read("[s]\na =\n", "[s]a=|");
  expect_read("[a]\nx=1\n[b]\nx=2\n", "[a]x=1|[b]x=2|");
  expect_read("[s] # why\na = h\xc3\xa9\n", "[s]a=h\xc3\xa9|");
}

static void comments_in_values(void **state)
{
  (void)state;
  expect_read("[s]\na = 1 ; why\n", "[s]a=1|");
  expect_read("[s]\na = 1;2\n", "[s]a=1;2|");
  expect_read("[s]\na = 1 # 2\n", "[s]a=1 # 2|");
  expect_read("[s]\na = b=c:d\n", "[s]a=b=c:d|");
}

static void lines_that_continue(void **state)
{
  (void)state;
  expect_read("[s]\na = 1\n  2\n\t3\n", "[s]a=1|+[s]a=2|+[s]a=3|");
}

static void not_understood(void **state)
{
  (void)state;
  expect_bad("[s]\nnonsense\n", 13, CREDENCE_E_MALFORMED, "f:2: neither");
  expect_bad("[s\na=1\n", 7, CREDENCE_E_MALFORMED, "f:1: neither");
  expect_bad("[s]\na = 1\n\n\nb\n[t]\nc\n", 20, CREDENCE_E_MALFORMED, "f:5: ");
  expect_bad("[s] allow = GET /x\n", 19, CREDENCE_E_MALFORMED, "f:1: something stands behind");
  expect_bad("  [s] x\n", 8, CREDENCE_E_MALFORMED, "f:1: something stands behind");
  expect_bad("[s]]\n", 5, CREDENCE_E_MALFORMED, "f:1: something stands behind");
}

static void bytes_that_are_no_text(void **state)
{
  (void)state;
  expect_bad("[s]\na = 1\0\n", 11, CREDENCE_E_CORRUPT, "f: has control characters");
  expect_bad("[s]\na = \x1b[2J\n", 13, CREDENCE_E_CORRUPT, "f: has control characters");
  expect_bad("[s]\na = \x7f\n", 10, CREDENCE_E_CORRUPT, "f: has control characters");
  expect_bad("[s]\na = 1\rb = 2\n", 16, CREDENCE_E_CORRUPT, "f: has control characters");
  expect_bad("[s]\na = 1\r", 10, CREDENCE_E_CORRUPT, "f: has control characters");
  expect_bad("[s]\na = \xe9\n", 10, CREDENCE_E_CORRUPT, "f: is not UTF-8");
  expect_bad("\xff\xfe[\0s\0]\0", 8, CREDENCE_E_CORRUPT, "f: ");
}

/* Longer and longer lines: each is read whole or refused. */
static void long_lines(void **state)
{
  char text[600];
  char wanted[700];
  int refused = 0;
  (void)state;
  for (size_t size = 1; size < 500; size++) {
    struct seen seen = {"", NULL};
    credence_error *error = NULL;
    char value[512] = "";
    memset(value, 'x', size);
    value[size] = '\0';
    snprintf(text, sizeof(text), "[s]\na = %s\nb = 2\n", value);
    snprintf(wanted, sizeof(wanted), "[s]a=%s|[s]b=2|", value);
    int r = inifile_parse("f", text, strlen(text), see, &seen, &error);
    if (r == 0) {
      assert_int_equal(refused, 0);
      assert_string_equal(seen.text, wanted);
    } else {
      refused++;
      expect_error(r, CREDENCE_E_TOO_LARGE, &error, "f:2: the line is too long");
      assert_string_equal(seen.text, "");
    }
    if (inifile_can_hold(value))
      assert_int_equal(r, 0); /* what may be written can be read */
  }
  assert_true(refused > 0);
}

static void long_names(void **state)
{
  char text[600];
  char name[100];
  (void)state;
  for (size_t size = 1; size < 90; size++) {
    char wanted[300];
    memset(name, 'n', size);
    name[size] = '\0';
    snprintf(text, sizeof(text), "[%s]\na = 1\n", name);
    snprintf(wanted, sizeof(wanted), "[%s]a=1|", name);
    if (size <= 48)
      expect_read(text, wanted);
    else
      expect_bad(text, strlen(text), CREDENCE_E_TOO_LARGE, "f:2: the name is too long");
    snprintf(text, sizeof(text), "[s]\n%s = 1\n 2\n", name);
    snprintf(wanted, sizeof(wanted), "[s]%s=1|+[s]%s=2|", name, name);
    if (size <= 48)
      expect_read(text, wanted);
    else
      expect_bad(text, strlen(text), CREDENCE_E_TOO_LARGE, "f:2: the name is too long");
  }
}

static void a_handler_that_refuses(void **state)
{
  struct seen seen = {"", "b"};
  credence_error *error = NULL;
  const char *text = "[s]\na = 1\nb = 2\nc = 3\nnonsense\n";
  (void)state;
  expect_error(inifile_parse("f", text, strlen(text), see, &seen, &error), CREDENCE_E_CONFLICT, &error,
               "f:3:");
  assert_string_equal(seen.text, "[s]a=1|"); /* nothing after it */
}

/* What inifile_can_hold() promises must come back as it was. */
static void values_come_back(void **state)
{
  static const char *const pieces[] = {"a", " ",  ";",  "#",        "=", ":", "[",
                                       "]", "\"", "\\", "\xc3\xa9", "'", "%"};
  uint32_t seed = 11;
  int held = 0;
  (void)state;
  for (int i = 0; i < 5000; i++) {
    char value[64] = "";
    char text[128];
    char wanted[128];
    for (uint32_t n = dice(&seed, 7); n > 0; n--)
      strncat(value, pieces[dice(&seed, 13)], 4);
    if (!inifile_can_hold(value))
      continue;
    held++;
    snprintf(text, sizeof(text), "[s]\na = %s\n", value);
    snprintf(wanted, sizeof(wanted), "[s]a=%s|", value);
    expect_read(text, wanted);
  }
  assert_true(held > 1000);
}

static void values_that_cannot_be_held(void **state)
{
  char large[152];
  (void)state;
  assert_true(inifile_can_hold(""));
  assert_false(inifile_can_hold(" a"));
  assert_false(inifile_can_hold("a "));
  assert_false(inifile_can_hold("a\tb"));
  assert_false(inifile_can_hold("a\nb"));
  assert_false(inifile_can_hold("a\r"));
  assert_false(inifile_can_hold(";a"));
  assert_false(inifile_can_hold("a ;b"));
  assert_true(inifile_can_hold("a;b"));
  assert_false(inifile_can_hold("\xe9"));
  memset(large, 'x', 151);
  large[151] = '\0';
  assert_false(inifile_can_hold(large));
  large[150] = '\0';
  assert_true(inifile_can_hold(large));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(usual_files),
      cmocka_unit_test(comments_in_values),
      cmocka_unit_test(lines_that_continue),
      cmocka_unit_test(not_understood),
      cmocka_unit_test(bytes_that_are_no_text),
      cmocka_unit_test(long_lines),
      cmocka_unit_test(long_names),
      cmocka_unit_test(a_handler_that_refuses),
      cmocka_unit_test(values_come_back),
      cmocka_unit_test(values_that_cannot_be_held),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
