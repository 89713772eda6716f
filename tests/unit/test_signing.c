/* SPDX-License-Identifier: BSD-3-Clause */
/* Signatures that vendors have published, through the public API with the secret
 * in the file keyring; then many threads and processes that sign at once.  Breaks
 * when one byte differs, or when those who share a profile disturb each other. */
#include "testing.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define SIXCONNECT "https://cloud.6connect.com/ex/api/v1/api.php"
#define NOON 1670561053

static struct sandbox sandbox;
static credence_profile *six;     /* 6connect, at SIXCONNECT */
static credence_profile *equotix; /* at its usual endpoint */

/* Once for all tests: each write to the file keyring costs a key derivation. */
static int start(void **state)
{
  static const char *const six_fields[] = {"api_key", "41-HSLH4QZQX6IAOOJS", NULL};
  static const char *const equotix_fields[] = {"domain", "test", "api_key", "test@example.com", NULL};
  (void)state;
  sandbox_open(&sandbox);
  sandbox_add("six", "6connect", SIXCONNECT, "secret_key", "889f33027c902061d023d8b0ee39b100", six_fields);
  sandbox_add("shop", "equotix", NULL, "api_secret", "Xv2l2mDFf1KG6WaLVZPpYbXNLpHRjF1MZMxiSSf4",
              equotix_fields);
  six = open_profile("six");
  equotix = open_profile("shop");
  return 0;
}

static int stop(void **state)
{
  (void)state;
  credence_profile_free(&six);
  credence_profile_free(&equotix);
  sandbox_close(&sandbox);
  return 0;
}

/* --- published signatures ----------------------------------------------------------- */

static void expect_sixconnect(credence_profile *profile, const char *wanted)
{
  credence_request *request = build(profile, "GET", "?target=ipam&action=get&type=IP&mask=24");
  sign(request);
  assert_string_equal(credence_request_url(request), wanted);
  credence_request_free(&request);
}

static void published_by_6connect(void **state)
{
  static const char *const fields[] = {"api_key", "32-5DAYTJQY2TZHOFOB", NULL};
  (void)state;
  expect_sixconnect(six, SIXCONNECT "?target=ipam&action=get&type=IP&mask=24&apiKey=41-HSLH4QZQX6IAOOJS"
                                    "&hash=xxakpAz2B8XX41DY2jjh14fgfn3os6xg9DokMUff0T4%3D");
  sandbox_add("six2", "6connect", SIXCONNECT, "secret_key", "48b278ec873bda4738923dbc467f8669", fields);
  credence_profile *second = open_profile("six2");
  expect_sixconnect(second, SIXCONNECT "?target=ipam&action=get&type=IP&mask=24&apiKey=32-5DAYTJQY2TZHOFOB"
                                       "&hash=yneSFMyxPPe%2B3W4IOkVp50K3VStatBcRRak%2B2ygDUWQ%3D");
  credence_profile_free(&second);
}

static void published_by_packetfabric(void **state)
{
  static const char *const fields[] = {"api_key", "1-0123456789ABCDEF", NULL};
  (void)state;
  sandbox_add("fabric", "packetfabric-legacy", NULL, "secret_key", "0123456789ABCDEF0123456789ABCDEF",
              fields);
  credence_profile *profile = open_profile("fabric");
  credence_request *request = build(profile, "GET", "/interfaces/physical");
  sign(request);
  assert_string_equal(credence_request_url(request),
                      "https://api.packetfabric.com/interfaces/physical?api_key=1-0123456789ABCDEF"
                      "&auth_hash=BmoewII%2FOUyIX%2BjMXhHxLAlTc6XRXLobVVJ9DWUPP3Y%3D");
  credence_request_free(&request);
  credence_profile_free(&profile);
}

static void published_by_equotix(void **state)
{
  static const char *const cases[][2] = {
      {"{\"sku\":\"test\"}", "292223c3b8b7f0a79f083e62560cfb44c478fb256a457e341214310f27c2dd1a"},
      {"{\"url\":\"https://a/b\"}", "ae6045b4e9366b5015b7df1bcf0fb5cbc11d63abe5ce12f1fb4e48e9b5f84a00"},
      {"{\"name\":\"\xc3\xa9\xe6\xbc\xa2\xf0\x9f\x98\x80\"}",
       "8c5523e589891d48e8cae2d9e72aedf713aee2855862e02cdd366cf568dd7988"},
      {"{\"Zed\":\"1\",\"_x\":\"2\",\"a1\":\"3\"}",
       "5e0891e3f3db23a9251b5a577c64108e8ee0587443b73833358735e4e4dea1c2"},
      {"{\"t\":true,\"f\":false,\"n\":null}",
       "eb8853962dbaed3448a08066d8071ddac674c46bf0c2cdd531bf9e05fa0fe634"},
  };
  credence_error *error = NULL;
  (void)state;
  for (size_t i = 0; i < 5; i++) {
    char member[100];
    credence_request *request = build(equotix, "POST", "item/get");
    expect_ok(credence_request_set_json(request, cases[i][0], &error), &error);
    expect_ok(credence_request_set_time(request, INT64_C(1000000) * NOON, &error), &error);
    sign(request);
    assert_string_equal(credence_request_url(request), "https://dashboard.equotix.one/api/item/get");
    snprintf(member, sizeof(member), "\"auth_signature\":\"%s\"", cases[i][1]);
    assert_non_null(strstr(credence_request_body(request, NULL), member));
    credence_request_free(&request);
  }
}

/* get-vanilla of awslabs/aws-c-auth, tests/aws-signing-test-suite/v4. */
static void published_by_aws(void **state)
{
  static const char *const fields[] = {"access_key_id", "AKIDEXAMPLE", "region", "us-east-1",
                                       "service",       "service",     NULL};
  credence_error *error = NULL;
  (void)state;
  sandbox_add("aws", "aws-sigv4", "https://example.amazonaws.com", "secret_access_key",
              "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", fields);
  credence_profile *profile = open_profile("aws");
  credence_request *request = build(profile, "GET", "/");
  expect_ok(credence_request_set_time(request, INT64_C(1000000) * 1440938160, &error), &error);
  sign(request);
  assert_string_equal(header_of(request, "Authorization"),
                      "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
                      "SignedHeaders=host;x-amz-date, "
                      "Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
  credence_request_free(&request);
  credence_profile_free(&profile);
}

/* --- threads and processes ------------------------------------------------------------ */

#define ROUNDS 2000

struct worker {
  credence_profile *profile;
  const char *wanted; /* the URL once signed */
  int rounds;
};

static int sign_once(const struct worker *worker)
{
  credence_request *request = NULL;
  int good = credence_request_new(worker->profile, "GET", "?target=ipam&action=get&type=IP&mask=24", &request,
                                  NULL) == 0 &&
             credence_request_sign(request, NULL) == 0 &&
             strcmp(credence_request_url(request), worker->wanted) == 0;
  credence_request_free(&request);
  return good;
}

static void *work(void *argument)
{
  struct worker *worker = argument;
  for (int i = 0; i < worker->rounds; i++)
    if (!sign_once(worker))
      return worker;
  return NULL;
}

static void expect_all_good(struct worker *workers, size_t count, size_t stride)
{
  pthread_t threads[10];
  for (size_t i = 0; i < count; i++)
    assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i * stride]), 0);
  for (size_t i = 0; i < count; i++) {
    void *result = NULL;
    assert_int_equal(pthread_join(threads[i], &result), 0);
    assert_null(result);
  }
}

static const char six_url[] = SIXCONNECT "?target=ipam&action=get&type=IP&mask=24&apiKey=41-HSLH4QZQX6IAOOJS"
                                         "&hash=xxakpAz2B8XX41DY2jjh14fgfn3os6xg9DokMUff0T4%3D";

/* A profile that nobody has unlocked yet: the eight threads meet at that too. */
static void eight_threads_share_a_profile(void **state)
{
  struct worker worker = {open_profile("six"), six_url, ROUNDS};
  (void)state;
  expect_all_good(&worker, 8, 0);
  credence_profile_free(&worker.profile);
}

static void ten_profiles_at_once(void **state)
{
  struct worker workers[10];
  (void)state;
  for (size_t i = 0; i < 10; i++)
    workers[i] = (struct worker){open_profile("six"), six_url, 20};
  expect_all_good(workers, 10, 1);
  for (size_t i = 0; i < 10; i++)
    credence_profile_free(&workers[i].profile);
}

static void expect_good_in_child(credence_profile *profile)
{
  const struct worker worker = {profile, six_url, 1};
  int status = 0;
  pid_t pid = fork();
  if (pid == 0)
    _exit(sign_once(&worker) ? 0 : 1);
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_true(WIFEXITED(status));
  assert_int_equal(WEXITSTATUS(status), 0);
}

static void a_profile_survives_fork(void **state)
{
  credence_error *error = NULL;
  (void)state;
  credence_profile *profile = open_profile("six");
  expect_good_in_child(profile); /* which takes the secret from the keyring itself */
  expect_ok(credence_profile_unlock(profile, &error), &error);
  expect_good_in_child(profile);
  const struct worker worker = {profile, six_url, 1};
  assert_true(sign_once(&worker));
  credence_profile_free(&profile);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(published_by_6connect),         cmocka_unit_test(published_by_packetfabric),
      cmocka_unit_test(published_by_equotix),          cmocka_unit_test(published_by_aws),
      cmocka_unit_test(eight_threads_share_a_profile), cmocka_unit_test(ten_profiles_at_once),
      cmocka_unit_test(a_profile_survives_fork),
  };
  return cmocka_run_group_tests(tests, start, stop);
}
