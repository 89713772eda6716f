/* SPDX-License-Identifier: BSD-3-Clause */
/* Plugins that misbehave, each in one way (tests/plugins), and one that uses every
 * service.  Breaks when a faulty plugin crashes the program, is passed over, has
 * its way, or when its error does not say whose fault it is. */
#include "testing.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host.h"

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

static credence_profile *open_stack(const char *name, const char *stack, const char *more)
{
  char text[512];
  credence_profile *profile = NULL;
  credence_error *error = NULL;
  snprintf(text, sizeof(text), "[profile]\nstack = %s\nendpoint = https://a.example/base\nkeyring = file\n%s",
           stack, more);
  sandbox_profile(&sandbox, name, text);
  expect_ok(credence_profile_open(NULL, name, &profile, &error), &error);
  return profile;
}

/* Signing fails, each time, and leaves the request as it was built. */
static void expect_refused_by(credence_profile *profile, int code, const char *whose, const char *words)
{
  credence_request *request = build(profile, "GET", "/x");
  for (int again = 0; again < 3; again++) {
    const char *name = NULL;
    const char *value = NULL;
    credence_error *error = NULL;
    int r = credence_request_sign(request, &error);
    assert_non_null(strstr(credence_error_message(error), whose));
    expect_error(r, code, &error, words);
    assert_string_equal(credence_request_url(request), "https://a.example/x");
    assert_int_equal(credence_request_header(request, 0, &name, &value), CREDENCE_E_NOT_FOUND);
    assert_null(credence_request_body(request, NULL));
  }
  credence_request_free(&request);
}

struct fault {
  const char *provider;
  int code;
  const char *words;
};

static const struct fault faults[] = {
    {"hostile-short-table", CREDENCE_E_FAILED, "too short"},
    {"hostile-minor", CREDENCE_E_UNSUPPORTED, "needs plugin interface 1."},
    {"hostile-no-id", CREDENCE_E_FAILED, "has no id"},
    {"hostile-no-sign", CREDENCE_E_FAILED, "cannot sign"},
    {"hostile-other-id", CREDENCE_E_NOT_FOUND, "has no provider hostile-other-id"},
    {"hostile-no-symbol", CREDENCE_E_FAILED, "does not export credence_provider_v1"},
    {"hostile-endless", CREDENCE_E_FAILED, "too many providers"},
    {"hostile-positive", CREDENCE_E_REFUSED, "answered 7"},
    {"hostile-unknown-code", CREDENCE_E_REFUSED, "answered -12345"},
    {"hostile-open-fails", CREDENCE_E_INVALID, "this house is \\x1b[31mclosed\\x0a"},
    {"hostile-missing-secret", CREDENCE_E_INVALID, "the manifest has no secret nonesuch"},
    {"hostile-splits-header", CREDENCE_E_INVALID, "control character (0x0d)"},
    {"hostile-huge-query", CREDENCE_E_TOO_LARGE, "65536"},
    {"hostile-sets-header", CREDENCE_E_REFUSED, "the header Host, which is the library's"},
};

static void each_fault_has_its_error(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
    credence_profile *profile = open_stack("one", faults[i].provider, "");
    expect_refused_by(profile, faults[i].code, faults[i].provider, faults[i].words);
    credence_profile_free(&profile);
  }
}

/* One bad provider in a stack: nothing is signed by the good one either. */
static void a_stack_fails_closed(void **state)
{
  char stack[100];
  (void)state;
  for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
    for (int bad_first = 0; bad_first < 2; bad_first++) {
      snprintf(stack, sizeof(stack), "%s %s", bad_first ? faults[i].provider : "hostile-longer-table",
               bad_first ? "hostile-longer-table" : faults[i].provider);
      credence_profile *profile = open_stack("two", stack, "");
      expect_refused_by(profile, faults[i].code, faults[i].provider, faults[i].words);
      credence_profile_free(&profile);
    }
}

/* What was refused must not be mistaken for what is loaded after it, in whatever
 * order: the loader knows a file by the name it was opened with. */
static void a_good_plugin_after_bad_ones(void **state)
{
  credence_error *error = NULL;
  (void)state;
  for (int again = 0; again < 2; again++) {
    credence_profile *bad = open_stack("bad", "hostile-no-symbol", "");
    expect_refused_by(bad, CREDENCE_E_FAILED, "hostile-no-symbol.so", "does not export");
    credence_profile *good = open_stack("good", "hostile-longer-table", "");
    credence_request *request = build(good, "GET", "/x");
    expect_ok(credence_request_sign(request, &error), &error);
    assert_string_equal(header_of(request, "X-Longer"), "longer");
    credence_request_free(&request);
    credence_profile_free(&bad);
    credence_profile_free(&good);
  }
}

static void headers_that_are_the_librarys(void **state)
{
  static const char *const refused[] = {"host", "Content-Length", "Transfer-Encoding", "Connection",
                                        "Expect"};
  static const char *const taken[] = {"Authorization", "X-Auth-Token", "Cookie"};
  char more[100];
  credence_error *error = NULL;
  (void)state;
  for (size_t i = 0; i < 5; i++) {
    snprintf(more, sizeof(more), "[hostile-sets-header]\nheader = %s\n", refused[i]);
    credence_profile *profile = open_stack("h", "hostile-sets-header", more);
    expect_refused_by(profile, CREDENCE_E_REFUSED, "hostile-sets-header", "which is the library's");
    credence_profile_free(&profile);
  }
  for (size_t i = 0; i < 3; i++) {
    snprintf(more, sizeof(more), "[hostile-sets-header]\nheader = %s\n", taken[i]);
    credence_profile *profile = open_stack("h", "hostile-sets-header", more);
    credence_request *request = build(profile, "GET", "/x");
    expect_ok(credence_request_sign(request, &error), &error);
    assert_string_equal(header_of(request, taken[i]), "mine");
    credence_request_free(&request);
    credence_profile_free(&profile);
  }
}

/* What the provider sets cannot be preset by the caller. */
static void headers_that_are_the_providers(void **state)
{
  credence_error *error = NULL;
  (void)state;
  credence_profile *profile = open_stack("h", "hostile-longer-table", "");
  credence_request *request = build(profile, "GET", "/x");
  expect_ok(credence_request_add_header(request, "x-LONGER", "mine", &error), &error);
  expect_error(credence_request_sign(request, &error), CREDENCE_E_REFUSED, &error, "already has the header");
  credence_request_free(&request);
  credence_profile_free(&profile);
}

static credence_profile *open_with_secret(const char *provider)
{
  static const char *const fields[] = {"user", "ann", NULL};
  credence_profile *profile = NULL;
  credence_error *error = NULL;
  sandbox_add(provider, provider, NULL, "secret", "hunter2",
              strcmp(provider, "hostile-citizen") == 0 ? fields : NULL);
  expect_ok(credence_profile_open(NULL, provider, &profile, &error), &error);
  return profile;
}

static void secrets_are_not_handed_over(void **state)
{
  (void)state;
  credence_profile *profile = open_with_secret("hostile-reads-secret");
  expect_refused_by(profile, CREDENCE_E_REFUSED, "hostile-reads-secret", "a secret, which is placed");
  credence_profile_free(&profile);
}

static void names_that_are_missing(void **state)
{
  (void)state;
  credence_profile *profile = open_with_secret("hostile-null-names");
  expect_refused_by(profile, CREDENCE_E_UNSUPPORTED, "hostile-null-names", "unsupported");
  credence_profile_free(&profile);
}

static int judge(credence_request *request, const char *body, credence_error **error)
{
  credence_response *response = NULL;
  credence_error *failed = NULL;
  int verdict = CREDENCE_DONE;
  expect_ok(credence_response_new(&response, &failed), &failed);
  credence_response_set_status(response, 200);
  expect_ok(credence_response_add_header(response, "X-R", "r", &failed), &failed);
  expect_ok(credence_response_add_body(response, body, strlen(body), &failed), &failed);
  int r = host_judge(request, response, request->profile->stack[0], &verdict, error);
  assert_int_equal(verdict, CREDENCE_DONE);
  credence_response_free(&response);
  return r;
}

static void edits_that_come_late(void **state)
{
  credence_error *error = NULL;
  (void)state;
  credence_profile *profile = open_stack("late", "hostile-edits-late", "");
  credence_request *request = build(profile, "GET", "/x");
  expect_ok(credence_request_sign(request, &error), &error);
  expect_error(judge(request, "", &error), CREDENCE_E_UNSUPPORTED, &error, "provider hostile-edits-late: ");
  assert_null(header_of(request, "X-A"));
  credence_request_free(&request);
  credence_profile_free(&profile);
}

static void keep_trace(void *userdata, const char *label, const char *text, size_t size)
{
  char *end = (char *)userdata + strlen(userdata);
  snprintf(end, 200, "%s: %.*s\n", label, (int)size, text);
}

static void a_good_citizen(void **state)
{
  char traced[1000] = "";
  credence_request *request = NULL;
  credence_error *error = NULL;
  (void)state;
  credence_profile *profile = open_with_secret("hostile-citizen");
  expect_ok(credence_request_new(profile, "POST", "x?a=%20&b", &request, &error), &error);
  expect_ok(credence_request_add_header(request, "X-A", "1", &error), &error);
  expect_ok(credence_request_add_form(request, "f", "1", &error), &error);
  expect_ok(credence_request_set_time(request, 1234567890, &error), &error);
  expect_ok(credence_request_set_nonce(request, "nonce", &error), &error);
  credence_request_set_trace(request, keep_trace, traced);
  for (int again = 0; again < 2; again++) {
    expect_ok(credence_request_sign(request, &error), &error);
    assert_string_equal(credence_request_url(request), "https://a.example/base/x?a=%20&b&q=2&token=hunter2");
    assert_string_equal(credence_request_body(request, NULL), "f=1&g=2");
    assert_string_equal(header_of(request, "Authorization"), "Basic YW5uOmh1bnRlcjI=");
    assert_string_equal(header_of(request, "X-Set"), "2");
    assert_string_equal(traced, "header: (not shown: there is a secret in it, in another form)\n"
                                "query: a=%20&b&q=2&token=[secret]\n"
                                "string to sign: what is signed\n");
    traced[0] = '\0';
  }
  expect_error(judge(request, "{\"n\":1,\"a\":[0,true],\"m\":\"not\\ntoday\"}", &error), CREDENCE_E_REJECTED,
               &error, "provider hostile-citizen: not\\x0atoday");
  credence_request_free(&request);
  credence_profile_free(&profile);
}

/* --- threads ---------------------------------------------------------------------- */

#define ROUNDS 100

static void *sign_often(void *argument)
{
  for (int i = 0; i < ROUNDS; i++) {
    credence_request *request = NULL;
    int r = credence_request_new(argument, "GET", "/x", &request, NULL);
    if (r == 0)
      r = credence_request_sign(request, NULL);
    credence_request_free(&request);
    if (r < 0)
      return argument;
  }
  return NULL;
}

/* Four threads on each of two profiles; then the count that the next signature
 * brings for the first. */
static void expect_count(const char *provider, const char *wanted)
{
  pthread_t threads[8];
  credence_error *error = NULL;
  credence_profile *profiles[2] = {open_stack("t0", provider, ""), open_stack("t1", provider, "")};
  for (size_t i = 0; i < 8; i++)
    assert_int_equal(pthread_create(&threads[i], NULL, sign_often, profiles[i % 2]), 0);
  for (size_t i = 0; i < 8; i++) {
    void *result = NULL;
    assert_int_equal(pthread_join(threads[i], &result), 0);
    assert_null(result);
  }
  credence_request *request = build(profiles[0], "GET", "/x");
  expect_ok(credence_request_sign(request, &error), &error);
  assert_string_equal(header_of(request, "X-Count"), wanted);
  credence_request_free(&request);
  credence_profile_free(&profiles[0]);
  credence_profile_free(&profiles[1]);
}

static void never_two_at_once_in_a_plugin(void **state)
{
  (void)state;
  expect_count("hostile-threads-serial", "801");
}

static void never_two_at_once_in_an_instance(void **state)
{
  (void)state;
  expect_count("hostile-threads-instance", "401");
}

/* --- listing ------------------------------------------------------------------------ */

static int maps_mention(const char *what)
{
  char line[1024];
  int found = 0;
  FILE *file = fopen("/proc/self/maps", "r");
  assert_non_null(file);
  while (fgets(line, sizeof(line), file) != NULL)
    found = found || strstr(line, what) != NULL;
  fclose(file);
  return found;
}

/* First of all tests, before any plugin was loaded. */
static void looking_loads_nothing(void **state)
{
  char **names = NULL;
  credence_error *error = NULL;
  (void)state;
  expect_ok(credence_manifest_list(NULL, &names, &error), &error);
  for (size_t i = 0; names[i] != NULL; i++) {
    credence_manifest *manifest = NULL;
    expect_ok(credence_manifest_open(NULL, names[i], &manifest, &error), &error);
    credence_manifest_free(&manifest);
  }
  credence_strings_free(&names);
  credence_profile *profile = open_stack("look", "hostile-longer-table", "");
  credence_request *request = build(profile, "GET", "/x");
  assert_false(maps_mention("/plugins/"));
  expect_ok(credence_request_sign(request, &error), &error);
  assert_true(maps_mention("/plugins/hostile-longer-table.so")); /* or the test sees nothing */
  assert_false(maps_mention("/plugins/bearer.so"));
  credence_request_free(&request);
  credence_profile_free(&profile);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(looking_loads_nothing),         cmocka_unit_test(a_good_plugin_after_bad_ones),
      cmocka_unit_test(each_fault_has_its_error),      cmocka_unit_test(a_stack_fails_closed),
      cmocka_unit_test(headers_that_are_the_librarys), cmocka_unit_test(headers_that_are_the_providers),
      cmocka_unit_test(secrets_are_not_handed_over),   cmocka_unit_test(names_that_are_missing),
      cmocka_unit_test(edits_that_come_late),          cmocka_unit_test(a_good_citizen),
      cmocka_unit_test(never_two_at_once_in_a_plugin), cmocka_unit_test(never_two_at_once_in_an_instance),
  };
  return cmocka_run_group_tests(tests, start, stop);
}
