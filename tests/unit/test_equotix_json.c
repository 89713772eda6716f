/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * test_equotix_json.c - the JSON that Equotix One signs
 *
 * Every expected text was written by PHP 8.2.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "canonical.h"
#include "credence-plugin.h"
#include "quote.h"
#include "scan.h"

struct pair {
  const char *in, *out;
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Returns the code; text is ended by NUL, reason is the one of the failure. */
static int make(const char *body, size_t size, char *text, size_t room, char *reason)
{
  struct canonical canonical;
  struct text out;
  int code;

  canonical_begin(&canonical);
  text_begin(&out, NULL, 0);
  code = canonical_read(&canonical, body, size);
  if (code == CREDENCE_OK)
    code = canonical_write(&canonical, &out);
  assert_true(out.size < room);
  if (out.size > 0)
    memcpy(text, out.data, out.size);
  text[out.size] = '\0';
  memcpy(reason, canonical.reason, sizeof canonical.reason);
  text_free(&out);
  canonical_free(&canonical);
  return code;
}

static void expect_text(const char *body, const char *expected)
{
  char text[4096], reason[sizeof(((struct canonical *)0)->reason)];
  int code = make(body, strlen(body), text, sizeof text, reason);

  if (code != CREDENCE_OK)
    print_error("%s: %s\n", body, reason);
  assert_int_equal(code, CREDENCE_OK);
  assert_string_equal(text, expected);
}

static void expect_refusal_of(const char *body, size_t size, int expected, const char *part)
{
  char text[4096], reason[sizeof(((struct canonical *)0)->reason)];
  int code = make(body, size, text, sizeof text, reason);

  if (code != expected || strstr(reason, part) == NULL)
    print_error("%s: code %d: %s\n", body, code, reason);
  assert_int_equal(code, expected);
  assert_non_null(strstr(reason, part));
}

static void expect_refusal(const char *body, int expected, const char *part)
{
  expect_refusal_of(body, strlen(body), expected, part);
}

static void test_vectors(void **state)
{
#define BASE "\"domain\":\"test\",\"api_key\":\"test@example.com\",\"auth_timestamp\":1670561053"
#define SORTED "\"api_key\":\"test@example.com\",\"auth_timestamp\":1670561053,\"domain\":\"test\""
  static const struct pair vectors[] = {
      {"{\"sku\":\"test\"," BASE "}", "{" SORTED ",\"sku\":\"test\"}"},
      {"{\"url\":\"https://a/b\"," BASE "}", "{" SORTED ",\"url\":\"https:\\/\\/a\\/b\"}"},
      {"{\"name\":\"é漢😀\"," BASE "}", "{" SORTED ",\"name\":\"\\u00e9\\u6f22\\ud83d\\ude00\"}"},
      {"{\"a1\":\"3\",\"_x\":\"2\",\"Zed\":\"1\"," BASE "}",
       "{\"Zed\":\"1\",\"_x\":\"2\",\"a1\":\"3\"," SORTED "}"},
      {"{\"t\":true,\"f\":false,\"n\":null," BASE "}", "{" SORTED ",\"f\":false,\"n\":null,\"t\":true}"},
  };
#undef BASE
#undef SORTED

  (void)state;
  for (size_t i = 0; i < COUNT(vectors); i++)
    expect_text(vectors[i].in, vectors[i].out);
}

static void test_strings(void **state)
{
  static const struct pair strings[] = {
      {"{\"a\":\"\\b\\f\\n\\r\\t\\\"\\\\\\/\"}", "{\"a\":\"\\b\\f\\n\\r\\t\\\"\\\\\\/\"}"},
      {"{\"a\":\"\\u0008\\u000c\\u000A\\u000d\\u0009\\u0022\\u005c\\u002F\\u0041\"}",
       "{\"a\":\"\\b\\f\\n\\r\\t\\\"\\\\\\/A\"}"},
      {"{\"a\":\"\\u0000\\u001f\\u007f\\u0080\"}", "{\"a\":\"\\u0000\\u001f\x7f\\u0080\"}"},
      {"{\"a\":\"\\uD83D\\uDE00\\uffff\\u2028\"}", "{\"a\":\"\\ud83d\\ude00\\uffff\\u2028\"}"},
      {"{\"a\":\"\xef\xbf\xbf\xf4\x8f\xbf\xbf<>&'\"}", "{\"a\":\"\\uffff\\udbff\\udfff<>&'\"}"},
      {"{\"a\":\"{}\",\"b\":\"\"}", "{\"a\":\"{}\",\"b\":\"\"}"},
  };

  (void)state;
  for (size_t i = 0; i < COUNT(strings); i++)
    expect_text(strings[i].in, strings[i].out);
}

static void test_members(void **state)
{
  static const struct pair bodies[] = {
      {"{}", "[]"},
      {" {\t} \r\n", "[]"},
      {"{\"a\":[],\"b\":{},\"c\":[1,{\"1\":1e999}],\"d\":{\"2\":[null]}}", "[]"},
      {"{\"a\":1,\"b\":2,\"a\":3}", "{\"a\":3,\"b\":2}"},
      {"{\"a\":1,\"\\u0061\":2}", "{\"a\":2}"},
      {"{\"a\":1,\"a\":[]}", "[]"},
      {"{\"a\":[],\"a\":1}", "{\"a\":1}"},
      {"{\"a\":1e999,\"a\":1}", "{\"a\":1}"},
      {"{\"\\u00e9\":1,\"z\":2,\"\\u0000\":3,\"\":4,\"a/b\":5,\"ab\":6,\"a\":7}",
       "{\"\":4,\"\\u0000\":3,\"a\":7,\"a\\/b\":5,\"ab\":6,\"z\":2,\"\\u00e9\":1}"},
      /* U+FFFF comes before U+10000 in UTF-8, not in UTF-16 */
      {"{\"\\ud800\\udc00\":1,\"\\uffff\":2}", "{\"\\uffff\":2,\"\\ud800\\udc00\":1}"},
      {"\n{ \"b\" :\ttrue , \"a\" : null }\r", "{\"a\":null,\"b\":true}"},
  };

  (void)state;
  for (size_t i = 0; i < COUNT(bodies); i++)
    expect_text(bodies[i].in, bodies[i].out);
}

static void test_many_members(void **state)
{
  enum { MEMBERS = 20000 };
  size_t room = MEMBERS * 24, size = 1;
  char *body = malloc(room), *text = malloc(room);
  char reason[sizeof(((struct canonical *)0)->reason)];

  (void)state;
  assert_non_null(body);
  assert_non_null(text);
  body[0] = '{';
  for (int i = MEMBERS - 1; i >= 0; i--)
    size += (size_t)snprintf(body + size, room - size, "\"\\u006e%05d\":%d%s", i, i, i == 0 ? "}" : ",");
  assert_int_equal(make(body, size, text, room, reason), CREDENCE_OK);
  assert_memory_equal(text, "{\"n00000\":0,\"n00001\":1,", 23);
  assert_string_equal(text + strlen(text) - 15, "\"n19999\":19999}");
  free(text);
  free(body);
}

static void test_names_that_are_numbers(void **state)
{
  static const char *const integers[] = {"0", "5", "-5", "9223372036854775807", "-9223372036854775808"};
  static const char *const numeric[] = {
      "1.5", "1e3",  " 1",  "1 ",    "+1",       ".5",       "1.",
      "-0",  "1.e3", "007", "\\t-1", "1\\u000b", "1e+1 \\n", "9223372036854775808"};
  static const char *const texts[] = {"",   "a", "1a",  "1e",       "1e+", "0x1", "- 1",
                                      "e3", ".", ".e3", "1\\u0000", "1 1", "INF", "--1"};
  char body[200], expected[200];

  (void)state;
  for (size_t i = 0; i < COUNT(integers); i++) {
    (void)snprintf(body, sizeof body, "{\"%s\":1,\"x\":2}", integers[i]);
    expect_refusal(body, CREDENCE_E_REFUSED, integers[i]);
    (void)snprintf(body, sizeof body, "{\"%s\":[],\"x\":2}", integers[i]);
    expect_text(body, "{\"x\":2}");
  }
  for (size_t i = 0; i < COUNT(numeric); i++) {
    (void)snprintf(body, sizeof body, "{\"%s\":1,\"08.5\":2}", numeric[i]);
    expect_refusal(body, CREDENCE_E_REFUSED, "sorts as a number");
    (void)snprintf(body, sizeof body, "{\"%s\":{},\"08.5\":2,\"8a\":3}", numeric[i]);
    expect_text(body, "{\"08.5\":2,\"8a\":3}");
  }
  for (size_t i = 0; i < COUNT(texts); i++) {
    (void)snprintf(body, sizeof body, "{\"zz\":3,\"%s\":1,\"~0\":2}", texts[i]);
    (void)snprintf(expected, sizeof expected, "{\"%s\":1,\"zz\":3,\"~0\":2}", texts[i]);
    expect_text(body, expected);
  }
}

static void test_reason_names_the_member(void **state)
{
  (void)state;
  expect_refusal("{\"price\":1e400}", CREDENCE_E_REFUSED, "\"price\"");
  expect_refusal("{\"ééééééééééééééééééééééééééééééééééé\":-1e400}", CREDENCE_E_REFUSED,
                 "\"éééééééééééééééééééééééééééééé...\"");
}

static void test_malformed(void **state)
{
  static const char *const bodies[] = {
      "{",
      "{\"a\"",
      "{\"a\":",
      "{\"a\":1",
      "{\"a\":1,",
      "{\"a\":1,}",
      "{,}",
      "{a:1}",
      "{'a':1}",
      "{\"a\" 1}",
      "{\"a\":1 \"b\":2}",
      "{\"a\":01}",
      "{\"a\":+1}",
      "{\"a\":.5}",
      "{\"a\":1.}",
      "{\"a\":1e}",
      "{\"a\":1e+}",
      "{\"a\":-}",
      "{\"a\":TRUE}",
      "{\"a\":nul}",
      "{\"a\":truex}",
      "{\"a\":NaN}",
      "{\"a\":\"}",
      "{\"a\":\"\\\"}",
      "{\"a\":\"\\x\"}",
      "{\"a\":\"\\u12\"}",
      "{\"a\":\"\\u12g4\"}",
      "{\"a\":\"\\ud800\"}",
      "{\"a\":\"\\udc00\"}",
      "{\"a\":\"\\ud83d\\u0041\"}",
      "{\"a\":\"\\ud83dx\"}",
      "{\"a\":\"\x1f\"}",
      "{\"a\":\"\n\"}",
      "{\"a\":\"\x80\"}",
      "{\"a\":\"\xc0\x80\"}",
      "{\"a\":\"\xc1\xbf\"}",
      "{\"a\":\"\xe0\x9f\xbf\"}",
      "{\"a\":\"\xed\xa0\x80\"}",
      "{\"a\":\"\xf0\x8f\xbf\xbf\"}",
      "{\"a\":\"\xf4\x90\x80\x80\"}",
      "{\"a\":\"\xf5\x80\x80\x80\"}",
      "{\"a\":\"\xe2\x82\"}",
      "{\"a\":\"\xff\"}",
      "{\"\xff\":1}",
      "{\"a\":[\"\xff\"]}",
      "{\"a\":[1,]}",
      "{\"a\":[1}",
      "{\"a\":{\"b\":1]}",
      "{\"a\":[}",
      "{\"a\":1}}",
      "{}{}",
      "{}x",
      "{}\v",
      "{\"a\":1}\f",
      "{/**/}",
      "{\"a\":1}//",
  };
  static const char *const others[] = {"", " ", "[]", "1", "\"a\"", "null", "\xef\xbb\xbf{}", "[{\"a\":1}]"};

  (void)state;
  for (size_t i = 0; i < COUNT(bodies); i++)
    expect_refusal(bodies[i], CREDENCE_E_MALFORMED, "not JSON: at byte ");
  for (size_t i = 0; i < COUNT(others); i++)
    expect_refusal(others[i], CREDENCE_E_MALFORMED, "JSON objects only");
  expect_refusal_of("{}\0", 3, CREDENCE_E_MALFORMED, "at byte 3 something follows");
  expect_refusal_of("{\"a\":\"\0\"}", 9, CREDENCE_E_MALFORMED, "at byte 7 a control character");
}

static char *nested(size_t depth, char open, char close)
{
  char *body = malloc(depth * 2 + 16);

  assert_non_null(body);
  memcpy(body, "{\"a\":", 5);
  memset(body + 5, open, depth);
  memset(body + 5 + depth, close, depth);
  memcpy(body + 5 + 2 * depth, "}", 2);
  return body;
}

static void test_depth(void **state)
{
  char *fits = nested(SCAN_DEPTH - 1, '[', ']'), *deeper = nested(SCAN_DEPTH, '[', ']');

  (void)state;
  expect_text(fits, "[]");
  expect_refusal(deeper, CREDENCE_E_MALFORMED, "511 levels");
  free(deeper);
  free(fits);
}

static void test_size(void **state)
{
  char *body = malloc(CANONICAL_BODY_MAX + 1);

  (void)state;
  assert_non_null(body);
  memset(body, ' ', CANONICAL_BODY_MAX + 1);
  memcpy(body, "{\"a\":1}", 7);
  expect_refusal_of(body, CANONICAL_BODY_MAX + 1, CREDENCE_E_TOO_LARGE, "1 MiB");
  body[CANONICAL_BODY_MAX] = '\0';
  expect_text(body, "{\"a\":1}");
  free(body);
}

static void test_add(void **state)
{
  struct canonical canonical;
  struct text out;
  char lent[64];

  (void)state;
  canonical_begin(&canonical);
  text_begin(&out, lent, sizeof lent);
  assert_int_equal(canonical_read(&canonical, "{\"b\":1 } ", 9), CREDENCE_OK);
  assert_int_equal(canonical.close, 7);
  assert_true(canonical_has(&canonical, "b"));
  assert_false(canonical_has(&canonical, "a"));
  assert_int_equal(canonical_add(&canonical, "a", "\"\\u00e9\"", 8), CREDENCE_OK);
  assert_int_equal(canonical_write(&canonical, &out), CREDENCE_OK);
  assert_int_equal(out.size, 20);
  assert_memory_equal(out.data, "{\"a\":\"\\u00e9\",\"b\":1}", 20);
  assert_null(out.heap);
  assert_ptr_equal(canonical.members, canonical.lent);
  text_free(&out);
  canonical_free(&canonical);
  canonical_free(NULL);
  text_free(NULL);
}

static void test_quote_utf8(void **state)
{
  struct text out;
  char lent[64];

  (void)state;
  text_begin(&out, lent, sizeof lent);
  assert_true(quote_utf8(&out, "a\"\\/\n\x7fé", 8));
  assert_int_equal(out.size, 18);
  assert_memory_equal(out.data, "\"a\\\"\\\\\\/\\n\x7f\\u00e9\"", 18);
  assert_false(quote_utf8(&out, "\xc3", 1));
  text_free(&out);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_vectors),
      cmocka_unit_test(test_strings),
      cmocka_unit_test(test_members),
      cmocka_unit_test(test_many_members),
      cmocka_unit_test(test_names_that_are_numbers),
      cmocka_unit_test(test_reason_names_the_member),
      cmocka_unit_test(test_malformed),
      cmocka_unit_test(test_depth),
      cmocka_unit_test(test_size),
      cmocka_unit_test(test_add),
      cmocka_unit_test(test_quote_utf8),
  };

  return cmocka_run_group_tests_name("equotix json", tests, NULL, NULL);
}
