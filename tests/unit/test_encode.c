/* SPDX-License-Identifier: BSD-3-Clause */
/* Text forms of bytes.  Breaks when an encoder writes one digit wrong, or when a
 * decoder takes two texts for one value: then a record in a keyring could be
 * changed without anybody noticing. */
#include "testing.h"

#include <openssl/evp.h>
#include <string.h>

#include "encode.h"

static void expect_base64(const char *plain, const char *padded, const char *url)
{
  char out[64];
  char back[64];
  size_t size = strlen(plain);
  assert_int_equal(base64_size(size), strlen(padded));
  base64_encode(out, plain, size);
  assert_memory_equal(out, padded, strlen(padded));
  assert_int_equal(base64url_size(size), strlen(url));
  base64url_encode(out, plain, size);
  assert_memory_equal(out, url, strlen(url));
  assert_int_equal(base64url_decode(back, url, strlen(url)), size);
  assert_memory_equal(back, plain, size);
}

static void base64_of_rfc_4648(void **state)
{
  (void)state;
  expect_base64("", "", "");
  expect_base64("f", "Zg==", "Zg");
  expect_base64("fo", "Zm8=", "Zm8");
  expect_base64("foo", "Zm9v", "Zm9v");
  expect_base64("foob", "Zm9vYg==", "Zm9vYg");
  expect_base64("fooba", "Zm9vYmE=", "Zm9vYmE");
  expect_base64("foobar", "Zm9vYmFy", "Zm9vYmFy");
  expect_base64("\xfb\xff\xbf", "+/+/", "-_-_");
}

static void base64_agrees_with_openssl(void **state)
{
  unsigned char bytes[100];
  unsigned char theirs[160];
  char ours[160];
  char back[160];
  uint32_t seed = 1;
  (void)state;
  for (size_t size = 0; size <= sizeof(bytes); size++) {
    for (size_t i = 0; i < size; i++)
      bytes[i] = (unsigned char)dice(&seed, 256);
    int length = EVP_EncodeBlock(theirs, bytes, (int)size);
    assert_int_equal(base64_size(size), length);
    base64_encode(ours, bytes, size);
    assert_memory_equal(ours, theirs, (size_t)length);
    base64url_encode(ours, bytes, size);
    assert_int_equal(base64url_decode(back, ours, base64url_size(size)), size);
    assert_memory_equal(back, bytes, size);
  }
}

static void base64url_has_one_form(void **state)
{
  static const char *const bad[] = {
      "Z",     /* a lone digit */
      "Zm9vZ", /* behind whole groups too */
      "Zh",    /* bits left over */
      "Zm9",   /* one bit left over: "Zm8" is meant */
      "Zg=",   "Zg==", "=", "Zm8=", "Zm 8", " Zm8", "Zm8\n", "Zm8\r", "+/+/", "Zm.v", "Zm9v\xc3\xa9",
  };
  char out[32];
  (void)state;
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
    assert_int_equal(base64url_decode(out, bad[i], strlen(bad[i])), -1);
  assert_int_equal(base64url_decode(out, "Zm\0v", 4), -1);
}

/* Every text of two and three digits: exactly those that an encoder writes. */
static void base64url_of_every_short_text(void **state)
{
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  char text[3];
  char again[4];
  char out[4];
  int good[4] = {0, 0, 0, 0};
  (void)state;
  for (unsigned i = 0; i < 64u * 64u * 64u; i++) {
    text[0] = digits[i & 63];
    text[1] = digits[i >> 6 & 63];
    text[2] = digits[i >> 12];
    for (size_t size = 2; size <= 3; size++) {
      long used = base64url_decode(out, text, size);
      if (used < 0)
        continue;
      good[size]++;
      base64url_encode(again, out, (size_t)used);
      assert_memory_equal(again, text, size);
    }
  }
  assert_int_equal(good[2], 256 * 64); /* each seen with 64 third digits */
  assert_int_equal(good[3], 65536);
}

static void percent_of_every_byte(void **state)
{
  static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  (void)state;
  for (int byte = 0; byte < 256; byte++) {
    char in = (char)byte;
    char out[3];
    char wanted[8];
    snprintf(wanted, sizeof(wanted), "%%%02X", (unsigned)byte);
    if (byte != 0 && strchr(plain, byte) != NULL) {
      assert_int_equal(percent_size(&in, 1), 1);
      percent_encode(out, &in, 1);
      assert_int_equal(out[0], in);
    } else {
      assert_int_equal(percent_size(&in, 1), 3);
      percent_encode(out, &in, 1);
      assert_memory_equal(out, wanted, 3);
    }
  }
}

static void percent_equal_sees_through(void **state)
{
  (void)state;
  assert_true(percent_equal("hash", 4, "hash"));
  assert_true(percent_equal("%68ash", 6, "hash"));
  assert_true(percent_equal("%68%61%73%68", 12, "hash"));
  assert_true(percent_equal("a%2fb", 5, "a/b"));
  assert_true(percent_equal("a%2Fb", 5, "a/b"));
  assert_true(percent_equal("", 0, ""));
  assert_false(percent_equal("hash2", 5, "hash"));
  assert_false(percent_equal("has", 3, "hash"));
  assert_false(percent_equal("Hash", 4, "hash"));
  assert_false(percent_equal("%6", 2, "h"));
  assert_true(percent_equal("%6", 2, "%6"));
  assert_true(percent_equal("%zz", 3, "%zz"));
  assert_false(percent_equal("%68", 2, "h")); /* the size counts, not what stands behind it */
}

static void utf8_edges(void **state)
{
  static const struct {
    const char *text;
    size_t length; /* 0: not a character */
  } cases[] = {
      {"a", 1},
      {"\x7f", 1},
      {"\xc2\x80", 2},         /* U+0080 */
      {"\xdf\xbf", 2},         /* U+07FF */
      {"\xe0\xa0\x80", 3},     /* U+0800 */
      {"\xed\x9f\xbf", 3},     /* U+D7FF */
      {"\xee\x80\x80", 3},     /* U+E000 */
      {"\xef\xbf\xbf", 3},     /* U+FFFF */
      {"\xf0\x90\x80\x80", 4}, /* U+10000 */
      {"\xf4\x8f\xbf\xbf", 4}, /* U+10FFFF */
      {"\x80", 0},             /* a continuation alone */
      {"\xbf", 0},
      {"\xc0\x80", 0}, /* overlong NUL */
      {"\xc1\xbf", 0},
      {"\xe0\x9f\xbf", 0}, /* overlong U+07FF */
      {"\xed\xa0\x80", 0}, /* surrogates */
      {"\xed\xbf\xbf", 0},
      {"\xf0\x8f\xbf\xbf", 0}, /* overlong U+FFFF */
      {"\xf4\x90\x80\x80", 0}, /* U+110000 */
      {"\xf5\x80\x80\x80", 0},
      {"\xff", 0},
      {"\xfe", 0},
      {"\xc2", 0}, /* cut short */
      {"\xe2\x82", 0},
      {"\xf0\x9f\x98", 0},
      {"\xc2"
       "a",
       0}, /* no continuation */
      {"\xe2\x82"
       "a",
       0},
      {"\xf0\x9f\x98"
       "a",
       0},
  };
  (void)state;
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    size_t size = strlen(cases[i].text);
    assert_int_equal(utf8_length(cases[i].text, size), cases[i].length);
    assert_int_equal(utf8_valid(cases[i].text, size), cases[i].length > 0);
  }
  assert_int_equal(utf8_length("", 0), 0);
  assert_true(utf8_valid("", 0));
  assert_true(utf8_valid("a\0b", 3));
  assert_true(utf8_valid("h\xc3\xa9\xf0\x9f\x98\x80!", 8));
  assert_false(utf8_valid("h\xc3\xa9\xf0\x9f\x98\x80!", 6));
}

static void control_characters(void **state)
{
  (void)state;
  assert_true(is_control("\0", 1));
  assert_true(is_control("\x1f", 1));
  assert_true(is_control("\x7f", 1));
  assert_true(is_control("\xc2\x80", 2));
  assert_true(is_control("\xc2\x9b", 2)); /* C1: a terminal may take it for ESC [ */
  assert_true(is_control("\xc2\x9f", 2));
  assert_false(is_control("\xc2\xa0", 2));
  assert_false(is_control(" ", 1));
  assert_false(is_control("\xc3\xa9", 2));
  assert_false(is_control("\xe2\x80\xa8", 3));
}

static void ascii_in_any_case(void **state)
{
  (void)state;
  assert_true(ascii_equal("Content-Type", 12, "content-TYPE", 12));
  assert_false(ascii_equal("a", 1, "ab", 2));
  assert_false(ascii_equal("@", 1, "`", 1)); /* beside the letters */
  assert_false(ascii_equal("[", 1, "{", 1));
  assert_false(ascii_equal("\xc3\x89", 2, "\xc3\xa9", 2)); /* no locale */
  assert_true(ascii_is_alnum('0') && ascii_is_alnum('z') && ascii_is_alnum('A'));
  assert_false(ascii_is_alnum('\xe9') || ascii_is_alnum('_') || ascii_is_alnum('\0'));
}

/* Every byte, at every place of texts of every length that is handled differently, among
 * neighbours that a wrong carry would come from. */
static void control_characters_are_found(void **state)
{
  static const char around[] = {' ', '~', '\x80', '\xff'};
  char text[40];
  (void)state;
  for (size_t a = 0; a < sizeof(around); a++)
    for (size_t size = 1; size <= sizeof(text); size++)
      for (size_t at = 0; at < size; at++)
        for (int byte = 0; byte < 256; byte++) {
          memset(text, around[a], sizeof(text));
          text[at] = (char)byte;
          size_t wanted = byte < 0x20 || byte == 0x7f ? at : size;
          if (find_control(text, size) != wanted) /* an assertion each would take minutes */
            fail_msg("byte %02x at %zu of %zu among %02x", (unsigned)byte, at, size,
                     (unsigned char)around[a]);
        }
  assert_int_equal(find_control("", 0), 0);
  assert_int_equal(find_control("aaaaaaaaaaaaaaaaaaaa\n\nb", 23), 20);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(control_characters_are_found),
      cmocka_unit_test(base64_of_rfc_4648),
      cmocka_unit_test(base64_agrees_with_openssl),
      cmocka_unit_test(base64url_has_one_form),
      cmocka_unit_test(base64url_of_every_short_text),
      cmocka_unit_test(percent_of_every_byte),
      cmocka_unit_test(percent_equal_sees_through),
      cmocka_unit_test(utf8_edges),
      cmocka_unit_test(control_characters),
      cmocka_unit_test(ascii_in_any_case),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
