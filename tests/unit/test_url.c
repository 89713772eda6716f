/* SPDX-License-Identifier: BSD-3-Clause */
/* Endpoints and targets.  Breaks when something is accepted that another reader
 * of URLs, libcurl for one, takes for another host, port, path or query: then
 * what is signed is not what is sent, or goes to somebody else. */
#include "testing.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "profile.h"
#include "url.h"

struct url_case {
  const char *text;
  int code;
  const char *host; /* of those that are accepted */
  unsigned port;
  const char *path;
  const char *query; /* NULL: none */
};

static const struct url_case absolute[] = {
    {"https://a.example", 0, "a.example", 443, "", NULL},
    {"https://a.example/", 0, "a.example", 443, "/", NULL},
    {"http://a.example/x", 0, "a.example", 80, "/x", NULL},
    {"https://a.example:8443/x/y?q=1&r", 0, "a.example", 8443, "/x/y", "q=1&r"},
    {"https://a.example?q", 0, "a.example", 443, "", "q"},
    {"https://a.example/?", 0, "a.example", 443, "/", ""},
    {"https://a.example/??", 0, "a.example", 443, "/", "?"},
    {"https://a.example/a/../b/./c//d", 0, "a.example", 443, "/a/../b/./c//d", NULL},
    {"https://a.example/%2e%2E/%00", 0, "a.example", 443, "/%2e%2E/%00", NULL},
    {"https://a.example/a;b=c,d'(e)*!$@:", 0, "a.example", 443, "/a;b=c,d'(e)*!$@:", NULL},
    {"https://a.example/x?list[]=1", 0, "a.example", 443, "/x", "list[]=1"},
    {"https://a.example/x?u=http://b.example/@c", 0, "a.example", 443, "/x", "u=http://b.example/@c"},
    {"http://127.0.0.1:8080/", 0, "127.0.0.1", 8080, "/", NULL},
    {"http://[::1]/", 0, "[::1]", 80, "/", NULL},
    {"http://[2001:db8::1]:81/", 0, "[2001:db8::1]", 81, "/", NULL},
    {"https://xn--mnchen-3ya.example/", 0, "xn--mnchen-3ya.example", 443, "/", NULL},
    {"https://under_score.example/", 0, "under_score.example", 443, "/", NULL},
    {"https://a.example:1/", 0, "a.example", 1, "/", NULL},
    {"https://a.example:65535/", 0, "a.example", 65535, "/", NULL},
    {"https://1.2.3.example/", 0, "1.2.3.example", 443, "/", NULL},
    {"https://A.Example/", 0, "A.Example", 443, "/", NULL},

    {"", CREDENCE_E_INVALID, NULL, 0, NULL, NULL},
    {"a.example", CREDENCE_E_INVALID, NULL, 0, NULL, NULL},
    {"//a.example/", CREDENCE_E_INVALID, NULL, 0, NULL, NULL},
    {"https:/a.example/", CREDENCE_E_INVALID, NULL, 0, NULL, NULL},
    {"https:a.example", CREDENCE_E_INVALID, NULL, 0, NULL, NULL},
    {"://a.example", CREDENCE_E_INVALID, NULL, 0, NULL, NULL},
    {" https://a.example/", CREDENCE_E_INVALID, NULL, 0, NULL, NULL},
    {"HTTPS://a.example/", CREDENCE_E_REFUSED, NULL, 0, NULL, NULL},
    {"ftp://a.example/", CREDENCE_E_REFUSED, NULL, 0, NULL, NULL},
    {"file:///etc/passwd", CREDENCE_E_REFUSED, NULL, 0, NULL, NULL},
    {"httpss://a.example/", CREDENCE_E_REFUSED, NULL, 0, NULL, NULL},
    {"https://", CREDENCE_E_INVALID, NULL, 0, NULL, NULL},
    {"https:///x", CREDENCE_E_INVALID, NULL, 0, NULL, NULL},
    {"https://?q", CREDENCE_E_INVALID, NULL, 0, NULL, NULL},
    {"https://:443/", CREDENCE_E_INVALID, NULL, 0, NULL, NULL},
    {"https://user@a.example/", CREDENCE_E_REFUSED, NULL, 0, NULL, NULL},
    {"https://user:pw@a.example/", CREDENCE_E_REFUSED, NULL, 0, NULL, NULL},
    {"https://a.example@b.example/", CREDENCE_E_REFUSED, NULL, 0, NULL, NULL},
    {"https://a.example:443@b.example/", CREDENCE_E_REFUSED, NULL, 0, NULL, NULL},
    {"https://a.example:0/", CREDENCE_E_INVALID, NULL, 0, NULL, NULL},
    {"https://a.example:65536/", CREDENCE_E_INVALID, NULL, 0, NULL, NULL},
    {"https://a.example:99999999999/", CREDENCE_E_INVALID, NULL, 0, NULL, NULL},
    {"https://a.example:/", CREDENCE_E_INVALID, NULL, 0, NULL, NULL},
    {"https://a.example:-1/", CREDENCE_E_INVALID, NULL, 0, NULL, NULL},
    {"https://a.example:+1/", CREDENCE_E_INVALID, NULL, 0, NULL, NULL},
    {"https://a.example:80x/", CREDENCE_E_INVALID, NULL, 0, NULL, NULL},
    {"https://a.example:80:81/", CREDENCE_E_INVALID, NULL, 0, NULL, NULL},
    {"https://a.example\\b.example/", CREDENCE_E_INVALID, NULL, 0, NULL, NULL},
    {"https://a.example\\@b.example/", CREDENCE_E_INVALID, NULL, 0, NULL, NULL},
    {"https://a.example/\\x", CREDENCE_E_INVALID, NULL, 0, NULL, NULL},
    {"https://a.example#x", CREDENCE_E_INVALID, NULL, 0, NULL, NULL},
    {"https://a.example/#x", CREDENCE_E_INVALID, NULL, 0, NULL, NULL},
    {"https://a.example/?q#@b.example/", CREDENCE_E_INVALID, NULL, 0, NULL, NULL},
    {"https://a example/", CREDENCE_E_INVALID, NULL, 0, NULL, NULL},
    {"https://a%2eexample/", CREDENCE_E_INVALID, NULL, 0, NULL, NULL},
    {"https://m\xc3\xbcnchen.example/", CREDENCE_E_INVALID, NULL, 0, NULL, NULL},
    {"https://.example/", CREDENCE_E_INVALID, NULL, 0, NULL, NULL},
    {"https://-a.example/", CREDENCE_E_INVALID, NULL, 0, NULL, NULL},
    {"https://a.example/x y", CREDENCE_E_INVALID, NULL, 0, NULL, NULL},
    {"https://a.example/x\ty", CREDENCE_E_INVALID, NULL, 0, NULL, NULL},
    {"https://a.example/x\ny", CREDENCE_E_INVALID, NULL, 0, NULL, NULL},
    {"https://a.example/\r\nHost: b", CREDENCE_E_INVALID, NULL, 0, NULL, NULL},
    {"https://a.example/\xc3\xa9", CREDENCE_E_INVALID, NULL, 0, NULL, NULL},
    {"https://a.example/\x7f", CREDENCE_E_INVALID, NULL, 0, NULL, NULL},
    {"https://a.example/%", CREDENCE_E_INVALID, NULL, 0, NULL, NULL},
    {"https://a.example/%4", CREDENCE_E_INVALID, NULL, 0, NULL, NULL},
    {"https://a.example/%4g", CREDENCE_E_INVALID, NULL, 0, NULL, NULL},
    {"https://a.example/%%41", CREDENCE_E_INVALID, NULL, 0, NULL, NULL},
    {"https://a.example/\"", CREDENCE_E_INVALID, NULL, 0, NULL, NULL},
    {"https://a.example/<>", CREDENCE_E_INVALID, NULL, 0, NULL, NULL},
    {"https://a.example/{x}", CREDENCE_E_INVALID, NULL, 0, NULL, NULL},
    {"https://a.example/x|y", CREDENCE_E_INVALID, NULL, 0, NULL, NULL},
    {"https://a.example/x^y`", CREDENCE_E_INVALID, NULL, 0, NULL, NULL},
    /* Addresses that programs understand differently. */
    {"http://127.1/", CREDENCE_E_INVALID, NULL, 0, NULL, NULL},
    {"http://2130706433/", CREDENCE_E_INVALID, NULL, 0, NULL, NULL},
    {"http://0x7f000001/", CREDENCE_E_INVALID, NULL, 0, NULL, NULL},
    {"http://0X7f.1/", CREDENCE_E_INVALID, NULL, 0, NULL, NULL},
    {"http://0177.0.0.1/", CREDENCE_E_INVALID, NULL, 0, NULL, NULL},
    {"http://127.0.0.1./", CREDENCE_E_INVALID, NULL, 0, NULL, NULL},
    {"http://256.0.0.1/", CREDENCE_E_INVALID, NULL, 0, NULL, NULL},
    {"http://1.2.3.4.5/", CREDENCE_E_INVALID, NULL, 0, NULL, NULL},
    {"http://[::1/", CREDENCE_E_INVALID, NULL, 0, NULL, NULL},
    {"http://::1/", CREDENCE_E_INVALID, NULL, 0, NULL, NULL},
    {"http://[]/", CREDENCE_E_INVALID, NULL, 0, NULL, NULL},
    {"http://[::1]x/", CREDENCE_E_INVALID, NULL, 0, NULL, NULL},
    {"http://[0:0::1]/", CREDENCE_E_INVALID, NULL, 0, NULL, NULL},
    {"http://[2001:DB8::1]/", CREDENCE_E_INVALID, NULL, 0, NULL, NULL},
    {"http://[fe80::1%25eth0]/", CREDENCE_E_INVALID, NULL, 0, NULL, NULL},
    {"http://[fe80::1%eth0]/", CREDENCE_E_INVALID, NULL, 0, NULL, NULL},
    {"http://[v1.x]/", CREDENCE_E_INVALID, NULL, 0, NULL, NULL},
    {"http://[1.2.3.4]/", CREDENCE_E_INVALID, NULL, 0, NULL, NULL},
};

static void expect_bytes(const char *data, size_t size, const char *text)
{
  if (text == NULL) {
    assert_null(data);
    return;
  }
  assert_int_equal(size, strlen(text));
  assert_memory_equal(data, text, size);
}

static void expect_url(const struct url_case *wanted)
{
  struct url url;
  credence_error *error = NULL;
  int r = url_parse(wanted->text, &url, &error);
  if (r != wanted->code)
    print_error("%s: %d, %s\n", wanted->text, r, credence_error_message(error));
  assert_int_equal(r, wanted->code);
  assert_int_equal(credence_error_code(error), wanted->code);
  if (r < 0)
    assert_true(credence_error_remedy(error)[0] != '\0');
  credence_error_free(&error);
  if (r < 0)
    return;
  expect_bytes(url.host, url.host_size, wanted->host);
  expect_bytes(url.path, url.path_size, wanted->path);
  expect_bytes(url.query, url.query_size, wanted->query);
  assert_int_equal(url.port, wanted->port);
}

static void absolute_urls(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof(absolute) / sizeof(absolute[0]); i++)
    expect_url(&absolute[i]);
}

static void targets(void **state)
{
  static const struct url_case cases[] = {
      {"", 0, NULL, 0, "", NULL},
      {"?", 0, NULL, 0, "", ""},
      {"?a=b&c", 0, NULL, 0, "", "a=b&c"},
      {"/", 0, NULL, 0, "/", NULL},
      {"//x", 0, NULL, 0, "//x", NULL},
      {"path/more?q?r", 0, NULL, 0, "path/more", "q?r"},
      {"/%E2%82%AC", 0, NULL, 0, "/%E2%82%AC", NULL},
      {"#", CREDENCE_E_INVALID, NULL, 0, NULL, NULL},
      {"/a b", CREDENCE_E_INVALID, NULL, 0, NULL, NULL},
      {"/a\\b", CREDENCE_E_INVALID, NULL, 0, NULL, NULL},
      {"/100%", CREDENCE_E_INVALID, NULL, 0, NULL, NULL},
      {"?a=\x01", CREDENCE_E_INVALID, NULL, 0, NULL, NULL},
  };
  (void)state;
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    struct url url;
    assert_int_equal(url_parse_target(cases[i].text, &url, NULL), cases[i].code);
    if (cases[i].code < 0)
      continue;
    expect_bytes(url.path, url.path_size, cases[i].path);
    expect_bytes(url.query, url.query_size, cases[i].query);
  }
}

static void what_is_absolute(void **state)
{
  (void)state;
  assert_true(url_is_absolute("https://x"));
  assert_true(url_is_absolute("x+y-z.1://"));
  assert_false(url_is_absolute("://x"));
  assert_false(url_is_absolute("+x://x"));
  assert_false(url_is_absolute("/x?u=http://y"));
  assert_false(url_is_absolute("?u=http://y"));
  assert_false(url_is_absolute("x/http://y"));
  assert_false(url_is_absolute(""));
}

static void lengths(void **state)
{
  struct url url;
  credence_error *error = NULL;
  char *text = calloc(1, URL_MAX + 2);
  (void)state;
  assert_non_null(text);
  memset(text, 'a', URL_MAX);
  expect_ok(url_parse_target(text, &url, &error), &error);
  text[URL_MAX] = 'a';
  expect_error(url_parse_target(text, &url, &error), CREDENCE_E_TOO_LARGE, &error, "longer");
  memset(text, 0, URL_MAX + 2);
  memcpy(text, "https://", 8);
  memset(text + 8, 'a', 253);
  expect_ok(url_parse(text, &url, &error), &error);
  text[8 + 253] = 'a';
  expect_error(url_parse(text, &url, &error), CREDENCE_E_INVALID, &error, "host");
  free(text);
}

static void endpoints(void **state)
{
  struct url url;
  credence_error *error = NULL;
  (void)state;
  expect_ok(endpoint_parse("https://a.example/api/", &url, &error), &error);
  expect_ok(endpoint_parse("https://a.example", &url, &error), &error);
  expect_error(endpoint_parse("https://a.example/?q", &url, &error), CREDENCE_E_INVALID, &error, "query");
  expect_error(endpoint_parse("https://a.example/?", &url, &error), CREDENCE_E_INVALID, &error, "query");
  expect_error(endpoint_parse("https://A.example/", &url, &error), CREDENCE_E_INVALID, &error, "capital");
  expect_error(endpoint_parse("https://a.example./", &url, &error), CREDENCE_E_INVALID, &error, "dot");
}

static void origins(void **state)
{
  static const char *const cases[][2] = {
      {"https://a.example:443/x", "https://a.example"},  {"https://a.example:80/x", "https://a.example:80"},
      {"http://a.example:80", "http://a.example"},       {"http://a.example:443", "http://a.example:443"},
      {"https://a.example:0443/x", "https://a.example"}, {"http://[::1]:8080/", "http://[::1]:8080"},
  };
  (void)state;
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    struct url url;
    assert_int_equal(url_parse(cases[i][0], &url, NULL), 0);
    char *origin = url_origin(&url);
    assert_string_equal(origin, cases[i][1]);
    free(origin);
  }
}

/* --- what libcurl makes of it ------------------------------------------------ */

static int same_part(CURLU *curl, CURLUPart part, const char *data, size_t size)
{
  char *theirs = NULL;
  CURLUcode code = curl_url_get(curl, part, &theirs, CURLU_DEFAULT_PORT);
  const char *text = code == CURLUE_OK ? theirs : "";
  int same = (code == CURLUE_OK || code == CURLUE_NO_QUERY) && strlen(text) == size &&
             (size == 0 || memcmp(text, data, size) == 0);
  if (!same)
    print_error("libcurl has \"%s\" (%d), we have \"%.*s\"\n", text, (int)code, (int)size, data);
  curl_free(theirs);
  return same;
}

/* 1 when we accept the URL; fails when libcurl then sees another. */
static int agrees_with_curl(const char *text)
{
  struct url url;
  char port[16];
  if (url_parse(text, &url, NULL) < 0)
    return 0;
  CURLU *curl = curl_url();
  assert_non_null(curl);
  CURLUcode code = curl_url_set(curl, CURLUPART_URL, text, CURLU_PATH_AS_IS);
  snprintf(port, sizeof(port), "%u", url.port);
  const char *path = url.path_size == 0 ? "/" : url.path; /* what a request says then */
  int same = code == CURLUE_OK && same_part(curl, CURLUPART_SCHEME, url.scheme, strlen(url.scheme)) &&
             same_part(curl, CURLUPART_HOST, url.host, url.host_size) &&
             same_part(curl, CURLUPART_PORT, port, strlen(port)) &&
             same_part(curl, CURLUPART_PATH, path, url.path_size == 0 ? 1 : url.path_size) &&
             same_part(curl, CURLUPART_QUERY, url.query, url.query_size);
  curl_url_cleanup(curl);
  if (!same)
    print_error("%s: libcurl answers %d\n", text, (int)code);
  assert_true(same);
  return 1;
}

static void libcurl_agrees_about_the_table(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof(absolute) / sizeof(absolute[0]); i++)
    assert_int_equal(agrees_with_curl(absolute[i].text), absolute[i].code == 0);
}

/* Append one to most pieces. */
static void add_pieces(char *out, size_t size, uint32_t *seed, const char *const *pieces, uint32_t count,
                       uint32_t most)
{
  for (uint32_t i = 1 + dice(seed, most); i > 0; i--) {
    const char *piece = pieces[dice(seed, count)];
    if (strlen(out) + strlen(piece) < size)
      strncat(out, piece, size - strlen(out) - 1);
  }
}

#define ADD(out, seed, pieces, most) \
  add_pieces(out, sizeof(out), seed, pieces, sizeof(pieces) / sizeof((pieces)[0]), most)

static void libcurl_agrees_about_random_urls(void **state)
{
  static const char *const schemes[] = {"https://", "http://"};
  static const char *const hosts[] = {
      "a", "example",        ".", "-",    "_",     "1", "127.0.0.1",    "0x7f", "[::1]", "8", "255",
      "[", "::ffff:1.2.3.4", "]", "xn--", "a.b.c", "0", "[2001:db8::5]"};
  static const char *const ports[] = {":", "80", "443", "8080", "0", "1", "9", "x", "@"};
  static const char *const slash[] = {"/", "/", "?"};
  static const char *const rest[] = {"/", "?",  "..", ".",  "%2e", "%2F", "%00", "a",   "=",
                                     "&", "[]", "+",  "//", ":",   "@",   "/",   "%41", "?",
                                     ";", "'",  "*",  "~",  "!",   "b",   "#",   "\\"};
  uint32_t seed = 7;
  int accepted = 0;
  (void)state;
  for (int i = 0; i < 8000; i++) {
    char text[256] = "";
    ADD(text, &seed, schemes, 1);
    ADD(text, &seed, hosts, 3);
    if (dice(&seed, 6) == 0)
      ADD(text, &seed, ports, 3);
    ADD(text, &seed, slash, 1);
    ADD(text, &seed, rest, 4);
    accepted += agrees_with_curl(text);
  }
  assert_true(accepted > 1000); /* or the test tests nothing */
}

/* One byte of a good URL replaced by any other. */
static void libcurl_agrees_about_changed_urls(void **state)
{
  static const char good[] = "https://ab.example:8443/p/q?r=s&t";
  (void)state;
  for (size_t at = 0; at < sizeof(good) - 1; at++)
    for (int byte = 1; byte < 256; byte++) {
      char text[sizeof(good)];
      memcpy(text, good, sizeof(good));
      text[at] = (char)byte;
      (void)agrees_with_curl(text);
    }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(absolute_urls),
      cmocka_unit_test(targets),
      cmocka_unit_test(what_is_absolute),
      cmocka_unit_test(lengths),
      cmocka_unit_test(endpoints),
      cmocka_unit_test(origins),
      cmocka_unit_test(libcurl_agrees_about_the_table),
      cmocka_unit_test(libcurl_agrees_about_random_urls),
      cmocka_unit_test(libcurl_agrees_about_changed_urls),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
