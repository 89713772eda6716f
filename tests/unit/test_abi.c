/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The border between core and plugins, byte by byte.  Breaks, most of it while
 * compiling, when a slot moves, changes its size or goes away: then plugins that
 * are out there would call the wrong service.  A slot that is added at the end
 * gets a line here; no other line ever changes.
 *
 * Both public headers are included, which must work in either order.
 */
#include "testing.h"

#include <string.h>

#include "credence-plugin.h"
#include "credence.h"

#include "host.h"

#define AT(type, slot, offset) _Static_assert(offsetof(type, slot) == (offset), #type "." #slot " has moved")
#define SLOT(type, slot, offset) \
  AT(type, slot, offset);        \
  _Static_assert(sizeof(((type *)0)->slot) == 8, #type "." #slot " has another size")
#define WORD(type, slot, offset) \
  AT(type, slot, offset);        \
  _Static_assert(sizeof(((type *)0)->slot) == 4, #type "." #slot " has another size")

#if defined(__LP64__)
SLOT(credence_bytes, data, 0);
SLOT(credence_bytes, size, 8);
_Static_assert(sizeof(credence_bytes) == 16, "credence_bytes");

SLOT(credence_call, host, 0);
_Static_assert(sizeof(credence_call) == 8, "credence_call");

SLOT(credence_host, size, 0);
WORD(credence_host, minor, 8);
WORD(credence_host, reserved, 12);
SLOT(credence_host, extension, 16);
SLOT(credence_host, value, 24);
SLOT(credence_host, hmac, 32);
SLOT(credence_host, derive, 40);
SLOT(credence_host, digest, 48);
SLOT(credence_host, body_digest, 56);
SLOT(credence_host, sign, 64);
SLOT(credence_host, now, 72);
SLOT(credence_host, random, 80);
SLOT(credence_host, counter, 88);
SLOT(credence_host, request_part, 96);
SLOT(credence_host, request_header, 104);
SLOT(credence_host, request_query, 112);
SLOT(credence_host, edit, 120);
SLOT(credence_host, edit_secret, 128);
SLOT(credence_host, response_status, 136);
SLOT(credence_host, response_header, 144);
SLOT(credence_host, response_body, 152);
SLOT(credence_host, response_json, 160);
SLOT(credence_host, session_put, 168);
SLOT(credence_host, ask, 176);
SLOT(credence_host, trace, 184);
SLOT(credence_host, error, 192);
SLOT(credence_host, log, 200);
SLOT(credence_host, response_integer, 208);
SLOT(credence_host, derive_chain, 216);
SLOT(credence_host, memory, 224);
SLOT(credence_host, has, 232);
_Static_assert(sizeof(credence_host) == 240, "credence_host");

SLOT(credence_provider, size, 0);
WORD(credence_provider, needs_minor, 8);
WORD(credence_provider, threads, 12);
WORD(credence_provider, flags, 16);
WORD(credence_provider, reserved, 20);
SLOT(credence_provider, id, 24);
SLOT(credence_provider, open, 32);
SLOT(credence_provider, close, 40);
SLOT(credence_provider, sign, 48);
SLOT(credence_provider, login, 56);
SLOT(credence_provider, logged_in, 64);
SLOT(credence_provider, judge, 72);
SLOT(credence_provider, extension, 80);
_Static_assert(sizeof(credence_provider) == 88, "credence_provider");
#endif

/* Numbers that compiled plugins contain. */
_Static_assert(CREDENCE_SHA1 == 1 && CREDENCE_SHA256 == 2 && CREDENCE_SHA512 == 3 && CREDENCE_MD5 == 4,
               "digests");
_Static_assert(CREDENCE_METHOD == 1 && CREDENCE_SCHEME == 2 && CREDENCE_AUTHORITY == 3 &&
                   CREDENCE_PATH == 4 && CREDENCE_BASE_PATH == 5 && CREDENCE_QUERY == 6 && CREDENCE_BODY == 7,
               "parts");
_Static_assert(CREDENCE_CONTENT_LENGTH == 8, "parts of minor 2");
_Static_assert(CREDENCE_SET_HEADER == 1 && CREDENCE_ADD_HEADER == 2 && CREDENCE_APPEND_QUERY == 3 &&
                   CREDENCE_SET_QUERY == 4 && CREDENCE_APPEND_FORM == 5 && CREDENCE_SET_BODY == 6,
               "changes");
_Static_assert(CREDENCE_SET_METHOD == 7 && CREDENCE_SET_TARGET == 8, "changes of minor 1");
_Static_assert(CREDENCE_PLAIN == 1 && CREDENCE_BASE64 == 2, "encodings");
_Static_assert(CREDENCE_FORM_BASE64 == 3, "encodings of minor 1");
_Static_assert(CREDENCE_THREADS_SERIAL == 1000 && CREDENCE_THREADS_INSTANCE == 2000 &&
                   CREDENCE_THREADS_PARALLEL == 3000,
               "threads");
_Static_assert(CREDENCE_DONE == 0 && CREDENCE_SIGN_AGAIN == 1 && CREDENCE_LOG_IN_AGAIN == 2, "verdicts");
_Static_assert(CREDENCE_CLOCK_IS_OFF == 3, "verdicts of minor 1");
_Static_assert(CREDENCE_ASK_TEXT == 1 && CREDENCE_ASK_SECRET == 2 && CREDENCE_ASK_OTP == 3 &&
                   CREDENCE_ASK_CHOICE == 4,
               "questions");
_Static_assert(CREDENCE_JSON_NULL == 1 && CREDENCE_JSON_BOOLEAN == 2 && CREDENCE_JSON_NUMBER == 3 &&
                   CREDENCE_JSON_STRING == 4 && CREDENCE_JSON_ARRAY == 5 && CREDENCE_JSON_OBJECT == 6,
               "types");
/* Codes; a difference between the two headers is a warning about a macro that is
 * defined twice, and warnings are errors in this project's own builds. */
_Static_assert(CREDENCE_E_FAILED == -1 && CREDENCE_E_NOMEM == -2 && CREDENCE_E_INVALID == -3 &&
                   CREDENCE_E_NOT_FOUND == -4 && CREDENCE_E_LOCKED == -5 &&
                   CREDENCE_E_PROMPT_REQUIRED == -6 && CREDENCE_E_DISMISSED == -7 &&
                   CREDENCE_E_TIMEOUT == -8 && CREDENCE_E_NO_KEYRING == -9 &&
                   CREDENCE_E_SERVICE_LOST == -10 && CREDENCE_E_AMBIGUOUS == -11 &&
                   CREDENCE_E_CONFLICT == -12 && CREDENCE_E_CORRUPT == -13 && CREDENCE_E_TOO_LARGE == -14 &&
                   CREDENCE_E_DENIED == -15 && CREDENCE_E_REFUSED == -16 && CREDENCE_E_UNSUPPORTED == -17 &&
                   CREDENCE_E_REJECTED == -18 && CREDENCE_E_NETWORK == -19 && CREDENCE_E_MALFORMED == -20,
               "codes");
_Static_assert(CREDENCE_E_NO_SESSION == -21, "codes of minor 1");

static void the_hosts_table_says_what_it_is(void **state)
{
  (void)state;
  assert_int_equal(host_services.size, sizeof(credence_host));
  assert_int_equal(host_services.minor, CREDENCE_PLUGIN_MINOR);
  assert_int_equal(host_services.reserved, 0);
}

/* A plugin of today under a host of yesterday, whose table is shorter. */
static void an_older_host_lacks_services(void **state)
{
  credence_host old;
  credence_call call = {&old};
  credence_bytes bytes = {NULL, 0};
  unsigned char out[32];
  (void)state;
  memset(&old, 0xff, sizeof(old)); /* what lies behind the table is not to be called */
  old.size = offsetof(credence_host, value);
  assert_int_equal(credence_value(&call, "x", &bytes), CREDENCE_E_UNSUPPORTED);
  assert_int_equal(credence_hmac(&call, CREDENCE_SHA256, "x", NULL, 0, out, 32), CREDENCE_E_UNSUPPORTED);
  assert_int_equal(credence_derive(&call, CREDENCE_SHA256, "x", &bytes, "y"), CREDENCE_E_UNSUPPORTED);
  assert_int_equal(credence_derive_chain(&call, CREDENCE_SHA256, "x", NULL, &bytes, 1, "y"),
                   CREDENCE_E_UNSUPPORTED);
  assert_null(credence_memory(&call, 1));
  assert_int_equal(credence_has(&call, "x"), CREDENCE_E_UNSUPPORTED);
  assert_int_equal(credence_digest(&call, CREDENCE_SHA256, NULL, 0, out, 32), CREDENCE_E_UNSUPPORTED);
  assert_int_equal(credence_body_digest(&call, CREDENCE_SHA256, out, 32), CREDENCE_E_UNSUPPORTED);
  assert_int_equal(credence_now(&call), CREDENCE_E_UNSUPPORTED);
  assert_int_equal(credence_random(&call, out, 32), CREDENCE_E_UNSUPPORTED);
  assert_int_equal(credence_request_part(&call, CREDENCE_PATH, &bytes), CREDENCE_E_UNSUPPORTED);
  assert_int_equal(credence_header_at(&call, 0, &bytes, &bytes), CREDENCE_E_UNSUPPORTED);
  assert_int_equal(credence_query_at(&call, 0, &bytes, &bytes), CREDENCE_E_UNSUPPORTED);
  assert_int_equal(credence_edit(&call, CREDENCE_SET_HEADER, "x", &bytes), CREDENCE_E_UNSUPPORTED);
  assert_int_equal(credence_edit_secret(&call, 1, "x", NULL, NULL, "x", CREDENCE_PLAIN),
                   CREDENCE_E_UNSUPPORTED);
  assert_int_equal(credence_status(&call), CREDENCE_E_UNSUPPORTED);
  assert_int_equal(credence_response_header_at(&call, 0, &bytes, &bytes), CREDENCE_E_UNSUPPORTED);
  assert_int_equal(credence_response_content(&call, &bytes), CREDENCE_E_UNSUPPORTED);
  assert_int_equal(credence_response_json(&call, "/x", NULL, &bytes), CREDENCE_E_UNSUPPORTED);
  assert_int_equal(credence_response_integer(&call, "/x", NULL), CREDENCE_E_UNSUPPORTED);
  assert_int_equal(credence_session_put(&call, "x", &bytes, 0), CREDENCE_E_UNSUPPORTED);
  assert_int_equal(credence_ask(&call, CREDENCE_ASK_OTP, "x", "x?"), CREDENCE_E_UNSUPPORTED);
  credence_trace(&call, "x", &bytes);
  assert_int_equal(credence_fail(&call, CREDENCE_E_FAILED, "x"), CREDENCE_E_FAILED);
  /* A table that ends within a slot does not have it. */
  old.size = offsetof(credence_host, value) + 7;
  assert_int_equal(credence_value(&call, "x", &bytes), CREDENCE_E_UNSUPPORTED);
}

static void texts_and_bytes(void **state)
{
  (void)state;
  assert_int_equal(credence_text("abc").size, 3);
  assert_int_equal(credence_text("").size, 0);
  assert_non_null(credence_text("").data);
  assert_null(credence_text(NULL).data);
  assert_int_equal(credence_text(NULL).size, 0);
}

static void text_forms(void **state)
{
  char out[CREDENCE_BASE64_ROOM(6)];
  char hex[CREDENCE_HEX_ROOM(3)];
  (void)state;
  credence_base64(out, "", 0);
  assert_string_equal(out, "");
  credence_base64(out, "f", 1);
  assert_string_equal(out, "Zg==");
  credence_base64(out, "fo", 2);
  assert_string_equal(out, "Zm8=");
  credence_base64(out, "foobar", 6);
  assert_string_equal(out, "Zm9vYmFy");
  credence_base64(out, "\xfb\xff\xbf", 3);
  assert_string_equal(out, "+/+/");
  credence_hex(hex, "\x00\x9f\xff", 3);
  assert_string_equal(hex, "009fff");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_hosts_table_says_what_it_is),
      cmocka_unit_test(an_older_host_lacks_services),
      cmocka_unit_test(texts_and_bytes),
      cmocka_unit_test(text_forms),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
