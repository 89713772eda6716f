/* SPDX-License-Identifier: BSD-3-Clause */
/* Values of a JSON text.  Breaks when a text counts as JSON that others read
 * otherwise or not at all, when a pointer leads to another value than json-c
 * finds, or when a byte behind a text is read: the texts stand in memory of just
 * their size, so that the address sanitizer and valgrind see it. */
#include "testing.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "credence-plugin.h"
#include "encode.h"
#include "json-check.h"
#include "json-find.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* --- texts by hand ------------------------------------------------------ */

static int valid_in_own_memory(const char *text, size_t size)
{
  char *copy = malloc(size);
  assert_true(copy != NULL || size == 0);
  if (size > 0)
    memcpy(copy, text, size);
  int valid = json_valid(copy, size);
  free(copy);
  return valid;
}

static void valid_texts(void **state)
{
  static const char *const good[] = {
      "{}", "[]", "null", "true", "false", "0", "\"\"", " \t\r\n[ \t\r\n] \t\r\n",
      "{ \"a\" : 1 , \"b\" : [ ] }", "[[],{},[{}],{\"\":{}}]", "{\"a\":1,\"a\":2}",
      /* numbers */
      "-0", "10", "-1.5", "0.0", "1e3", "1E+3", "1.25e-300", "1e400", "123456789012345678901234567890",
      /* strings */
      "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\u0000\\u00e9\\u20AC\\uFFFF\"", "\"\\ud83d\\ude00\"",
      "\"\\uDBFF\\uDFFF\"", "\"\x7f\"", "\"\xc2\x80\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf\""};
  (void)state;
  for (size_t i = 0; i < COUNT(good); i++) {
    if (!valid_in_own_memory(good[i], strlen(good[i])))
      print_error("refused: %s\n", good[i]);
    assert_true(valid_in_own_memory(good[i], strlen(good[i])));
  }
}

static void texts_that_are_not_json(void **state)
{
  static const char *const bad[] = {
      "", " ", ",", ":", "]", "}", "[", "{", "[}", "{]", "[]]", "{}}", "[[]", "[{]}",
      /* commas and colons */
      "[1,]", "[,1]", "[,]", "[1,,2]", "[1 2]", "{,}", "{\"a\":1,}", "{\"a\"}", "{\"a\",1}", "{\"a\":}",
      "{\"a\":1 \"b\":2}", "{\"a\"::1}", "[1:2]", "{1:2}", "{a:1}", "{null:1}", "{\"a\":1,2}", "[\"a\":1]",
      /* two values, and what else is no white space */
      "1 2", "{}{}", "{} x", "{}\f", "\v{}", "\xc2\xa0{}", "\xef\xbb\xbf{}", "{};",
      /* leniencies of other readers */
      "[1]//c", "/*c*/[1]", "#c\n[1]", "'a'", "{'a':1}", "NaN", "-NaN", "nan", "Infinity", "-Infinity",
      "undefined", "True", "FALSE", "Null", "tru", "truee", "nul", "nulll", "nu ll",
      /* numbers */
      "-", "+1", "01", "-01", "00", "1.", ".5", "-.5", "1.e3", "1e", "1e+", "1e-", "1e1.5", "0x10", "1_000",
      "--1", "1-", "1e--1", "1.2.3", "1f", "\xd9\xa1",
      /* strings */
      "\"", "\"a", "\"\\\"", "\"\\", "\"\\x41\"", "\"\\a\"", "\"\\'\"", "\"\\0\"", "\"\\U0041\"", "\"\\u\"",
      "\"\\u004\"", "\"\\u00g1\"", "\"\\u 041\"", "\"\\u+041\"", "\"a\nb\"", "\"\t\"", "\"\x1f\"", "\"a\"\"",
      /* half a surrogate pair */
      "\"\\ud83d\"", "\"\\ude00\"", "\"\\ud83d \\ude00\"", "\"\\ud83dx\"", "\"\\ud83d\\n\"",
      "\"\\ud83d\\ud83d\"", "\"\\ude00\\ud83d\"", "\"\\ude00\\ude00\"", "\"\\ud83d\\u0041\"", "\"\\ud83d\\",
      "\"\\ud83d\\u", "{\"\\ud83d\":1}",
      /* not UTF-8 */
      "\"\x80\"", "\"\xc3\"", "\"\xc3\x28\"", "\"\xc0\xaf\"", "\"\xe0\x80\xaf\"", "\"\xed\xa0\x80\"",
      "\"\xf4\x90\x80\x80\"", "\"\xff\"", "\"\xf0\x9f\x98\""};
  (void)state;
  for (size_t i = 0; i < COUNT(bad); i++) {
    if (valid_in_own_memory(bad[i], strlen(bad[i])))
      print_error("accepted: %s\n", bad[i]);
    assert_false(valid_in_own_memory(bad[i], strlen(bad[i])));
  }
  assert_false(json_valid(NULL, 0));
  assert_false(valid_in_own_memory("[]\0", 3));
  assert_false(valid_in_own_memory("[\0]", 3));
  assert_false(valid_in_own_memory("\"\0\"", 3));
  assert_false(valid_in_own_memory("\"\\\0\"", 4));
  assert_false(valid_in_own_memory("\"\\u00\0\x31\"", 8));
}

/* inside, between as many of open and of close. */
static int valid_at_depth(size_t depth, const char *open, const char *inside, const char *close)
{
  char text[1024] = "";
  size_t size = 0;
  for (size_t i = 0; i < depth; i++)
    size += (size_t)snprintf(text + size, sizeof(text) - size, "%s", open);
  size += (size_t)snprintf(text + size, sizeof(text) - size, "%s", inside);
  for (size_t i = 0; i < depth; i++)
    size += (size_t)snprintf(text + size, sizeof(text) - size, "%s", close);
  return valid_in_own_memory(text, size);
}

static void depth_has_a_limit(void **state)
{
  (void)state;
  assert_true(valid_at_depth(64, "[", "", "]"));
  assert_true(valid_at_depth(64, "[", "1", "]"));
  assert_true(valid_at_depth(64, "{\"a\":", "null", "}"));
  assert_false(valid_at_depth(32, "[{\"a\":", "{}", "}]"));
  assert_true(valid_at_depth(32, "[{\"a\":", "1", "}]"));
  assert_false(valid_at_depth(65, "[", "", "]"));
  assert_false(valid_at_depth(65, "[", "1", "]"));
  assert_false(valid_at_depth(65, "{\"a\":", "null", "}"));
  /* Breadth does not count, also behind the deepest place. */
  assert_true(valid_at_depth(63, "[", "[],[],{}", "]"));
  assert_true(valid_at_depth(63, "[[],", "[]", ",{}]"));
  assert_false(valid_at_depth(63, "[", "[],[[]]", "]"));
  assert_false(valid_at_depth(64, "[", "", "}"));
}

/* --- pointers ----------------------------------------------------------- */

/* value.at points into text. */
static int find(const char *text, const char *pointer, struct json_value *value)
{
  assert_true(json_valid(text, strlen(text)));
  return json_find(text, strlen(text), pointer, value);
}

static void expect_raw(const char *text, const char *pointer, unsigned type, const char *raw)
{
  struct json_value value = {0, NULL, 0};
  int code = find(text, pointer, &value);
  if (code != 0 || value.type != type || value.size != strlen(raw) || memcmp(value.at, raw, value.size) != 0)
    print_error("%s in %s: code %d, type %u, \"%.*s\"\n", pointer, text, code, value.type, (int)value.size,
                value.at == NULL ? "" : value.at);
  assert_int_equal(code, 0);
  assert_int_equal(value.type, type);
  assert_int_equal(value.size, strlen(raw));
  assert_memory_equal(value.at, raw, value.size);
  assert_in_range(value.at - text, 0, strlen(text));
}

static void expect_no(int expected, const char *text, const char *pointer)
{
  struct json_value value = {77, NULL, 0};
  int code = find(text, pointer, &value);
  if (code != expected)
    print_error("%s in %s: code %d\n", pointer, text, code);
  assert_int_equal(code, expected);
  assert_int_equal(value.type, 77);
}

static void expect_number(const char *text, const char *pointer, const char *raw)
{
  expect_raw(text, pointer, CREDENCE_JSON_NUMBER, raw);
}

static void expect_nothing(const char *text, const char *pointer)
{
  expect_no(CREDENCE_E_NOT_FOUND, text, pointer);
}

static void pointers_of_rfc_6901(void **state)
{
  static const char text[] = "{\"foo\":[\"bar\",\"baz\"],\"\":0,\"a/b\":1,\"c%d\":2,\"e^f\":3,\"g|h\":4,"
                             "\"i\\\\j\":5,\"k\\\"l\":6,\" \":7,\"m~n\":8}";
  (void)state;
  expect_raw(text, "", CREDENCE_JSON_OBJECT, text);
  expect_raw(text, "/foo", CREDENCE_JSON_ARRAY, "[\"bar\",\"baz\"]");
  expect_raw(text, "/foo/0", CREDENCE_JSON_STRING, "bar");
  expect_raw(text, "/foo/1", CREDENCE_JSON_STRING, "baz");
  expect_number(text, "/", "0");
  expect_number(text, "/a~1b", "1");
  expect_number(text, "/c%d", "2");
  expect_number(text, "/e^f", "3");
  expect_number(text, "/g|h", "4");
  expect_number(text, "/i\\j", "5");
  expect_number(text, "/k\"l", "6");
  expect_number(text, "/ ", "7");
  expect_number(text, "/m~0n", "8");
}

static void every_type_is_found(void **state)
{
  static const char text[] = " { \"n\" : null , \"t\":true,\"f\" :false, \"i\": -12.5e3 ,\"s\":\" a\\n \" ,"
                             "\"a\":[ 1 ,2 ] , \"o\" : { \"x\":{ } } } ";
  (void)state;
  expect_raw(text, "/n", CREDENCE_JSON_NULL, "null");
  expect_raw(text, "/t", CREDENCE_JSON_BOOLEAN, "true");
  expect_raw(text, "/f", CREDENCE_JSON_BOOLEAN, "false");
  expect_number(text, "/i", "-12.5e3");
  expect_raw(text, "/s", CREDENCE_JSON_STRING, " a\\n ");
  expect_raw(text, "/a", CREDENCE_JSON_ARRAY, "[ 1 ,2 ]");
  expect_number(text, "/a/1", "2");
  expect_raw(text, "/o", CREDENCE_JSON_OBJECT, "{ \"x\":{ } }");
  expect_raw(text, "/o/x", CREDENCE_JSON_OBJECT, "{ }");
  expect_number(" 7 ", "", "7");
  expect_raw("\"\"", "", CREDENCE_JSON_STRING, "");
}

static void tildes_and_slashes(void **state)
{
  static const char text[] = "{\"~1\":1,\"/\":2,\"~\":3,\"~0\":4,\"//\":5}";
  (void)state;
  expect_number(text, "/~01", "1");
  expect_number(text, "/~1", "2");
  expect_number(text, "/~0", "3");
  expect_number(text, "/~00", "4");
  expect_number(text, "/~1~1", "5");
  expect_number("{\"\":{\"\":{\"a\":1}}}", "///a", "1");
  expect_nothing("{\"a\":1}", "/a/");
  expect_nothing("{\"a\":1}", "//a");
}

static void malformed_pointers(void **state)
{
  static const char *const bad[] = {"a",   "a/b", " ",     "#/a",  "~0",     "/~",
                                    "/~2", "/a~", "/a~/b", "/~~0", "/a/~a/b"};
  (void)state;
  for (size_t i = 0; i < COUNT(bad); i++) {
    expect_no(CREDENCE_E_INVALID, "{\"a\":1}", bad[i]);
    expect_no(CREDENCE_E_INVALID, "1", bad[i]);
  }
}

static void places_in_arrays(void **state)
{
  static const char *const none[] = {"/3",
                                     "/-",
                                     "/",
                                     "/00",
                                     "/01",
                                     "/+1",
                                     "/-1",
                                     "/1 ",
                                     "/ 1",
                                     "/1.0",
                                     "/1e0",
                                     "/0x1",
                                     "/a",
                                     "/1a",
                                     "/18446744073709551616",
                                     "/18446744073709551617",
                                     "/340282366920938463463374607431768211457"};
  (void)state;
  for (size_t i = 0; i < COUNT(none); i++)
    expect_nothing("[10,[11],{\"x\":12}]", none[i]);
  expect_number("[10,[11],{\"x\":12}]", "/0", "10");
  expect_number("[10,[11],{\"x\":12}]", "/1/0", "11");
  expect_number("[10,[11],{\"x\":12}]", "/2/x", "12");
  expect_raw("[0,1,2,3,4,5,6,7,8,9,\"ten\"]", "/10", CREDENCE_JSON_STRING, "ten");
  expect_number("{\"01\":1,\"-\":2}", "/01", "1");
  expect_number("{\"01\":1,\"-\":2}", "/-", "2");
  expect_nothing("[]", "/0");
  expect_nothing("[ ]", "/0");
  expect_nothing("[[]]", "/0/0");
}

static void what_is_not_there(void **state)
{
  static const char *const none[] = {"/b",   "/A",   "/aa",  "/a/b",   "/a/0",
                                     "/s/0", "/n/x", "/o/y", "/o/x/x", "/"};
  (void)state;
  for (size_t i = 0; i < COUNT(none); i++)
    expect_nothing("{\"a\":1,\"s\":\"b\",\"n\":null,\"o\":{\"x\":{\"b\":1}}}", none[i]);
  expect_nothing("{}", "/a");
  expect_nothing("{ }", "/");
  expect_nothing("1", "/");
  expect_nothing("\"{\\\"a\\\":1}\"", "/a");
}

static void last_of_equal_names_counts(void **state)
{
  (void)state;
  expect_number("{\"a\":1,\"b\":2,\"a\":3}", "/a", "3");
  expect_number("{\"a\":1,\"\\u0061\":3,\"b\":2}", "/a", "3");
  expect_number("{\"a\":{\"b\":1,\"b\":2},\"a\":{\"b\":3,\"b\":4}}", "/a/b", "4");
  expect_nothing("{\"a\":{\"b\":1},\"a\":{}}", "/a/b");
  expect_nothing("{\"a\":{\"b\":1},\"a\":null}", "/a/b");
}

static void names_are_compared_decoded(void **state)
{
  (void)state;
  expect_number("{\"\\u00e9\\n\\/\\\"\":1}", "/\xc3\xa9\n~1\"", "1");
  expect_number("{\"\\ud83d\\uDE00x\":1}", "/\xf0\x9f\x98\x80x", "1");
  expect_number("{\"\xf0\x9f\x98\x80\":1}", "/\xf0\x9f\x98\x80", "1");
  expect_nothing("{\"\\u00e9\":1}", "/\\u00e9");
  expect_nothing("{\"\\u00e9\":1}", "/\xc3");
  expect_nothing("{\"\\u00e9\":1}", "/\xc3\xa9\xc3");
  /* No C string can name these. */
  expect_nothing("{\"a\\u0000\":1,\"\\u0000a\":2,\"\\u0000\":3}", "/a");
  expect_nothing("{\"a\\u0000\":1,\"\\u0000a\":2,\"\\u0000\":3}", "/");
  expect_number("{\"a\":1,\"a\\u0000\":2}", "/a", "1");
}

/* --- strings ------------------------------------------------------------ */

static void expect_decoded(const char *raw, const char *decoded, size_t size)
{
  size_t room = strlen(raw);
  char *copy = malloc(room + 1); /* of the raw size, so that nothing behind it is read */
  char *out = malloc(room + 1);
  assert_non_null(copy);
  assert_non_null(out);
  memcpy(copy + 1, raw, room);
  memset(out, '#', room + 1);
  assert_int_equal(json_decode(out, copy + 1, room), size);
  assert_memory_equal(out, decoded, size);
  for (size_t i = size; i <= room; i++)
    assert_int_equal(out[i], '#');
  free(copy);
  free(out);
}

static void strings_are_decoded(void **state)
{
  (void)state;
  expect_decoded("", "", 0);
  expect_decoded("plain \xc3\xa9 \xf0\x9f\x98\x80", "plain \xc3\xa9 \xf0\x9f\x98\x80", 13);
  expect_decoded("\\\"\\\\\\/\\b\\f\\n\\r\\t", "\"\\/\b\f\n\r\t", 8);
  expect_decoded("a\\u0041\\u007F\\u0080\\u07ff\\u0800\\uFFFF",
                 "aA\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf", 13);
  expect_decoded("\\ud800\\udc00\\uDBFF\\uDFFF", "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf", 8);
  expect_decoded("a\\u0000b", "a\0b", 3);
  expect_decoded("\\\\u0041", "\\u0041", 6);
}

/* A string with a NUL in it is found; what to think of it is up to who asked. */
static void a_nul_in_a_string(void **state)
{
  struct json_value value;
  char out[16];
  (void)state;
  assert_int_equal(find("{\"t\":\"a\\u0000b\"}", "/t", &value), 0);
  assert_int_equal(value.type, CREDENCE_JSON_STRING);
  assert_int_equal(json_decode(out, value.at, value.size), 3);
  assert_memory_equal(out, "a\0b", 3);
}

/* Quadratic time would show here: the whole takes milliseconds. */
static void long_texts(void **state)
{
  enum { SIZE = 1 << 20 };
  struct json_value value;
  char *text = malloc(SIZE + 32);
  char *out = malloc(SIZE);
  (void)state;
  assert_non_null(text);
  assert_non_null(out);
  memcpy(text, "{\"x\":\"\",\"t\":\"", 13);
  for (size_t i = 0; i < SIZE; i += 2)
    memcpy(text + 13 + i, "\\n", 2);
  memcpy(text + 13 + SIZE, "\",\"y\":7}", 9);
  assert_int_equal(find(text, "/y", &value), 0);
  assert_int_equal(find(text, "/t", &value), 0);
  assert_int_equal(value.size, SIZE);
  assert_int_equal(json_decode(out, value.at, value.size), SIZE / 2);
  for (size_t i = 0; i < SIZE / 2; i++)
    if (out[i] != '\n')
      fail();
  /* Half a million elements. */
  memset(text, ',', SIZE);
  for (size_t i = 1; i < SIZE; i += 2)
    text[i] = (char)('0' + i % 10);
  text[0] = '[';
  memcpy(text + SIZE, "]", 2);
  assert_int_equal(find(text, "/524287", &value), 0);
  assert_ptr_equal(value.at, text + SIZE - 1);
  assert_int_equal(find(text, "/524288", &value), CREDENCE_E_NOT_FOUND);
  free(text);
  free(out);
}

/* --- integers ----------------------------------------------------------- */

/* As a number where JSON has it, and as a string. */
static void expect_integer_of(const char *raw, int code, int64_t integer)
{
  static const unsigned types[] = {CREDENCE_JSON_NUMBER, CREDENCE_JSON_STRING};
  size_t size = strlen(raw);
  char *copy = malloc(size + 1);
  assert_non_null(copy);
  memcpy(copy + 1, raw, size);
  for (size_t i = 0; i < COUNT(types); i++) {
    struct json_value value = {types[i], copy + 1, size};
    int64_t got = INT64_MIN;
    int r = json_integer(&value, &got);
    if (r != code || (code == 0 && got != integer))
      print_error("%s: code %d, %lld\n", raw, r, (long long)got);
    assert_int_equal(r, code);
    assert_true(got == (code == 0 ? integer : INT64_MIN));
  }
  free(copy);
}

static void expect_integer(const char *raw, int64_t integer)
{
  expect_integer_of(raw, 0, integer);
}

static void numbers_become_integers(void **state)
{
  (void)state;
  expect_integer("0", 0);
  expect_integer("-0", 0);
  expect_integer("-1", -1);
  expect_integer("3600", 3600);
  expect_integer("3600.9", 3600);
  expect_integer("-3600.9", -3600);
  expect_integer("-0.5", 0);
  expect_integer("0.99999999999999999999999", 0);
  expect_integer("9007199254740991", 9007199254740991);
  expect_integer("-9007199254740991", -9007199254740991);
  expect_integer("9007199254740991.999", 9007199254740991);
  expect_integer("1700000000", 1700000000);
}

static void exponents_move_the_point(void **state)
{
  (void)state;
  expect_integer("1e3", 1000);
  expect_integer("1E+3", 1000);
  expect_integer("1e-0", 1);
  expect_integer("3.6e3", 3600);
  expect_integer("3.6009e3", 3600);
  expect_integer("36000e-1", 3600);
  expect_integer("36009e-1", 3600);
  expect_integer("0.0036e6", 3600);
  expect_integer("-12.34e1", -123);
  expect_integer("9.007199254740991e15", 9007199254740991);
  expect_integer("9007199254740991000e-3", 9007199254740991);
  expect_integer("123e-3", 0);
  expect_integer("1e-400", 0);
  expect_integer("0e400", 0);
  expect_integer("0.000e99999999999999999999", 0);
  expect_integer("1e-99999999999999999999", 0);
  expect_integer("1e00000000000000000000003", 1000);
}

static void what_is_no_integer(void **state)
{
  static const char *const bad[] = {/* over 53 bits */
                                    "9007199254740992", "9007199254740993", "-9007199254740992",
                                    "9223372036854775808", "18446744073709551617", "1e16", "1e400", "-1e400",
                                    "1e99999999999999999999", "0.1e18",
                                    /* no number in JSON */
                                    "0x10", " 5", "5 ", "", "-", "+5", "05", "5.", ".5", "1e", "e3", "1,5",
                                    "1 000", "NaN", "Infinity", "five", "true", "5s", "\\u0035"};
  static const unsigned others[] = {CREDENCE_JSON_NULL, CREDENCE_JSON_BOOLEAN, CREDENCE_JSON_ARRAY,
                                    CREDENCE_JSON_OBJECT};
  (void)state;
  for (size_t i = 0; i < COUNT(bad); i++)
    expect_integer_of(bad[i], CREDENCE_E_MALFORMED, 0);
  for (size_t i = 0; i < COUNT(others); i++) {
    struct json_value value = {others[i], "1", 1};
    int64_t integer = 0;
    assert_int_equal(json_integer(&value, &integer), CREDENCE_E_MALFORMED);
  }
}

/* A mebibyte of digits is still one number. */
static void long_numbers(void **state)
{
  enum { SIZE = 1 << 20 };
  char *text = malloc(SIZE + 16);
  (void)state;
  assert_non_null(text);
  memset(text, '0', SIZE);
  text[1] = '.';
  memcpy(text + SIZE - 2, "42e1048574", 11); /* 0.00...042, and the point behind it */
  expect_integer(text, 42);
  memset(text, '9', SIZE);
  memcpy(text + SIZE, "e-1048573", 10);
  expect_integer(text, 999);
  free(text);
}

/* --- against json-c ----------------------------------------------------- */

static const char *const seeds[] = {
    "{\"access_token\":\"eyJ0\\/\\u00e9.x-_=\",\"token_type\":\"Bearer\",\"expires_in\":3600}",
    " { \"data\" : { \"session\" : \"a~b\", \"expiryDate\" : null, \"a/b\" : [ 1, 2.5, -3e2, [] ] } }\n",
    "[{\"a\":1,\"a\":{\"a\":[true,false]},\"\":\"\"},[[[\"\\ud83d\\ude00\"]]],\"\xf0\x9f\x98\x80\",0.001]",
    "{\"message\":\"Login \\\"ok\\\"\",\"terms\":\"\\n\\t\\\\\",\"~1\":{\"~0\":{\"/\":[{},[],\"\",0]}}}",
    "\"text\"",
    "-12.5E+3",
    "[null,{\"x\":[{\"y\":{\"z\":[1,2,3]}}]},9007199254740993,-0,1e400,12345678901234567890]",
};

/* Bytes that mean something, to put where they may or may not stand. */
static const char alphabet[] =
    "{}[]\",:\\/ \t\n\r\f0123456789-+.eEu'truefalsenullNaNI~a\x1f\x7f\x80\xc3\xa9\xed\xf0";

static json_object *parse_with_json_c(const char *text, size_t size)
{
  json_tokener *tokener = json_tokener_new_ex(128);
  assert_non_null(tokener);
  json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
  json_object *tree = json_tokener_parse_ex(tokener, text, (int)size + 1);
  int good = json_tokener_get_error(tokener) == json_tokener_success;
  json_tokener_free(tokener);
  assert_true(good);
  return tree;
}

/* Theirs is rounded, which may carry it over to the next integer. */
static void compare_number(json_object *theirs, const struct json_value *ours)
{
  int64_t integer = 0;
  if (json_integer(ours, &integer) != 0)
    assert_true(fabs(json_object_get_double(theirs)) >= 9007199254740991.0);
  else if (json_object_is_type(theirs, json_type_int))
    assert_int_equal(integer, json_object_get_int64(theirs));
  else
    assert_true(fabs(trunc(json_object_get_double(theirs)) - (double)integer) <= 1.0);
}

static void compare_string(json_object *theirs, const struct json_value *ours)
{
  char *out = malloc(ours->size + 1);
  assert_non_null(out);
  assert_int_equal(json_decode(out, ours->at, ours->size), json_object_get_string_len(theirs));
  assert_memory_equal(out, json_object_get_string(theirs), (size_t)json_object_get_string_len(theirs));
  free(out);
}

static void compare_value(json_object *theirs, const struct json_value *ours)
{
  static const unsigned types[] = {
      [json_type_null] = CREDENCE_JSON_NULL,     [json_type_boolean] = CREDENCE_JSON_BOOLEAN,
      [json_type_int] = CREDENCE_JSON_NUMBER,    [json_type_double] = CREDENCE_JSON_NUMBER,
      [json_type_string] = CREDENCE_JSON_STRING, [json_type_array] = CREDENCE_JSON_ARRAY,
      [json_type_object] = CREDENCE_JSON_OBJECT,
  };
  assert_int_equal(ours->type, types[json_object_get_type(theirs)]);
  if (ours->type == CREDENCE_JSON_BOOLEAN)
    assert_int_equal(*ours->at == 't', json_object_get_boolean(theirs));
  if (ours->type == CREDENCE_JSON_NUMBER)
    compare_number(theirs, ours);
  if (ours->type == CREDENCE_JSON_STRING)
    compare_string(theirs, ours);
}

struct walk {
  const char *text;
  size_t size;
  char pointer[1024];
};

/* Add a token to the pointer; answers where it was put. */
static size_t walk_down(struct walk *walk, const char *name)
{
  size_t before = strlen(walk->pointer);
  size_t at = before;
  walk->pointer[at++] = '/';
  for (; *name != '\0'; name++) {
    assert_true(at + 3 < sizeof(walk->pointer));
    if (*name == '~' || *name == '/') {
      walk->pointer[at++] = '~';
      walk->pointer[at++] = *name == '~' ? '0' : '1';
    } else {
      walk->pointer[at++] = *name;
    }
  }
  walk->pointer[at] = '\0';
  return before;
}

static void expect_nothing_below(struct walk *walk, const char *name)
{
  struct json_value value;
  size_t before = walk_down(walk, name);
  assert_int_equal(json_find(walk->text, walk->size, walk->pointer, &value), CREDENCE_E_NOT_FOUND);
  walk->pointer[before] = '\0';
}

static void compare_tree(json_object *theirs, struct walk *walk);

static void compare_child(json_object *theirs, struct walk *walk, const char *name)
{
  size_t before = walk_down(walk, name);
  compare_tree(theirs, walk);
  walk->pointer[before] = '\0';
}

static void compare_elements(json_object *theirs, struct walk *walk)
{
  size_t count = json_object_array_length(theirs);
  char index[24];
  for (size_t i = 0; i < count; i++) {
    snprintf(index, sizeof(index), "%zu", i);
    compare_child(json_object_array_get_idx(theirs, i), walk, index);
  }
  snprintf(index, sizeof(index), "%zu", count);
  expect_nothing_below(walk, index);
}

/* Each value of their tree is found by its pointer, and is the same. */
static void compare_tree(json_object *theirs, struct walk *walk)
{
  struct json_value ours;
  assert_int_equal(json_find(walk->text, walk->size, walk->pointer, &ours), 0);
  compare_value(theirs, &ours);
  if (json_object_is_type(theirs, json_type_array))
    compare_elements(theirs, walk);
  else
    expect_nothing_below(walk, "no such name");
  if (json_object_is_type(theirs, json_type_object)) {
    json_object_object_foreach(theirs, name, child)
    {
      compare_child(child, walk, name);
    }
  }
}

static int compare_with_json_c(const char *text)
{
  struct json_fault fault;
  struct walk walk = {text, strlen(text), ""};
  int valid = valid_in_own_memory(text, walk.size);
  /* json-check takes half a surrogate pair: json-c makes U+FFFD of it. */
  int laxer = strstr(text, "\\ud") != NULL || strstr(text, "\\uD") != NULL;
  int theirs = json_check(text, &fault);
  if (valid ? !theirs : theirs && !laxer)
    print_error("%s, json-check %s: %s\n", valid ? "valid" : "not valid", theirs ? "takes it" : fault.why,
                text);
  assert_true(valid ? theirs : !theirs || laxer);
  if (!valid)
    return 0;
  json_object *tree = parse_with_json_c(text, walk.size);
  if (strstr(text, "\\u0000") == NULL) /* json-c cuts names there */
    compare_tree(tree, &walk);
  json_object_put(tree);
  return 1;
}

static size_t mutate(char *text, size_t size, uint32_t *seed)
{
  size_t at = dice(seed, (uint32_t)size);
  size_t length;
  switch (dice(seed, 4)) {
  case 0: /* another byte */
    text[at] = alphabet[dice(seed, sizeof(alphabet) - 1)];
    return size;
  case 1: /* one more */
    memmove(text + at + 1, text + at, size - at);
    text[at] = alphabet[dice(seed, sizeof(alphabet) - 1)];
    return size + 1;
  case 2: /* some less */
    length = 1 + dice(seed, 3);
    length = length < size - at ? length : size - at;
    memmove(text + at, text + at + length, size - at - length);
    return size > length ? size - length : size;
  default: /* a part of it once more */
    length = 1 + dice(seed, 12);
    length = length < size - at ? length : size - at;
    memmove(text + at + length, text + at, size - at);
    return size + length;
  }
}

static void agrees_with_json_c(void **state)
{
  uint32_t seed = 6901;
  size_t valid = 0;
  char text[512];
  (void)state;
  print_message("# seed %u\n", seed);
  for (size_t i = 0; i < COUNT(seeds); i++)
    assert_true(compare_with_json_c(seeds[i]));
  for (int round = 0; round < 60000; round++) {
    const char *from = seeds[dice(&seed, COUNT(seeds))];
    size_t size = strlen(from);
    memcpy(text, from, size);
    for (uint32_t i = 1 + dice(&seed, 4); i > 0; i--)
      size = mutate(text, size, &seed);
    assert_true(size < sizeof(text));
    text[size] = '\0';
    valid += (size_t)compare_with_json_c(text);
  }
  print_message("# %zu of 60000 were valid\n", valid);
  assert_in_range(valid, 3000, 57000); /* both sides were tried */
}

/* A text that ends early is refused, and looked at no further; only a number can
 * be a number already. */
static void every_truncation(void **state)
{
  static const char *const pointers[] = {"",         "/a",           "/0/a/a/1",     "/data/a~1b/3",
                                         "/message", "/1/x/0/y/z/2", "/~01/~00/~1/9"};
  (void)state;
  for (size_t i = 0; i < COUNT(seeds); i++)
    for (size_t size = 0; size < strlen(seeds[i]); size++) {
      struct json_value value;
      char *copy = malloc(size);
      assert_true(copy != NULL || size == 0);
      memcpy(copy, seeds[i], size);
      int complete = *seeds[i] == '-' || strspn(seeds[i] + size, "\n") == strlen(seeds[i]) - size;
      assert_true(!json_valid(copy, size) || complete);
      for (size_t p = 0; p < COUNT(pointers) && size > 0; p++)
        (void)json_find(copy, size, pointers[p], &value);
      free(copy);
    }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(valid_texts),
      cmocka_unit_test(texts_that_are_not_json),
      cmocka_unit_test(depth_has_a_limit),
      cmocka_unit_test(pointers_of_rfc_6901),
      cmocka_unit_test(every_type_is_found),
      cmocka_unit_test(tildes_and_slashes),
      cmocka_unit_test(malformed_pointers),
      cmocka_unit_test(places_in_arrays),
      cmocka_unit_test(what_is_not_there),
      cmocka_unit_test(last_of_equal_names_counts),
      cmocka_unit_test(names_are_compared_decoded),
      cmocka_unit_test(strings_are_decoded),
      cmocka_unit_test(a_nul_in_a_string),
      cmocka_unit_test(long_texts),
      cmocka_unit_test(numbers_become_integers),
      cmocka_unit_test(exponents_move_the_point),
      cmocka_unit_test(what_is_no_integer),
      cmocka_unit_test(long_numbers),
      cmocka_unit_test(agrees_with_json_c),
      cmocka_unit_test(every_truncation),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
