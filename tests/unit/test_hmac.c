/* SPDX-License-Identifier: BSD-3-Clause */
/* HMAC with the keyed state kept ready.  Breaks when a result differs from the
 * RFCs or from OpenSSL's own HMAC() for any length of key, or when two threads
 * that use one key disturb each other. */
#include "testing.h"

#include <openssl/hmac.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "hmac.h"

static const uint32_t algorithms[] = {CREDENCE_SHA1, CREDENCE_SHA256, CREDENCE_SHA512, CREDENCE_MD5};
static const size_t sizes[] = {CREDENCE_SHA1_SIZE, CREDENCE_SHA256_SIZE, CREDENCE_SHA512_SIZE,
                               CREDENCE_MD5_SIZE};

static void hex(char *out, const unsigned char *data, size_t size)
{
  for (size_t i = 0; i < size; i++)
    snprintf(out + 2 * i, 3, "%02x", data[i]);
}

static void expect_mac(uint32_t algorithm, size_t mac_size, const void *key, size_t key_size,
                       const void *data, size_t size, const char *wanted)
{
  struct hmac_key *ready = NULL;
  unsigned char mac[64];
  char text[129];
  const credence_bytes part = {data, size};
  EVP_MD_CTX *scratch = EVP_MD_CTX_new();
  assert_int_equal(hmac_key_new(algorithm, key, key_size, &ready), 0);
  for (int again = 0; again < 2; again++) { /* the state is not used up */
    assert_int_equal(hmac_parts(ready, scratch, &part, 1, mac, mac_size), 0);
    hex(text, mac, mac_size);
    assert_string_equal(text, wanted);
  }
  hmac_key_free(ready);
  EVP_MD_CTX_free(scratch);
}

struct vector {
  int key_byte; /* repeated; -1: key is text; -2: 01 02 03 ... 19 */
  const char *key;
  size_t key_size;
  int data_byte; /* repeated; -1: data is text */
  const char *data;
  size_t data_size;
  const char *mac[2];
};

static void expect_vectors(const struct vector *vectors, size_t count, const uint32_t which[2],
                           const size_t mac_sizes[2])
{
  char key[256];
  char data[256];
  for (size_t i = 0; i < count; i++) {
    const struct vector *v = &vectors[i];
    size_t key_size = v->key_byte == -1 ? strlen(v->key) : v->key_size;
    size_t data_size = v->data_byte == -1 ? strlen(v->data) : v->data_size;
    for (size_t k = 0; k < key_size; k++)
      key[k] = v->key_byte == -1 ? v->key[k] : v->key_byte == -2 ? (char)(k + 1) : (char)v->key_byte;
    for (size_t d = 0; d < data_size; d++)
      data[d] = v->data_byte == -1 ? v->data[d] : (char)v->data_byte;
    for (size_t a = 0; a < 2; a++)
      expect_mac(which[a], mac_sizes[a], key, key_size, data, data_size, v->mac[a]);
  }
}

static const char larger_key[] = "Test Using Larger Than Block-Size Key - Hash Key First";

static void rfc_4231(void **state)
{
  static const uint32_t which[2] = {CREDENCE_SHA256, CREDENCE_SHA512};
  static const size_t mac_sizes[2] = {CREDENCE_SHA256_SIZE, CREDENCE_SHA512_SIZE};
  static const struct vector vectors[] = {
      {0x0b,
       NULL,
       20,
       -1,
       "Hi There",
       0,
       {"b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
        "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde"
        "daa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854"}},
      {-1,
       "Jefe",
       0,
       -1,
       "what do ya want for nothing?",
       0,
       {"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
        "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
        "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737"}},
      {0xaa,
       NULL,
       20,
       0xdd,
       NULL,
       50,
       {"773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
        "fa73b0089d56a284efb0f0756c890be9b1b5dbdd8ee81a3655f83e33b2279d39"
        "bf3e848279a722c806b485a47e67c807b946a337bee8942674278859e13292fb"}},
      {-2,
       NULL,
       25,
       0xcd,
       NULL,
       50,
       {"82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
        "b0ba465637458c6990e5a8c5f61d4af7e576d97ff94b872de76f8050361ee3db"
        "a91ca5c11aa25eb4d679275cc5788063a5f19741120c4f2de2adebeb10a298dd"}},
      {0xaa,
       NULL,
       131,
       -1,
       larger_key,
       0,
       {"60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
        "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f352"
        "6b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598"}},
      {0xaa,
       NULL,
       131,
       -1,
       "This is a test using a larger than block-size key and a larger than block-size data. The key needs "
       "to be "
       "hashed before being used by the HMAC algorithm.",
       0,
       {"9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
        "e37b6a775dc87dbaa4dfa9f96e5e3ffddebd71f8867289865df5a32d20cdc944"
        "b6022cac3c4982b10d5eeb55c3e4de15134676fb6de0446065c97440fa8c6a58"}},
  };
  (void)state;
  expect_vectors(vectors, sizeof(vectors) / sizeof(vectors[0]), which, mac_sizes);
}

static void rfc_2202(void **state)
{
  static const uint32_t which[2] = {CREDENCE_SHA1, CREDENCE_MD5};
  static const size_t mac_sizes[2] = {CREDENCE_SHA1_SIZE, CREDENCE_MD5_SIZE};
  static const struct vector vectors[] = {
      {-1,
       "Jefe",
       0,
       -1,
       "what do ya want for nothing?",
       0,
       {"effcdf6ae5eb2fa2d27416d5f184df9c259a7c79", "750c783e6ab0b503eaa86e310a5db738"}},
      {-2,
       NULL,
       25,
       0xcd,
       NULL,
       50,
       {"4c9007f4026250c6bc8414f9bf50c86c2d7235da", "697eaf0aca3a3aea3a75164746ffaa79"}},
      {0xaa,
       NULL,
       80,
       -1,
       larger_key,
       0,
       {"aa4ae5e15272d00e95705637ce8a3b55ed402112", "6b1ab7fe4bd7bf8f0b62e6ce61b9d0cd"}},
      {0xaa,
       NULL,
       80,
       -1,
       "Test Using Larger Than Block-Size Key and Larger Than One Block-Size Data",
       0,
       {"e8e99d0f45237d786d6bbaa7965c7808bbff1a91", "6f630fad67cda0ee1fb1f562db3aa53e"}},
  };
  (void)state;
  expect_vectors(vectors, sizeof(vectors) / sizeof(vectors[0]), which, mac_sizes);
  /* Test case 1 has a key of the digest's size, so the two differ. */
  char key[20];
  memset(key, 0x0b, sizeof(key));
  expect_mac(CREDENCE_SHA1, 20, key, 20, "Hi There", 8, "b617318655057264e28bc0b6fb378c8ef146be00");
  expect_mac(CREDENCE_MD5, 16, key, 16, "Hi There", 8, "9294727a3638bb1c13f48ef8158bfc9d");
}

static void an_empty_key(void **state)
{
  (void)state;
  expect_mac(CREDENCE_SHA256, 32, "", 0, "", 0,
             "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
  expect_mac(CREDENCE_SHA256, 32, NULL, 0, NULL, 0,
             "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

static void agree_with_openssl(const unsigned char *bytes, size_t key_size, uint32_t *seed)
{
  unsigned char theirs[EVP_MAX_MD_SIZE];
  unsigned char ours[EVP_MAX_MD_SIZE];
  EVP_MD_CTX *scratch = EVP_MD_CTX_new();
  for (size_t a = 0; a < 4; a++) {
    struct hmac_key *key = NULL;
    size_t size = dice(seed, 301);
    size_t cut = dice(seed, (uint32_t)size + 1);
    const credence_bytes parts[3] = {{bytes + 300, cut}, {NULL, 0}, {bytes + 300 + cut, size - cut}};
    assert_int_equal(hmac_key_new(algorithms[a], bytes, key_size, &key), 0);
    assert_int_equal(hmac_parts(key, scratch, parts, 3, ours, sizes[a]), 0);
    assert_non_null(HMAC(digest_find(algorithms[a]), bytes, (int)key_size, bytes + 300, size, theirs, NULL));
    assert_memory_equal(ours, theirs, sizes[a]);
    hmac_key_free(key);
  }
  EVP_MD_CTX_free(scratch);
}

static void openssl_agrees_for_every_length_of_key(void **state)
{
  unsigned char bytes[601];
  uint32_t seed = 3;
  (void)state;
  for (size_t key_size = 0; key_size <= 300; key_size++) {
    for (size_t i = 0; i < sizeof(bytes); i++)
      bytes[i] = (unsigned char)dice(&seed, 256);
    agree_with_openssl(bytes, key_size, &seed);
  }
}

static void digests(void **state)
{
  unsigned char out[64];
  char text[129];
  const credence_bytes parts[] = {{"a", 1}, {NULL, 0}, {"bc", 2}};
  EVP_MD_CTX *scratch = EVP_MD_CTX_new();
  (void)state;
  assert_int_equal(digest_parts(scratch, CREDENCE_SHA256, parts, 3, out, 32), 0);
  hex(text, out, 32);
  assert_string_equal(text, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  assert_int_equal(digest_parts(scratch, CREDENCE_MD5, NULL, 0, out, 16), 0);
  hex(text, out, 16);
  assert_string_equal(text, "d41d8cd98f00b204e9800998ecf8427e");
  EVP_MD_CTX_free(scratch);
}

static void unknown_algorithms_and_wrong_sizes(void **state)
{
  static const uint32_t unknown[] = {0, 5, 6, 1000, UINT32_MAX};
  struct hmac_key *key = NULL;
  unsigned char out[65];
  EVP_MD_CTX *scratch = EVP_MD_CTX_new();
  (void)state;
  for (size_t i = 0; i < 5; i++) {
    assert_null(digest_find(unknown[i]));
    assert_int_equal(hmac_key_new(unknown[i], "k", 1, &key), CREDENCE_E_UNSUPPORTED);
    assert_int_equal(digest_parts(scratch, unknown[i], NULL, 0, out, 32), CREDENCE_E_UNSUPPORTED);
  }
  assert_null(key);
  assert_int_equal(hmac_key_new(CREDENCE_SHA256, "k", 1, &key), 0);
  for (size_t size = 0; size < 66; size++)
    if (size != 32) {
      assert_int_equal(hmac_parts(key, scratch, NULL, 0, out, size), CREDENCE_E_INVALID);
      assert_int_equal(digest_parts(scratch, CREDENCE_SHA256, NULL, 0, out, size), CREDENCE_E_INVALID);
    }
  hmac_key_free(key);
  hmac_key_free(NULL);
  EVP_MD_CTX_free(scratch);
}

static struct hmac_key *shared;
static unsigned char wanted[CREDENCE_SHA256_SIZE];

static void *compute(void *argument)
{
  unsigned char mac[CREDENCE_SHA256_SIZE];
  const credence_bytes part = {"data", 4};
  EVP_MD_CTX *scratch = EVP_MD_CTX_new();
  for (int i = 0; i < 2000; i++)
    if (hmac_parts(shared, scratch, &part, 1, mac, sizeof(mac)) != 0 || memcmp(mac, wanted, sizeof(mac)) != 0)
      return argument;
  EVP_MD_CTX_free(scratch);
  return NULL;
}

static void eight_threads_on_one_key(void **state)
{
  pthread_t threads[8];
  (void)state;
  assert_int_equal(hmac_key_new(CREDENCE_SHA256, "key", 3, &shared), 0);
  assert_non_null(HMAC(EVP_sha256(), "key", 3, (const unsigned char *)"data", 4, wanted, NULL));
  for (size_t i = 0; i < 8; i++)
    assert_int_equal(pthread_create(&threads[i], NULL, compute, wanted), 0);
  for (size_t i = 0; i < 8; i++) {
    void *result = NULL;
    assert_int_equal(pthread_join(threads[i], &result), 0);
    assert_null(result);
  }
  hmac_key_free(shared);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(rfc_4231),
      cmocka_unit_test(rfc_2202),
      cmocka_unit_test(an_empty_key),
      cmocka_unit_test(openssl_agrees_for_every_length_of_key),
      cmocka_unit_test(digests),
      cmocka_unit_test(unknown_algorithms_and_wrong_sizes),
      cmocka_unit_test(eight_threads_on_one_key),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
