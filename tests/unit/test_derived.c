/* SPDX-License-Identifier: BSD-3-Clause */
/* Keys that are made from a secret and kept.  Breaks when a key is not what the chain
 * of HMACs gives, when one is taken for another (other terms, another secret), when a key
 * that somebody holds goes away, when more are kept than should be, or when threads that
 * make and drop keys of one secret disturb each other. */
#include "testing.h"

#include <stdio.h>
#include <string.h>

#include "derived.h"

#define TERMS 12u

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void expect_key(struct derived *derived, const char *wanted)
{
  char text[2 * 64 + 1] = "";
  const struct secret_value *value = derived_value(derived);
  for (size_t i = 0; i < value->size; i++)
    snprintf(text + 2 * i, 3, "%02x", (unsigned)(unsigned char)value->data[i]);
  assert_string_equal(text, wanted);
}

static void fill(struct secret_value *secret, const char *text)
{
  memset(secret, 0, sizeof(*secret));
  assert_int_equal(secret_value_set(secret, text, strlen(text)), 0);
}

/* The example of "Examples of how to derive a signing key", AWS General Reference. */
static void published_example(void **state)
{
  const credence_bytes data[] = {credence_text("20150830"), credence_text("us-east-1"), credence_text("iam"),
                                 credence_text("aws4_request")};
  const struct derivation how = {CREDENCE_SHA256, credence_text("AWS4"), data, 4};
  struct secret_value secret;
  struct derived *held = NULL;
  EVP_MD_CTX *scratch = EVP_MD_CTX_new();
  (void)state;
  fill(&secret, "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
  assert_int_equal(derived_get(&secret, &how, &lock, scratch, &held), 0);
  expect_key(held, "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9");
  derived_unref(held);
  secret_value_clear(&secret);
  EVP_MD_CTX_free(scratch);
}

static struct derived *get(struct secret_value *secret, const char *lead, const char *first,
                           const char *second, uint32_t algorithm)
{
  const credence_bytes data[] = {credence_text(first), credence_text(second)};
  const struct derivation how = {algorithm, credence_text(lead), data, 2};
  struct derived *held = NULL;
  EVP_MD_CTX *scratch = EVP_MD_CTX_new();
  assert_int_equal(derived_get(secret, &how, &lock, scratch, &held), 0);
  EVP_MD_CTX_free(scratch);
  return held;
}

static void is_kept_and_not_mistaken(void **state)
{
  struct secret_value secret;
  struct secret_value other;
  (void)state;
  fill(&secret, "one secret");
  fill(&other, "another secret");
  struct derived *first = get(&secret, "L", "ab", "c", CREDENCE_SHA256);
  struct derived *again = get(&secret, "L", "ab", "c", CREDENCE_SHA256);
  assert_ptr_equal(first, again);
  struct derived *others[] = {
      get(&secret, "L", "a", "bc", CREDENCE_SHA256), get(&secret, "La", "b", "c", CREDENCE_SHA256),
      get(&secret, "", "ab", "c", CREDENCE_SHA256), get(&secret, "L", "ab", "c", CREDENCE_SHA512),
      get(&other, "L", "ab", "c", CREDENCE_SHA256)};
  for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
    const struct secret_value *a = derived_value(first);
    const struct secret_value *b = derived_value(others[i]);
    assert_true(a->size != b->size || memcmp(a->data, b->data, a->size) != 0);
    derived_unref(others[i]);
  }
  derived_unref(first);
  derived_unref(again);
  secret_value_clear(&secret);
  secret_value_clear(&other);
}

/* A secret that replaces another under the same address has no old keys; what was held
 * stays until it is let go. */
static void goes_with_its_secret(void **state)
{
  struct secret_value secret;
  const credence_bytes data = credence_text("x");
  const struct derivation how = {CREDENCE_SHA256, {"", 0}, &data, 1};
  EVP_MD_CTX *scratch = EVP_MD_CTX_new();
  struct derived *held = NULL;
  char before[32];
  (void)state;
  fill(&secret, "first");
  assert_int_equal(derived_get(&secret, &how, &lock, scratch, &held), 0);
  memcpy(before, derived_value(held)->data, 32);
  assert_int_equal(secret_value_set(&secret, "second", 6), 0);
  assert_memory_equal(derived_value(held)->data, before, 32);
  assert_int_equal(derived_get(&secret, &how, &lock, scratch, &held), 0);
  assert_memory_not_equal(derived_value(held)->data, before, 32);
  derived_unref(held);
  secret_value_clear(&secret);
  EVP_MD_CTX_free(scratch);
}

/* The oldest of too many goes: asked for again it is another object. */
static void few_are_kept(void **state)
{
  struct secret_value secret;
  char name[16];
  (void)state;
  fill(&secret, "secret");
  struct derived *oldest = get(&secret, "", "0", "", CREDENCE_SHA256);
  for (size_t i = 1; i < DERIVED_KEPT; i++) {
    snprintf(name, sizeof(name), "%zu", i);
    derived_unref(get(&secret, "", name, "", CREDENCE_SHA256));
  }
  struct derived *same = get(&secret, "", "0", "", CREDENCE_SHA256);
  assert_ptr_equal(oldest, same);
  derived_unref(get(&secret, "", "one too many", "", CREDENCE_SHA256));
  struct derived *made_again = get(&secret, "", "0", "", CREDENCE_SHA256);
  assert_ptr_not_equal(oldest, made_again);
  assert_memory_equal(derived_value(oldest)->data, derived_value(made_again)->data, 32);
  derived_unref(oldest);
  derived_unref(same);
  derived_unref(made_again);
  secret_value_clear(&secret);
}

struct worker {
  pthread_t thread;
  struct secret_value *secret;
  char (*wanted)[32];
  int failures;
};

/* More keys than are kept, so that all the time one is made and one dropped. */
static void *work(void *userdata)
{
  struct worker *worker = userdata;
  struct derived *held = NULL;
  EVP_MD_CTX *scratch = EVP_MD_CTX_new();
  for (unsigned i = 0; i < 3000; i++) {
    unsigned char term = (unsigned char)(i * 7 % TERMS);
    const credence_bytes data = {&term, 1};
    const struct derivation how = {CREDENCE_SHA256, {"", 0}, &data, 1};
    worker->failures += derived_get(worker->secret, &how, &lock, scratch, &held) != 0 ||
                        memcmp(derived_value(held)->data, worker->wanted[term], 32) != 0;
  }
  derived_unref(held);
  EVP_MD_CTX_free(scratch);
  return NULL;
}

static void threads_share_a_secret(void **state)
{
  static char wanted[TERMS][32];
  struct worker workers[4];
  struct secret_value secret;
  (void)state;
  fill(&secret, "shared");
  for (unsigned char t = 0; t < TERMS; t++) {
    struct hmac_key *key = NULL;
    const credence_bytes data = {&t, 1};
    EVP_MD_CTX *scratch = EVP_MD_CTX_new();
    assert_int_equal(hmac_key_new(CREDENCE_SHA256, "shared", 6, &key), 0);
    assert_int_equal(hmac_parts(key, scratch, &data, 1, wanted[t], 32), 0);
    hmac_key_free(key);
    EVP_MD_CTX_free(scratch);
  }
  for (size_t i = 0; i < 4; i++) {
    workers[i] = (struct worker){.secret = &secret, .wanted = wanted};
    assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
  }
  for (size_t i = 0; i < 4; i++) {
    pthread_join(workers[i].thread, NULL);
    assert_int_equal(workers[i].failures, 0);
  }
  secret_value_clear(&secret);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(published_example),      cmocka_unit_test(is_kept_and_not_mistaken),
      cmocka_unit_test(goes_with_its_secret),   cmocka_unit_test(few_are_kept),
      cmocka_unit_test(threads_share_a_secret),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
