/* SPDX-License-Identifier: BSD-3-Clause */
/* The operands of credence sign and send: METHOD, TARGET, ITEMs and the JSON
 * body made of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tool/items.h"
#include "json-check.h"

static void expect_item(const char *word, enum item_kind kind, const char *name, const char *value)
{
  struct item_list list;
  struct item_error error;

  assert_true(item_list_parse(&word, 1, false, &list, &error));
  assert_int_equal(list.count, 1);
  assert_int_equal(list.items[0].kind, kind);
  assert_string_equal(list.items[0].name, name);
  assert_string_equal(list.items[0].value, value);
  item_list_clear(&list);
}

static void expect_refused(const char *const *words, size_t count, bool form, const char *why)
{
  struct item_list list;
  struct item_error error = {{0}, NULL};

  assert_false(item_list_parse(words, count, form, &list, &error));
  assert_non_null(strstr(error.why, why));
  assert_non_null(error.remedy);
  item_list_clear(&list);
}

static void kinds(void **state)
{
  (void)state;
  expect_item("a==b", ITEM_QUERY, "a", "b");
  expect_item("A:b", ITEM_HEADER, "A", "b");
  expect_item("a=b", ITEM_STRING, "a", "b");
  expect_item("a:=[1, 2]", ITEM_JSON, "a", "[1, 2]");
  expect_item("@body.json", ITEM_FILE, "", "body.json");
  expect_item("@-", ITEM_FILE, "", "-");
}

static void empty_values(void **state)
{
  (void)state;
  expect_item("a==", ITEM_QUERY, "a", "");
  expect_item("A:", ITEM_HEADER, "A", "");
  expect_item("a=", ITEM_STRING, "a", "");
}

static void earliest_separator_wins(void **state)
{
  (void)state;
  expect_item("url=http://x/?a==b", ITEM_STRING, "url", "http://x/?a==b");
  expect_item("Referer:http://x/?a=b", ITEM_HEADER, "Referer", "http://x/?a=b");
  expect_item("q==a:=b", ITEM_QUERY, "q", "a:=b");
  expect_item("a@b=c", ITEM_STRING, "a@b", "c");
}

static void longest_separator_wins(void **state)
{
  (void)state;
  expect_item("a===b", ITEM_QUERY, "a", "=b");
  expect_item("a:==b", ITEM_JSON, "a", "=b");
}

static void backslash_escapes_separators(void **state)
{
  (void)state;
  expect_item("a\\:b=c", ITEM_STRING, "a:b", "c");
  expect_item("a\\=b:c", ITEM_HEADER, "a=b", "c");
  expect_item("\\@a=b", ITEM_STRING, "@a", "b");
  expect_item("a=\\=b", ITEM_STRING, "a", "=b");
  expect_item("\\==b", ITEM_STRING, "=", "b");
}

static void other_backslashes_stay(void **state)
{
  (void)state;
  expect_item("a=C:\\dir\\", ITEM_STRING, "a", "C:\\dir\\");
  expect_item("a\\b=c", ITEM_STRING, "a\\b", "c");
  expect_item("a:=\"x\\\\:y\"", ITEM_JSON, "a", "\"x\\\\:y\"");
}

static void header_values_are_trimmed(void **state)
{
  (void)state;
  expect_item("Accept: \ttext/plain ", ITEM_HEADER, "Accept", "text/plain");
  expect_item("A:  ", ITEM_HEADER, "A", "");
  expect_item("a= b ", ITEM_STRING, "a", " b ");
}

static void bad_items(void **state)
{
  (void)state;
  expect_refused((const char *[]){"plain"}, 1, false, "item 1 has no separator");
  expect_refused((const char *[]){""}, 1, false, "no separator");
  expect_refused((const char *[]){"a=b", "=b"}, 2, false, "item 2 has no name");
  expect_refused((const char *[]){"@"}, 1, false, "names no file");
  expect_refused((const char *[]){"a\\=b"}, 1, false, "no separator");
}

static void bad_mixtures(void **state)
{
  (void)state;
  expect_refused((const char *[]){"@f", "a=b"}, 2, false, "cannot be mixed");
  expect_refused((const char *[]){"a:=1", "@f"}, 2, false, "cannot be mixed");
  expect_refused((const char *[]){"@f", "@g"}, 2, false, "one body");
  expect_refused((const char *[]){"a:=1"}, 1, true, "--form");
  expect_refused((const char *[]){"@f"}, 1, true, "--form");
}

static void errors_do_not_show_values(void **state)
{
  const char *word = "sEcReTtoken";
  struct item_list list;
  struct item_error error;

  (void)state;
  assert_false(item_list_parse(&word, 1, false, &list, &error));
  assert_null(strstr(error.why, "sEcReT"));
  item_list_clear(&list);
}

static void expect_json(const char *const *words, size_t count, const char *json)
{
  struct item_list list;
  struct item_error error;
  char *text;

  assert_true(item_list_parse(words, count, false, &list, &error));
  text = item_list_to_json(&list, &error);
  assert_string_equal(text, json);
  free(text);
  item_list_clear(&list);
}

static void json_keeps_order_and_text(void **state)
{
  (void)state;
  expect_json((const char *[]){"b=1", "q==x", "a:= { \"k\" : 1.50 }", "H:v", "b=2"}, 5,
              "{\"b\":\"1\",\"a\": { \"k\" : 1.50 },\"b\":\"2\"}");
  expect_json((const char *[]){"H:v"}, 1, "{}");
}

static void json_escapes_minimally(void **state)
{
  (void)state;
  expect_json((const char *[]){"a=\"\\/\xc3\xa9\x7f"}, 1, "{\"a\":\"\\\"\\\\/\xc3\xa9\x7f\"}");
  expect_json((const char *[]){"a=\b\f\n\r\t\x01"}, 1, "{\"a\":\"\\b\\f\\n\\r\\t\\u0001\"}");
}

static void expect_not_json(const char *word, const char *why)
{
  struct item_list list;
  struct item_error error;

  assert_true(item_list_parse(&word, 1, false, &list, &error));
  assert_null(item_list_to_json(&list, &error));
  assert_non_null(strstr(error.why, why));
  item_list_clear(&list);
}

static void bad_members(void **state)
{
  (void)state;
  expect_not_json("a=\xff", "not UTF-8");
  expect_not_json("a=\xed\xa0\x80", "not UTF-8");
  expect_not_json("a=\xc0\x80", "not UTF-8");
  expect_not_json("a:=[1,]", "item 1 (a) is not JSON at byte 4");
  expect_not_json("a:=", "not JSON at byte 1");
}

static void json_is_strict(void **state)
{
  static const char *const good[] = {"1",    "-0.5e+3", "0",       "[]",         " {\"a\":[null,true]} ",
                                     "\"\"", "\"'N\"",  "\"\\n\"", "\"\\\"01\"", "[0,-0,10]"};
  static const char *const bad[] = {"",          "01",       "-01",        "00",       "1.",    "NaN",
                                    "-Infinity", "Infinity", "{'a':1}",    "\"a\nb\"", "1 2",   "{\"a\" 1}",
                                    "[1 2]",     "nul",      "\"a",        "tRue",     "/**/1", "[1.]",
                                    "-",         "+1",       "[-Infinity]"};
  struct json_fault fault;

  (void)state;
  for (size_t i = 0; i < sizeof good / sizeof *good; i++)
    if (!json_check(good[i], &fault))
      fail_msg("refused: %s at %zu: %s", good[i], fault.place, fault.why);
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    if (json_check(bad[i], &fault))
      fail_msg("accepted: %s", bad[i]);
}

static void expect_words(const char *const *words, size_t count, const char *method, const char *target,
                         size_t used)
{
  struct request_words result;
  struct item_error error;

  assert_true(request_words_split(words, count, &result, &error));
  if (method)
    assert_string_equal(result.method, method);
  else
    assert_null(result.method);
  assert_string_equal(result.target, target);
  assert_int_equal(result.used, used);
}

static void method_and_target(void **state)
{
  (void)state;
  expect_words(NULL, 0, NULL, "", 0);
  expect_words((const char *[]){"GET"}, 1, "GET", "", 1);
  expect_words((const char *[]){"GET", "/x"}, 2, "GET", "/x", 2);
  expect_words((const char *[]){"GET", "USERS", "a=b"}, 3, "GET", "USERS", 2);
  expect_words((const char *[]){"/x", "a=b"}, 2, NULL, "/x", 1);
  expect_words((const char *[]){"", "a=b"}, 2, NULL, "", 1);
  expect_words((const char *[]){"A"}, 1, NULL, "A", 1);
  expect_words((const char *[]){"get"}, 1, NULL, "get", 1);
  expect_words((const char *[]){"./USERS"}, 1, NULL, "./USERS", 1);
}

static void targets_with_equals(void **state)
{
  (void)state;
  expect_words((const char *[]){"?a=b"}, 1, NULL, "?a=b", 1);
  expect_words((const char *[]){"x/a=b"}, 1, NULL, "x/a=b", 1);
  expect_words((const char *[]){"https://h/?a=b"}, 1, NULL, "https://h/?a=b", 1);
}

static void items_are_no_target(void **state)
{
  static const char *const items[] = {"a=b", "a==b", "a:=1", "@f", "=", "url=http://x"};
  struct request_words result;
  struct item_error error;

  (void)state;
  for (size_t i = 0; i < sizeof items / sizeof *items; i++) {
    assert_false(request_words_split(&items[i], 1, &result, &error));
    assert_non_null(strstr(error.why, "TARGET comes before"));
    assert_false(request_words_split((const char *[]){"GET", items[i]}, 2, &result, &error));
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(kinds),
      cmocka_unit_test(empty_values),
      cmocka_unit_test(earliest_separator_wins),
      cmocka_unit_test(longest_separator_wins),
      cmocka_unit_test(backslash_escapes_separators),
      cmocka_unit_test(other_backslashes_stay),
      cmocka_unit_test(header_values_are_trimmed),
      cmocka_unit_test(bad_items),
      cmocka_unit_test(bad_mixtures),
      cmocka_unit_test(errors_do_not_show_values),
      cmocka_unit_test(json_keeps_order_and_text),
      cmocka_unit_test(json_escapes_minimally),
      cmocka_unit_test(bad_members),
      cmocka_unit_test(json_is_strict),
      cmocka_unit_test(method_and_target),
      cmocka_unit_test(targets_with_equals),
      cmocka_unit_test(items_are_no_target),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
