/* SPDX-License-Identifier: BSD-3-Clause */
/* Requests and the changes made to them.  Breaks when a change touches bytes
 * that it should leave alone, when a control byte gets into a header, or when a
 * limit can be passed. */
#include "testing.h"

#include <stdlib.h>
#include <string.h>

#include "message.h"

static struct arena arena;

static int start(void **state)
{
  (void)state;
  arena_init(&arena);
  return 0;
}

static int stop(void **state)
{
  (void)state;
  arena_free(&arena);
  return 0;
}

static void expect_bytes(credence_bytes bytes, const char *text)
{
  assert_non_null(bytes.data);
  assert_int_equal(bytes.size, strlen(text));
  assert_memory_equal(bytes.data, text, bytes.size);
}

/* The headers as "Name=value|Name=value". */
static void expect_headers(const struct message *message, const char *wanted)
{
  char text[512] = "";
  for (size_t i = 0; i < message->header_count; i++) {
    const struct header *header = &message->headers[i];
    assert_int_equal(strlen(header->name.data), header->name.size);
    assert_int_equal(strlen(header->value.data), header->value.size);
    strncat(text, header->name.data, 100);
    strncat(text, "=", 2);
    strncat(text, header->value.data, 100);
    strncat(text, "|", 2);
  }
  assert_string_equal(text, wanted);
}

static void methods(void **state)
{
  struct message message = {0};
  credence_error *error = NULL;
  static const char *const good[] = {"GET", "get", "PROPFIND", "M-SEARCH", "X!#$%&'*+.^_`|~0"};
  static const char *const bad[] = {"",   "GET ",     "G ET", "GET\r\n", "G/T",
                                    "G(", "\xc3\xa9", "GET:", "A@B",     "ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFG"};
  (void)state;
  for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
    expect_ok(message_set_method(&arena, &message, good[i], &error), &error);
    assert_string_equal(message.method, good[i]);
  }
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
    expect_error(message_set_method(&arena, &message, bad[i], &error), CREDENCE_E_INVALID, &error, "method");
  expect_error(message_set_method(&arena, &message, "CONNECT", &error), CREDENCE_E_REFUSED, &error,
               "CONNECT");
}

static void headers_keep_order_case_and_duplicates(void **state)
{
  struct message message = {0};
  credence_error *error = NULL;
  size_t index = 0;
  (void)state;
  expect_ok(message_add_header(&arena, &message, "X-a", credence_text("1"), &error), &error);
  expect_ok(message_add_header(&arena, &message, "B", credence_text(""), &error), &error);
  expect_ok(message_add_header(&arena, &message, "x-A", credence_text("2"), &error), &error);
  expect_headers(&message, "X-a=1|B=|x-A=2|");
  assert_ptr_equal(message_find_header(&message, "X-A", &index), &message.headers[0]);
  index = 1;
  assert_ptr_equal(message_find_header(&message, "X-A", &index), &message.headers[2]);
  assert_int_equal(index, 2);
  index = 3;
  assert_null(message_find_header(&message, "X-A", &index));
  expect_ok(message_set_header(&arena, &message, "X-A", credence_text("3"), &error), &error);
  expect_headers(&message, "B=|X-A=3|");
}

/* What HTTP strips on the way must not be signed. */
static void space_around_values_is_dropped(void **state)
{
  struct message message = {0};
  credence_error *error = NULL;
  (void)state;
  expect_ok(message_add_header(&arena, &message, "A", credence_text("  a  b "), &error), &error);
  expect_ok(message_add_header(&arena, &message, "B", credence_text("  "), &error), &error);
  expect_headers(&message, "A=a  b|B=|");
}

static void bad_headers(void **state)
{
  struct message message = {0};
  credence_error *error = NULL;
  static const char *const names[] = {"", " A", "A ", "A:", "A\r\nB", "\xc3\xa9", "A B", "(A)"};
  static const char *const values[] = {"a\rb", "a\nb", "a\r\n b", "\x01", "a\tb", "\x7f", "\x1b[0m"};
  const credence_bytes nul = {"a\0b", 3};
  char *large = calloc(1, MESSAGE_HEADER_MAX + 2);
  (void)state;
  for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
    expect_error(message_add_header(&arena, &message, names[i], credence_text("x"), &error),
                 CREDENCE_E_INVALID, &error, "name of a header");
  for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
    expect_error(message_add_header(&arena, &message, "A", credence_text(values[i]), &error),
                 CREDENCE_E_INVALID, &error, "control character");
    expect_error(message_set_header(&arena, &message, "A", credence_text(values[i]), &error),
                 CREDENCE_E_INVALID, &error, "control character");
  }
  expect_error(message_add_header(&arena, &message, "A", nul, &error), CREDENCE_E_INVALID, &error, "0x00");
  memset(large, 'x', MESSAGE_HEADER_MAX);
  expect_ok(message_add_header(&arena, &message, "A", credence_text(large), &error), &error);
  large[MESSAGE_HEADER_MAX] = 'x';
  expect_error(message_add_header(&arena, &message, "A", credence_text(large), &error), CREDENCE_E_TOO_LARGE,
               &error, "longer");
  assert_int_equal(message.header_count, 1);
  free(large);
}

static void as_many_headers_as_fit(void **state)
{
  struct message message = {0};
  credence_error *error = NULL;
  (void)state;
  for (size_t i = 0; i < MESSAGE_HEADERS_MAX; i++)
    expect_ok(message_add_header(&arena, &message, "A", credence_text("x"), &error), &error);
  expect_error(message_add_header(&arena, &message, "A", credence_text("x"), &error), CREDENCE_E_TOO_LARGE,
               &error, "headers");
  expect_error(message_set_header(&arena, &message, "B", credence_text("x"), &error), CREDENCE_E_TOO_LARGE,
               &error, "headers");
  assert_int_equal(message.header_count, MESSAGE_HEADERS_MAX); /* nothing was lost */
  expect_ok(message_set_header(&arena, &message, "a", credence_text("y"), &error), &error);
  expect_headers(&message, "a=y|");
}

static void a_copy_leaves_the_pristine_alone(void **state)
{
  struct message pristine = {0};
  struct message copy;
  credence_error *error = NULL;
  (void)state;
  expect_ok(message_set_method(&arena, &pristine, "GET", &error), &error);
  for (int i = 0; i < 9; i++)
    expect_ok(message_add_header(&arena, &pristine, "A", credence_text("1"), &error), &error);
  expect_ok(message_append_query(&arena, &pristine, "q", credence_text("1"), &error), &error);
  expect_ok(message_set_body(&arena, &pristine, credence_text("body"), "text/plain", &error), &error);
  expect_ok(message_copy(&arena, &copy, &pristine, &error), &error);
  expect_ok(message_set_header(&arena, &copy, "A", credence_text("2"), &error), &error);
  expect_ok(message_set_query(&arena, &copy, "q", credence_text("2"), &error), &error);
  expect_ok(message_append_query(&arena, &copy, "r", credence_text("2"), &error), &error);
  expect_ok(message_set_body(&arena, &copy, credence_text("other"), "x/y", &error), &error);
  expect_headers(&pristine, "A=1|A=1|A=1|A=1|A=1|A=1|A=1|A=1|A=1|Content-Type=text/plain|");
  expect_bytes(pristine.query, "q=1");
  assert_string_equal(pristine.query.data, "q=1"); /* its NUL is still there */
  expect_bytes(pristine.body, "body");
  expect_headers(&copy, "A=2|Content-Type=x/y|");
  expect_bytes(copy.query, "q=2&r=2");
}

static void appending_to_queries(void **state)
{
  struct message message = {0};
  credence_error *error = NULL;
  const credence_bytes missing = {NULL, 0};
  const credence_bytes nul = {"a\0b", 3};
  (void)state;
  expect_ok(message_append_query(&arena, &message, "a b", credence_text("\xc3\xa9&=?#+"), &error), &error);
  expect_bytes(message.query, "a%20b=%C3%A9%26%3D%3F%23%2B");
  expect_ok(message_append_query(&arena, &message, "empty", credence_text(""), &error), &error);
  expect_ok(message_append_query(&arena, &message, "alone", missing, &error), &error);
  expect_ok(message_append_query(&arena, &message, "nul", nul, &error), &error);
  expect_bytes(message.query, "a%20b=%C3%A9%26%3D%3F%23%2B&empty=&alone&nul=a%00b");
  /* What is there already stays as it is. */
  message.query = credence_text("A%2f=+&&x&");
  expect_ok(message_append_query(&arena, &message, "y", credence_text("1"), &error), &error);
  expect_bytes(message.query, "A%2f=+&&x&&y=1");
  message.query = credence_text("");
  expect_ok(message_append_query(&arena, &message, "y", credence_text("1"), &error), &error);
  expect_bytes(message.query, "y=1");
}

static void expect_set(const char *before, const char *name, const char *value, const char *wanted)
{
  struct message message = {0};
  credence_error *error = NULL;
  if (before != NULL)
    message.query = credence_text(before);
  expect_ok(message_set_query(&arena, &message, name, credence_text(value), &error), &error);
  expect_bytes(message.query, wanted);
}

static void setting_in_queries(void **state)
{
  (void)state;
  expect_set(NULL, "a", "1", "a=1");
  expect_set("", "a", "1", "a=1");
  expect_set("b=2", "a", "1", "b=2&a=1");
  expect_set("a=0&b=2", "a", "1", "a=1&b=2");
  expect_set("b=2&a=0&c&a=7&a", "a", "1", "b=2&a=1&c");
  expect_set("%61=0&A=3", "a", "1", "a=1&A=3"); /* the same name, written otherwise */
  expect_set("ab=0", "a", "1", "ab=0&a=1");
  expect_set("x=%2f+&&y&", "a", "1 2", "x=%2f+&&y&&a=1%202"); /* all else byte for byte */
  expect_set("&x&a", "a", "1", "&x&a=1");
  expect_set("&&", "a", "1", "&&&a=1");
  expect_set("a", "a", NULL, "a"); /* the name alone */
}

static void reading_queries(void **state)
{
  credence_bytes name;
  credence_bytes value;
  const credence_bytes none = {NULL, 0};
  const credence_bytes query = credence_text("a=1&b&c=&=d&&e=f=g");
  static const char *const wanted[][2] = {{"a", "1"}, {"b", NULL}, {"c", ""},
                                          {"", "d"},  {"", NULL},  {"e", "f=g"}};
  (void)state;
  for (size_t i = 0; i < 6; i++) {
    assert_true(query_at(query, i, &name, &value));
    expect_bytes(name, wanted[i][0]);
    if (wanted[i][1] == NULL)
      assert_null(value.data);
    else
      expect_bytes(value, wanted[i][1]);
  }
  assert_false(query_at(query, 6, &name, &value));
  assert_false(query_at(none, 0, &name, &value));
  assert_false(query_at(credence_text(""), 0, &name, &value));
  assert_true(query_at(credence_text("&"), 1, &name, &value));
  assert_false(query_at(credence_text("&"), 2, &name, &value));
}

static void queries_have_a_limit(void **state)
{
  struct message message = {0};
  credence_error *error = NULL;
  char *large = calloc(1, 1024 * 1024 + 1);
  (void)state;
  memset(large, 'x', 1024 * 1024);
  expect_error(message_append_query(&arena, &message, "a", credence_text(large), &error),
               CREDENCE_E_TOO_LARGE, &error, "65536");
  expect_error(message_set_query(&arena, &message, "a", credence_text(large), &error), CREDENCE_E_TOO_LARGE,
               &error, "65536");
  assert_null(message.query.data);
  large[65536 - 2] = '\0';
  expect_ok(message_append_query(&arena, &message, "a", credence_text(large), &error), &error);
  assert_int_equal(message.query.size, 65536);
  expect_error(message_append_query(&arena, &message, "", credence_text(""), &error), CREDENCE_E_TOO_LARGE,
               &error, "65536");
  free(large);
}

static void forms(void **state)
{
  struct message message = {0};
  credence_error *error = NULL;
  (void)state;
  expect_ok(message_append_form(&arena, &message, "a", credence_text("1 2"), &error), &error);
  expect_ok(message_append_form(&arena, &message, "a", credence_text("&"), &error), &error);
  expect_bytes(message.body, "a=1%202&a=%26");
  expect_headers(&message, "Content-Type=application/x-www-form-urlencoded|");
  expect_ok(message_set_body(&arena, &message, credence_text("{}"), "application/json", &error), &error);
  expect_error(message_append_form(&arena, &message, "a", credence_text("1"), &error), CREDENCE_E_INVALID,
               &error, "not a form");
  expect_bytes(message.body, "{}");
}

static void a_form_keeps_the_type_that_was_given(void **state)
{
  struct message message = {0};
  credence_error *error = NULL;
  const char *type = "Application/X-WWW-Form-URLencoded; charset=utf-8";
  (void)state;
  expect_ok(message_add_header(&arena, &message, "content-type", credence_text(type), &error), &error);
  expect_ok(message_append_form(&arena, &message, "a", credence_text("1"), &error), &error);
  expect_headers(&message, "content-type=Application/X-WWW-Form-URLencoded; charset=utf-8|");
}

static void bodies(void **state)
{
  struct message message = {0};
  credence_error *error = NULL;
  char bytes[] = "a\0b";
  const credence_bytes body = {bytes, 3};
  const credence_bytes huge = {bytes, (size_t)MESSAGE_BODY_MAX + 1};
  (void)state;
  expect_ok(message_set_body(&arena, &message, body, NULL, &error), &error);
  bytes[0] = 'x'; /* it was copied */
  assert_int_equal(message.body.size, 3);
  assert_memory_equal(message.body.data, "a\0b", 3);
  assert_int_equal(message.header_count, 0);
  expect_ok(message_set_body(&arena, &message, credence_text(""), "text/plain", &error), &error);
  assert_non_null(message.body.data); /* empty is not missing */
  expect_error(message_set_body(&arena, &message, huge, NULL, &error), CREDENCE_E_TOO_LARGE, &error,
               "64 MiB");
  expect_error(message_set_body(&arena, &message, body, "a\r\nb", &error), CREDENCE_E_INVALID, &error,
               "Content-Type");
  assert_int_equal(message.body.size, 0);
}

static void headers_of_the_transport(void **state)
{
  (void)state;
  assert_true(is_transport_header("host"));
  assert_true(is_transport_header("CONTENT-LENGTH"));
  assert_true(is_transport_header("Transfer-Encoding"));
  assert_false(is_transport_header("Authorization"));
  assert_false(is_transport_header("Hosts"));
  assert_false(is_transport_header(""));
}

/* A thousand fields must not take a thousand times the memory of the last body. */
static void forms_grow_in_place(void **state)
{
  struct message message = {0};
  struct message copy;
  credence_error *error = NULL;
  int moves = 0;
  (void)state;
  for (int i = 0; i < 1000; i++) {
    const void *before = message.body.data;
    expect_ok(message_append_form(&arena, &message, "n", credence_text("v"), &error), &error);
    moves += message.body.data != before;
  }
  assert_int_equal(message.body.size, 3999);
  assert_true(moves < 20);
  /* A copy has bytes of its own to add to. */
  expect_ok(message_copy(&arena, &copy, &message, &error), &error);
  expect_ok(message_append_form(&arena, &copy, "x", credence_text("y"), &error), &error);
  assert_ptr_not_equal(copy.body.data, message.body.data);
  assert_int_equal(((const char *)message.body.data)[message.body.size], '\0');
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(methods, start, stop),
      cmocka_unit_test_setup_teardown(headers_keep_order_case_and_duplicates, start, stop),
      cmocka_unit_test_setup_teardown(space_around_values_is_dropped, start, stop),
      cmocka_unit_test_setup_teardown(bad_headers, start, stop),
      cmocka_unit_test_setup_teardown(as_many_headers_as_fit, start, stop),
      cmocka_unit_test_setup_teardown(a_copy_leaves_the_pristine_alone, start, stop),
      cmocka_unit_test_setup_teardown(appending_to_queries, start, stop),
      cmocka_unit_test_setup_teardown(setting_in_queries, start, stop),
      cmocka_unit_test_setup_teardown(reading_queries, start, stop),
      cmocka_unit_test_setup_teardown(queries_have_a_limit, start, stop),
      cmocka_unit_test_setup_teardown(forms, start, stop),
      cmocka_unit_test_setup_teardown(forms_grow_in_place, start, stop),
      cmocka_unit_test_setup_teardown(a_form_keeps_the_type_that_was_given, start, stop),
      cmocka_unit_test_setup_teardown(bodies, start, stop),
      cmocka_unit_test_setup_teardown(headers_of_the_transport, start, stop),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
