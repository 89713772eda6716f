/* SPDX-License-Identifier: BSD-3-Clause */
/* Requests through the public API, with the plugins and the file keyring that an
 * installation has.  Breaks when one byte of a path or query changes on the way,
 * or when signing changes what was built. */
#include "testing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define SIXCONNECT "https://cloud.6connect.com/ex/api/v1/api.php"
#define NOON 1670561053

static struct sandbox sandbox;
static credence_profile *bearer;  /* at https://a.example/api */
static credence_profile *six;     /* 6connect, at SIXCONNECT */
static credence_profile *equotix; /* at its usual endpoint */

/* Once for all tests: each write to the file keyring costs a key derivation. */
static int start(void **state)
{
  static const char *const six_fields[] = {"api_key", "41-HSLH4QZQX6IAOOJS", NULL};
  static const char *const equotix_fields[] = {"domain", "test", "api_key", "test@example.com", NULL};
  (void)state;
  sandbox_open(&sandbox);
  sandbox_add("bearer", "bearer", "https://a.example/api", "token", "tok-1", NULL);
  sandbox_add("six", "6connect", SIXCONNECT, "secret_key", "889f33027c902061d023d8b0ee39b100", six_fields);
  sandbox_add("shop", "equotix", NULL, "api_secret", "Xv2l2mDFf1KG6WaLVZPpYbXNLpHRjF1MZMxiSSf4",
              equotix_fields);
  bearer = open_profile("bearer");
  six = open_profile("six");
  equotix = open_profile("shop");
  return 0;
}

static int stop(void **state)
{
  (void)state;
  credence_profile_free(&bearer);
  credence_profile_free(&six);
  credence_profile_free(&equotix);
  sandbox_close(&sandbox);
  return 0;
}

/* The value of the index-th header of that name; NULL when there is none. */
static const char *header(const credence_request *request, const char *name, size_t index)
{
  const char *at = NULL;
  const char *value = NULL;
  for (size_t i = 0; credence_request_header(request, i, &at, &value) == 0; i++)
    if (strcmp(at, name) == 0 && index-- == 0)
      return value;
  return NULL;
}

static void expect_body(const credence_request *request, const char *wanted)
{
  size_t size = 0;
  const void *body = credence_request_body(request, &size);
  assert_non_null(body);
  assert_int_equal(size, strlen(wanted));
  assert_memory_equal(body, wanted, size);
}

/* --- targets -------------------------------------------------------------------- */

static void expect_url(credence_profile *profile, const char *target, const char *wanted)
{
  credence_request *request = build(profile, "GET", target);
  assert_string_equal(credence_request_url(request), wanted);
  sign(request);
  assert_string_equal(credence_request_url(request), wanted); /* bearer changes no URL */
  credence_request_free(&request);
}

static void targets(void **state)
{
  (void)state;
  expect_url(bearer, NULL, "https://a.example/api");
  expect_url(bearer, "", "https://a.example/api");
  expect_url(bearer, "?a=b", "https://a.example/api?a=b");
  expect_url(bearer, "?", "https://a.example/api?");
  expect_url(bearer, "/", "https://a.example/");
  expect_url(bearer, "/x?y", "https://a.example/x?y");
  expect_url(bearer, "x", "https://a.example/api/x");
  expect_url(bearer, "x/y/?z", "https://a.example/api/x/y/?z");
  expect_url(bearer, "//x", "https://a.example//x");
  expect_url(bearer, "https://a.example", "https://a.example/");
  expect_url(bearer, "https://a.example?q", "https://a.example/?q");
  expect_url(bearer, "https://a.example/other?q", "https://a.example/other?q");
  expect_url(bearer, "https://a.example:443/x", "https://a.example/x");
  expect_url(bearer, "x:y", "https://a.example/api/x:y");
}

static void bytes_of_paths_and_queries_are_kept(void **state)
{
  static const char *const kept[] = {"/a/../b/./c//d",           "/%2e%2E/%00%ff", "/A%2fb%2Fc",
                                     "/x?a=%20+b&&c&=d&e=f=g?h", "/x?z=1&a=2&z=0", "/a;b,c'(d)*!$@:~",
                                     "/x?list[]=1&list[]=2",     "/x?&",           "/?"};
  char url[200];
  (void)state;
  for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
    snprintf(url, sizeof(url), "https://a.example%s", kept[i]);
    expect_url(bearer, kept[i], url);
    expect_url(bearer, url, url);
  }
}

static void other_origins_are_refused(void **state)
{
  static const char *const other[] = {
      "https://b.example/",    "http://a.example/",     "https://a.example:8443/",
      "https://a.example./",   "https://A.example/",    "https://a.example.b.example/",
      "http://a.example:443/", "https://a.example:80/", "https://sub.a.example/"};
  credence_request *request = NULL;
  credence_error *error = NULL;
  (void)state;
  for (size_t i = 0; i < sizeof(other) / sizeof(other[0]); i++)
    expect_error(credence_request_new(bearer, "GET", other[i], &request, &error), CREDENCE_E_REFUSED, &error,
                 "another origin than profile bearer");
  expect_error(credence_request_new(bearer, "GET", "ftp://a.example/", &request, &error), CREDENCE_E_REFUSED,
               &error, "scheme");
  expect_error(credence_request_new(bearer, "GET", "https://u:p@a.example/", &request, &error),
               CREDENCE_E_REFUSED, &error, "user name");
  expect_error(credence_request_new(bearer, "GET", "/a b", &request, &error), CREDENCE_E_INVALID, &error,
               "0x20");
  expect_error(credence_request_new(bearer, "GET", "/a\r\nb", &request, &error), CREDENCE_E_INVALID, &error,
               "0x0d");
  expect_error(credence_request_new(bearer, "G T", "/", &request, &error), CREDENCE_E_INVALID, &error,
               "method");
  assert_null(request);
}

/* --- building and signing --------------------------------------------------------- */

static void getters_before_and_after(void **state)
{
  credence_error *error = NULL;
  size_t size = 7;
  (void)state;
  credence_request *request = build(bearer, "PUT", "/x");
  assert_string_equal(credence_request_method(request), "PUT");
  assert_string_equal(credence_request_host(request), "a.example");
  assert_null(credence_request_body(request, &size));
  assert_int_equal(size, 0);
  assert_null(header(request, "Authorization", 0));
  expect_ok(credence_request_set_body(request, "abc", 3, "text/plain", &error), &error);
  expect_body(request, "abc");
  sign(request);
  assert_string_equal(header(request, "Authorization", 0), "Bearer tok-1");
  assert_null(header(request, "Authorization", 1));
  assert_string_equal(header(request, "Content-Type", 0), "text/plain");
  assert_string_equal(credence_request_method(request), "PUT");
  expect_body(request, "abc");
  credence_request_free(&request);
  assert_null(request);
  credence_request_free(&request);
  credence_request_free(NULL);
}

static void a_change_drops_the_signature(void **state)
{
  credence_error *error = NULL;
  (void)state;
  credence_request *request = build(bearer, "POST", "/x");
  for (int change = 0; change < 7; change++) {
    sign(request);
    assert_non_null(header(request, "Authorization", 0));
    int r = change == 0   ? credence_request_add_query(request, "a", "b", &error)
            : change == 1 ? credence_request_add_header(request, "X-A", "b", &error)
            : change == 2 ? credence_request_add_form(request, "a", "b", &error)
            : change == 3 ? credence_request_set_body(request, "a", 1, NULL, &error)
            : change == 4 ? credence_request_set_json(request, "{}", &error)
            : change == 5 ? credence_request_set_time(request, 1, &error)
                          : credence_request_set_nonce(request, "n", &error);
    expect_ok(r, &error);
    assert_null(header(request, "Authorization", 0));
  }
  credence_request_free(&request);
}

static void signing_twice_is_signing_once(void **state)
{
  credence_error *error = NULL;
  (void)state;
  credence_request *request = build(six, "GET", "?target=ipam&action=get");
  expect_ok(credence_request_add_query(request, "q", "1 2", &error), &error);
  sign(request);
  char *first = strdup(credence_request_url(request));
  for (int i = 0; i < 50; i++)
    sign(request);
  assert_string_equal(credence_request_url(request), first);
  expect_ok(credence_request_add_query(request, "r", NULL, &error), &error);
  assert_string_equal(credence_request_url(request), SIXCONNECT "?target=ipam&action=get&q=1%202&r");
  free(first);
  credence_request_free(&request);
}

static void a_signature_that_fails_leaves_the_request(void **state)
{
  credence_error *error = NULL;
  (void)state;
  credence_request *request = build(six, "GET", "?hash=1");
  expect_error(credence_request_sign(request, &error), CREDENCE_E_REFUSED, &error, "provider 6connect: ");
  assert_string_equal(credence_request_url(request), SIXCONNECT "?hash=1");
  credence_request_free(&request);
}

static void the_clock_can_be_fixed(void **state)
{
  credence_error *error = NULL;
  (void)state;
  credence_request *request = build(equotix, "POST", "x");
  expect_ok(credence_request_set_json(request, "{\"sku\":\"test\"}", &error), &error);
  expect_error(credence_request_set_time(request, -1, &error), CREDENCE_E_INVALID, &error, "negative");
  expect_ok(credence_request_set_time(request, INT64_C(1000000) * NOON + 999999, &error), &error);
  sign(request);
  assert_non_null(strstr(credence_request_body(request, NULL), "\"auth_timestamp\":1670561053,"));
  expect_ok(credence_request_set_time(request, 0, &error), &error); /* 1970 is a time too */
  sign(request);
  assert_non_null(strstr(credence_request_body(request, NULL), "\"auth_timestamp\":0,"));
  expect_error(credence_request_set_nonce(request, "", &error), CREDENCE_E_INVALID, &error, "empty");
  credence_request_free(&request);
}

static void headers(void **state)
{
  static const char *const mine[] = {"host",       "Content-Length", "transfer-encoding",
                                     "Connection", "Expect",         "TE"};
  static const char *const theirs[] = {"Authorization", "authorization", "Cookie", "Proxy-Authorization"};
  credence_error *error = NULL;
  (void)state;
  credence_request *request = build(bearer, "GET", "");
  expect_ok(credence_request_add_header(request, "X-A", "1", &error), &error);
  expect_ok(credence_request_add_header(request, "X-A", "2", &error), &error);
  expect_ok(credence_request_add_header(request, "X-B", "", &error), &error);
  for (size_t i = 0; i < 6; i++)
    expect_error(credence_request_add_header(request, mine[i], "x", &error), CREDENCE_E_REFUSED, &error,
                 "the library sets it");
  for (size_t i = 0; i < 4; i++)
    expect_error(credence_request_add_header(request, theirs[i], "x", &error), CREDENCE_E_REFUSED, &error,
                 "the profile is the credential");
  expect_error(credence_request_add_header(request, "X-A", "a\r\nHost: b", &error), CREDENCE_E_INVALID,
               &error, "0x0d");
  sign(request);
  assert_string_equal(header(request, "X-A", 0), "1");
  assert_string_equal(header(request, "X-A", 1), "2");
  assert_null(header(request, "X-A", 2));
  assert_string_equal(header(request, "X-B", 0), "");
  credence_request_free(&request);
}

static void bodies(void **state)
{
  credence_error *error = NULL;
  const char *type = "Content-Type";
  (void)state;
  credence_request *request = build(bearer, "POST", "");
  expect_ok(credence_request_add_form(request, "a b", "c&d", &error), &error);
  expect_ok(credence_request_add_form(request, "e", NULL, &error), &error);
  expect_body(request, "a%20b=c%26d&e");
  assert_string_equal(header(request, type, 0), "application/x-www-form-urlencoded");
  /* The next body brings its own type. */
  expect_ok(credence_request_set_json(request, "{\"a\" : 1.0}", &error), &error);
  expect_body(request, "{\"a\" : 1.0}");
  assert_string_equal(header(request, type, 0), "application/json");
  expect_error(credence_request_add_form(request, "a", "b", &error), CREDENCE_E_INVALID, &error,
               "not a form");
  expect_ok(credence_request_set_body(request, "text", 4, "text/plain", &error), &error);
  assert_string_equal(header(request, type, 0), "text/plain");
  assert_null(header(request, type, 1));
  /* A type that the caller gave as a header stays. */
  expect_ok(credence_request_add_header(request, "content-type", "x/y", &error), &error);
  expect_ok(credence_request_set_json(request, "[]", &error), &error);
  assert_null(header(request, type, 0));
  assert_string_equal(header(request, "content-type", 0), "x/y");
  expect_ok(credence_request_set_body(request, NULL, 0, NULL, &error), &error);
  expect_body(request, "");
  credence_request_free(&request);
}

static void json_is_checked(void **state)
{
  static const char *const bad[] = {"",        " ",          "{",   "{}x",      "{} {}",
                                    "{'a':1}", "{\"a\":1,}", "nan", "\"\xff\"", "{\"a\" 1}"};
  static const char *const good[] = {"{}", "[]", " {\"a\":[1,2.50,null,true]} ", "\"\xc3\xa9\"", "1"};
  credence_error *error = NULL;
  (void)state;
  credence_request *request = build(bearer, "POST", "");
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
    expect_error(credence_request_set_json(request, bad[i], &error), CREDENCE_E_INVALID, &error, "not JSON");
  assert_null(credence_request_body(request, NULL));
  for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
    expect_ok(credence_request_set_json(request, good[i], &error), &error);
    expect_body(request, good[i]); /* as it was written */
  }
  credence_request_free(&request);
}

static void keep_trace(void *userdata, const char *label, const char *text, size_t size)
{
  char *out = userdata;
  snprintf(out, 400, "%s: %.*s", label, (int)size, text);
}

static void traces(void **state)
{
  char seen[400] = "";
  (void)state;
  credence_request *request = build(six, "GET", "?a=b");
  credence_request_set_trace(request, keep_trace, seen);
  sign(request);
  assert_string_equal(seen, "string to sign: a=b&apiKey=41-HSLH4QZQX6IAOOJS");
  credence_request_free(&request);
}

static void rules_hold_before_the_keyring_is_asked(void **state)
{
  credence_error *error = NULL;
  (void)state;
  sandbox_profile(
      &sandbox, "ruled",
      "[profile]\nstack = bearer\nendpoint = https://a.example/\nkeyring = nonesuch\nallow = GET /ok*\n");
  credence_profile *profile = open_profile("ruled");
  credence_request *request = build(profile, "POST", "/ok");
  expect_error(credence_request_sign(request, &error), CREDENCE_E_REFUSED, &error,
               "no rule of profile ruled");
  credence_request_free(&request);
  request = build(profile, "GET", "/ok/../secret");
  expect_error(credence_request_sign(request, &error), CREDENCE_E_REFUSED, &error, ". or .. segments");
  credence_request_free(&request);
  request = build(profile, "GET", "/okay");
  expect_error(credence_request_sign(request, &error), CREDENCE_E_NO_KEYRING, &error, "nonesuch");
  credence_request_free(&request);
  credence_profile_free(&profile);
}

/* Whoever edits the endpoint in the file does not get the secret sent there. */
static void secrets_are_bound_to_their_origin(void **state)
{
  credence_error *error = NULL;
  (void)state;
  char *text = sandbox_read(&sandbox, ".config/credence/profiles/bearer.conf");
  char *host = strstr(text, "a.example");
  memcpy(host, "b.example", 9);
  sandbox_profile(&sandbox, "bearer", text);
  credence_profile *profile = open_profile("bearer");
  credence_request *request = build(profile, "GET", "/");
  expect_error(credence_request_sign(request, &error), CREDENCE_E_REFUSED, &error,
               "stored for https://a.example");
  credence_request_free(&request);
  credence_profile_free(&profile);
  memcpy(host, "a.example", 9);
  sandbox_profile(&sandbox, "bearer", text);
  free(text);
}

static int can_unlock(const char *name)
{
  credence_profile *profile = NULL;
  int r = credence_profile_open(NULL, name, &profile, NULL);
  if (r == 0)
    r = credence_profile_unlock(profile, NULL);
  credence_profile_free(&profile);
  return r == 0;
}

/* Many daemons close all that they have.  The next plugin gets the descriptor's
 * number of the first, and must not be taken for that.  In a child, and before
 * any other test loads one. */
static void a_program_that_closes_all_descriptors(void **state)
{
  int status = -1;
  (void)state;
  pid_t child = fork();
  if (child == 0) {
    int good = can_unlock("six");
    for (int fd = 3; fd < 256; fd++)
      close(fd);
    _exit(good && can_unlock("bearer") ? 0 : 1);
  }
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_int_equal(status, 0);
}

/* The library uses the memory of freed requests again. */
static void nothing_of_a_freed_request_is_left(void **state)
{
  char seen[400] = "";
  (void)state;
  credence_request *request = build(six, "POST", "/x?old=1");
  assert_int_equal(credence_request_add_header(request, "X-Old", "old", NULL), 0);
  assert_int_equal(credence_request_set_body(request, "old body", 8, "text/old", NULL), 0);
  assert_int_equal(credence_request_set_time(request, 1, NULL), 0);
  assert_int_equal(credence_request_set_nonce(request, "old", NULL), 0);
  credence_request_set_trace(request, keep_trace, seen);
  sign(request);
  credence_request_free(&request);
  seen[0] = '\0';
  request = build(six, "GET", "?new=1");
  assert_string_equal(credence_request_url(request), SIXCONNECT "?new=1");
  assert_null(credence_request_body(request, NULL));
  assert_null(header(request, "X-Old", 0));
  assert_null(header(request, "Content-Type", 0));
  sign(request);
  assert_string_equal(seen, "");
  credence_request_free(&request);
}

static void requests_at_once_are_apart(void **state)
{
  credence_request *requests[9];
  char target[16];
  char wanted[100];
  (void)state;
  for (int round = 0; round < 2; round++) {
    for (int i = 0; i < 9; i++) {
      snprintf(target, sizeof(target), "?n=%d", 10 * round + i);
      requests[i] = build(six, "GET", target);
    }
    for (int i = 0; i < 9; i++) {
      snprintf(wanted, sizeof(wanted), SIXCONNECT "?n=%d", 10 * round + i);
      assert_string_equal(credence_request_url(requests[i]), wanted);
      credence_request_free(&requests[i]);
    }
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_program_that_closes_all_descriptors),
      cmocka_unit_test(targets),
      cmocka_unit_test(bytes_of_paths_and_queries_are_kept),
      cmocka_unit_test(other_origins_are_refused),
      cmocka_unit_test(getters_before_and_after),
      cmocka_unit_test(a_change_drops_the_signature),
      cmocka_unit_test(signing_twice_is_signing_once),
      cmocka_unit_test(a_signature_that_fails_leaves_the_request),
      cmocka_unit_test(the_clock_can_be_fixed),
      cmocka_unit_test(headers),
      cmocka_unit_test(bodies),
      cmocka_unit_test(json_is_checked),
      cmocka_unit_test(traces),
      cmocka_unit_test(nothing_of_a_freed_request_is_left),
      cmocka_unit_test(requests_at_once_are_apart),
      cmocka_unit_test(rules_hold_before_the_keyring_is_asked),
      cmocka_unit_test(secrets_are_bound_to_their_origin),
  };
  return cmocka_run_group_tests(tests, start, stop);
}
