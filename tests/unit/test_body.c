/* SPDX-License-Identifier: BSD-3-Clause */
/* Bodies that are read piece by piece, through the public API, the services of plugins
 * (tests/plugins/digest-citizen.c) and libcurl's callbacks.  Breaks when a reader is
 * asked out of order, when a body that is not as long as was said is signed or sent,
 * or when it is not signed as the same bytes in memory are. */
#include "testing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

#include "credence-curl.h"
#include "request.h"

#define LARGE 200001 /* three pieces of the digest, and a rest */

static struct sandbox sandbox;

/* A reader that knows what it is asked. */
struct book {
  uint64_t size;       /* how much there is, whatever was said */
  uint64_t next;       /* where it has to be asked */
  size_t most;         /* gives no more at a time; 0: all that is asked for */
  size_t extra;        /* and says that it gave so much more */
  uint64_t fails_at;   /* at this offset it answers code */
  int code;            /* 0: it does not fail */
  unsigned beginnings; /* how often it was read from 0 on */
  unsigned ends;       /* how often to the end */
};

static unsigned char byte_at(uint64_t offset)
{
  return (unsigned char)(offset % 251 + offset / 65536);
}

static int read_book(void *userdata, uint64_t offset, void *buffer, size_t size, size_t *ret_size)
{
  struct book *book = userdata;
  assert_true(offset == 0 || offset == book->next);
  assert_true(size > 0);
  assert_int_equal(*ret_size, 0);
  book->beginnings += offset == 0;
  if (book->code != 0 && offset >= book->fails_at)
    return book->code;
  size_t give = book->size - offset < size ? (size_t)(book->size - offset) : size;
  if (book->most != 0 && give > book->most)
    give = book->most;
  for (size_t i = 0; i < give; i++)
    ((unsigned char *)buffer)[i] = byte_at(offset + i);
  book->next = offset + give;
  book->ends += give == 0;
  *ret_size = give + book->extra;
  return 0;
}

static unsigned char *bytes_of(size_t size)
{
  unsigned char *bytes = malloc(size + 1);
  assert_non_null(bytes);
  for (size_t i = 0; i < size; i++)
    bytes[i] = byte_at(i);
  return bytes;
}

static int start(void **state)
{
  static const char *const names[] = {"nothing", "read", "replace", "form"};
  char text[200];
  (void)state;
  sandbox_open(&sandbox);
  for (size_t i = 0; i < 4; i++) {
    snprintf(text, sizeof(text),
             "[profile]\nstack = digest-citizen\nendpoint = https://a.example/\nkeyring = file\n"
             "[digest-citizen]\ndoes = %s\n",
             names[i]);
    sandbox_profile(&sandbox, names[i], text);
  }
  return 0;
}

static int stop(void **state)
{
  (void)state;
  sandbox_close(&sandbox);
  return 0;
}

static void set_reader(credence_request *request, struct book *book, uint64_t size)
{
  credence_error *error = NULL;
  expect_ok(credence_request_set_body_reader(request, read_book, book, size, "text/x-book", &error), &error);
}

static void expect_unsigned(credence_request *request, int code, const char *words)
{
  credence_error *error = NULL;
  expect_error(credence_request_sign(request, &error), code, &error, words);
}

/* --- signing ------------------------------------------------------------------------ */

static void expect_same_digest(credence_profile *profile, size_t size, size_t most)
{
  char length[24];
  credence_error *error = NULL;
  struct book book = {.size = size, .most = most};
  unsigned char *bytes = bytes_of(size);
  credence_request *in_memory = build(profile, "POST", "/x");
  credence_request *request = build(profile, "POST", "/x");
  expect_ok(credence_request_set_body(in_memory, bytes, size, "text/x-book", &error), &error);
  set_reader(request, &book, size);
  sign(in_memory);
  sign(request);
  sign(request);
  assert_int_equal(book.beginnings, size == 0 ? 1 : 2);
  assert_int_equal(book.ends, size == 0 ? 1 : 2);
  snprintf(length, sizeof(length), "%zu", size);
  assert_string_equal(header_of(request, "X-Digest"), header_of(in_memory, "X-Digest"));
  assert_string_equal(header_of(request, "X-Length"), length);
  assert_string_equal(header_of(in_memory, "X-Length"), length);
  assert_string_equal(header_of(request, "Content-Type"), "text/x-book");
  credence_request_free(&in_memory);
  credence_request_free(&request);
  free(bytes);
}

static void signed_as_the_same_bytes_in_memory(void **state)
{
  static const size_t sizes[] = {0, 1, 65535, 65536, 65537, 131072, LARGE};
  credence_profile *profile = open_profile("nothing");
  (void)state;
  for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
    expect_same_digest(profile, sizes[i], 0);
    expect_same_digest(profile, sizes[i], 1000);
  }
  credence_profile_free(&profile);
}

static void no_body_has_no_length(void **state)
{
  (void)state;
  credence_profile *profile = open_profile("nothing");
  credence_request *request = build(profile, "POST", "/x");
  sign(request);
  assert_null(header_of(request, "X-Length"));
  assert_int_equal(credence_request_body_size(request), 0);
  credence_request_free(&request);
  credence_profile_free(&profile);
}

static void a_provider_that_wants_the_bytes(void **state)
{
  struct book book = {.size = LARGE};
  credence_error *error = NULL;
  (void)state;
  credence_profile *profile = open_profile("read");
  credence_request *request = build(profile, "POST", "/x");
  set_reader(request, &book, LARGE);
  assert_int_equal(credence_request_sign(request, &error), CREDENCE_E_UNSUPPORTED);
  assert_non_null(strstr(credence_error_remedy(error), "credence_request_set_body()"));
  credence_error_free(&error);
  expect_unsigned(request, CREDENCE_E_UNSUPPORTED, "signs the body's bytes, which have to be in memory");
  assert_int_equal(book.beginnings, 0);
  expect_ok(credence_request_set_body(request, "abc", 3, NULL, &error), &error);
  sign(request);
  credence_request_free(&request);
  credence_profile_free(&profile);
}

/* In the attempt alone: what the caller gave is there again at the next signature. */
static void a_provider_that_puts_another_in_its_place(void **state)
{
  struct book book = {.size = LARGE};
  credence_error *error = NULL;
  size_t size = 0;
  (void)state;
  credence_profile *profile = open_profile("replace");
  credence_request *request = build(profile, "POST", "/x");
  set_reader(request, &book, LARGE);
  for (int again = 0; again < 2; again++) {
    sign(request);
    assert_memory_equal(credence_request_body(request, &size), "another", 7);
    assert_int_equal(size, 7);
    assert_int_equal(credence_request_body_size(request), 7);
    assert_string_equal(header_of(request, "X-Length"), "7");
    expect_ok(credence_request_set_nonce(request, "drops the attempt", &error), &error);
    assert_null(credence_request_body(request, &size));
    assert_int_equal(credence_request_body_size(request), LARGE);
  }
  assert_int_equal(book.beginnings, 0);
  credence_request_free(&request);
  credence_profile_free(&profile);
}

static void a_provider_that_appends_to_it(void **state)
{
  struct book book = {.size = LARGE};
  credence_error *error = NULL;
  (void)state;
  credence_profile *profile = open_profile("form");
  credence_request *request = build(profile, "POST", "/x");
  expect_ok(credence_request_set_body_reader(request, read_book, &book, LARGE,
                                             "application/x-www-form-urlencoded", &error),
            &error);
  expect_unsigned(request, CREDENCE_E_INVALID, "a body that is not a form");
  credence_request_free(&request);
  credence_profile_free(&profile);
}

/* --- readers that do not do as they should -------------------------------------------- */

static void expect_fault(struct book book, int code, const char *words)
{
  credence_profile *profile = open_profile("nothing");
  credence_request *request = build(profile, "POST", "/x");
  set_reader(request, &book, LARGE);
  expect_unsigned(request, code, words);
  expect_unsigned(request, code, words);
  /* What was wrong for a time is forgotten. */
  book = (struct book){.size = LARGE};
  sign(request);
  credence_request_free(&request);
  credence_profile_free(&profile);
}

static void faulty_readers(void **state)
{
  (void)state;
  expect_fault((struct book){.size = 70000}, CREDENCE_E_INVALID, "shorter than the 200001 bytes");
  expect_fault((struct book){.size = 70000}, CREDENCE_E_INVALID, "byte 70000 is missing");
  expect_fault((struct book){.size = 0}, CREDENCE_E_INVALID, "byte 0 is missing");
  expect_fault((struct book){.size = LARGE + 1}, CREDENCE_E_INVALID, "longer than the 200001 bytes");
  expect_fault((struct book){.size = LARGE, .extra = 100000}, CREDENCE_E_INVALID, "where it was asked for");
  expect_fault((struct book){.size = LARGE, .code = CREDENCE_E_DENIED}, CREDENCE_E_DENIED, "byte 0: denied");
  expect_fault((struct book){.size = LARGE, .fails_at = 65536, .code = CREDENCE_E_FAILED}, CREDENCE_E_FAILED,
               "byte 65536: failed");
  expect_fault((struct book){.size = LARGE, .fails_at = LARGE, .code = CREDENCE_E_FAILED}, CREDENCE_E_FAILED,
               "byte 200001: failed"); /* at its end */
  /* Codes that are not a reader's.  NO_SESSION would be answered with a login. */
  expect_fault((struct book){.size = LARGE, .code = 7}, CREDENCE_E_FAILED, "read function failed");
  expect_fault((struct book){.size = LARGE, .code = -12345}, CREDENCE_E_FAILED, "read function failed");
  expect_fault((struct book){.size = LARGE, .code = CREDENCE_E_NO_SESSION}, CREDENCE_E_FAILED,
               "read function failed");
}

static void what_cannot_be_set(void **state)
{
  struct book one = {.size = 1};
  credence_error *error = NULL;
  (void)state;
  credence_profile *profile = open_profile("nothing");
  credence_request *request = build(profile, "POST", "/x");
  expect_error(credence_request_set_body_reader(request, NULL, &one, 1, NULL, &error), CREDENCE_E_INVALID,
               &error, "no read function");
  expect_error(credence_request_set_body_reader(request, read_book, &one, UINT64_MAX, NULL, &error),
               CREDENCE_E_TOO_LARGE, &error, "larger than can be sent");
  expect_error(credence_request_set_body_reader(request, read_book, &one, 0, NULL, &error),
               CREDENCE_E_INVALID, &error, "longer than the 0 bytes");
  assert_int_equal(credence_request_body_size(request), 0);
  assert_null(credence_request_body(request, NULL));
  credence_request_free(&request);
  credence_profile_free(&profile);
}

/* --- one body ------------------------------------------------------------------------- */

static void the_last_body_counts(void **state)
{
  struct book book = {.size = LARGE};
  credence_error *error = NULL;
  (void)state;
  credence_profile *profile = open_profile("nothing");
  credence_request *request = build(profile, "POST", "/x");
  expect_ok(credence_request_add_form(request, "a", "b", &error), &error);
  set_reader(request, &book, LARGE);
  assert_null(credence_request_body(request, NULL));
  assert_int_equal(credence_request_body_size(request), LARGE);
  expect_error(credence_request_add_form(request, "a", "b", &error), CREDENCE_E_INVALID, &error,
               "a body that is not a form");
  expect_ok(credence_request_set_json(request, "{}", &error), &error);
  assert_memory_equal(credence_request_body(request, NULL), "{}", 2);
  assert_int_equal(credence_request_body_size(request), 2);
  set_reader(request, &book, LARGE);
  expect_ok(credence_request_set_body(request, NULL, 0, NULL, &error), &error);
  sign(request);
  assert_int_equal(credence_request_body_size(request), 0);
  assert_non_null(credence_request_body(request, NULL));
  assert_int_equal(book.beginnings, 0);
  credence_request_free(&request);
  credence_profile_free(&profile);
}

/* A Content-Type that the caller has set as a header is the caller's. */
static void the_callers_media_type_stays(void **state)
{
  struct book book = {.size = LARGE};
  credence_error *error = NULL;
  (void)state;
  credence_profile *profile = open_profile("nothing");
  credence_request *request = build(profile, "POST", "/x");
  expect_ok(credence_request_add_header(request, "Content-Type", "text/mine", &error), &error);
  set_reader(request, &book, LARGE);
  assert_string_equal(header_of(request, "Content-Type"), "text/mine");
  credence_request_free(&request);
  credence_profile_free(&profile);
}

/* --- reading back ----------------------------------------------------------------------- */

/* The whole body, in pieces of this size. */
static void expect_pieces(credence_request *request, size_t size, size_t piece)
{
  credence_error *error = NULL;
  unsigned char *buffer = malloc(piece);
  assert_non_null(buffer);
  assert_int_equal(credence_request_body_size(request), size);
  uint64_t at = 0;
  size_t got = 1;
  while (got > 0) {
    expect_ok(credence_request_read_body(request, at, buffer, piece, &got, &error), &error);
    assert_true(got <= piece && at + got <= size);
    for (size_t i = 0; i < got; i++)
      assert_int_equal(buffer[i], byte_at(at + i));
    at += got;
  }
  assert_int_equal(at, size);
  free(buffer);
}

static void bodies_are_read_alike(void **state)
{
  struct book book = {.size = LARGE, .most = 700};
  unsigned char *bytes = bytes_of(LARGE);
  credence_error *error = NULL;
  (void)state;
  credence_profile *profile = open_profile("nothing");
  credence_request *request = build(profile, "POST", "/x");
  expect_pieces(request, 0, 10);
  expect_ok(credence_request_set_body(request, bytes, LARGE, NULL, &error), &error);
  expect_pieces(request, LARGE, 1000);
  set_reader(request, &book, LARGE);
  expect_pieces(request, LARGE, 1000);
  sign(request);
  expect_pieces(request, LARGE, 1);
  expect_pieces(request, LARGE, 2 * LARGE);
  credence_request_free(&request);
  credence_profile_free(&profile);
  free(bytes);
}

static void expect_not_read(credence_request *request, uint64_t offset, int code, const char *words)
{
  char piece[100];
  size_t got = 77;
  credence_error *error = NULL;
  expect_error(credence_request_read_body(request, offset, piece, sizeof(piece), &got, &error), code, &error,
               words);
  assert_int_equal(got, 77);
}

static void expect_read(credence_request *request, uint64_t offset)
{
  char piece[100];
  size_t got = 0;
  credence_error *error = NULL;
  expect_ok(credence_request_read_body(request, offset, piece, sizeof(piece), &got, &error), &error);
  assert_int_equal(got, 100);
}

static void reading_is_in_order(void **state)
{
  struct book book = {.size = LARGE};
  credence_error *error = NULL;
  (void)state;
  credence_profile *profile = open_profile("nothing");
  credence_request *request = build(profile, "POST", "/x");
  set_reader(request, &book, LARGE);
  expect_not_read(request, 1, CREDENCE_E_INVALID, "in order");
  expect_read(request, 0);
  expect_not_read(request, 101, CREDENCE_E_INVALID, "in order");
  expect_read(request, 100);
  expect_not_read(request, 100, CREDENCE_E_INVALID, "in order");
  expect_read(request, 0);
  sign(request); /* has read it meanwhile */
  expect_not_read(request, 100, CREDENCE_E_INVALID, "in order");
  expect_read(request, 0);
  expect_ok(credence_request_set_body(request, "ab", 2, NULL, &error), &error);
  expect_not_read(request, 100, CREDENCE_E_INVALID, "in order");
  credence_request_free(&request);
  credence_profile_free(&profile);
}

/* Its last piece is not handed out: a program that sends what it reads has not sent
 * a whole request. */
static void a_body_of_another_length_is_not_read_to_its_end(void **state)
{
  static const uint64_t sizes[] = {150, 201};
  (void)state;
  credence_profile *profile = open_profile("nothing");
  for (size_t i = 0; i < 2; i++) {
    struct book book = {.size = sizes[i], .most = 100};
    credence_request *request = build(profile, "POST", "/x");
    set_reader(request, &book, 200);
    expect_read(request, 0);
    if (sizes[i] < 200) {
      char piece[100];
      size_t got = 0;
      assert_int_equal(credence_request_read_body(request, 100, piece, 100, &got, NULL), 0);
      assert_int_equal(got, 50);
      expect_not_read(request, 150, CREDENCE_E_INVALID, "byte 150 is missing");
    } else {
      expect_not_read(request, 100, CREDENCE_E_INVALID, "byte 200 is there");
    }
    credence_request_free(&request);
  }
  credence_profile_free(&profile);
}

/* --- libcurl ---------------------------------------------------------------------------- */

/* What libcurl was told, by a libcurl that does nothing. */
struct handle {
  size_t (*read)(char *, size_t, size_t, void *);
  int (*seek)(void *, curl_off_t, int);
  void *read_data;
  void *seek_data;
  const char *fields;
  curl_off_t size;
  const char *method;
};

static CURLcode take_option(CURL *curl, CURLoption option, ...)
{
  struct handle *handle = curl;
  va_list args;
  va_start(args, option);
  switch ((int)option) {
  case CURLOPT_READFUNCTION:
    handle->read = va_arg(args, size_t(*)(char *, size_t, size_t, void *));
    break;
  case CURLOPT_SEEKFUNCTION:
    handle->seek = va_arg(args, int (*)(void *, curl_off_t, int));
    break;
  case CURLOPT_READDATA:
    handle->read_data = va_arg(args, void *);
    break;
  case CURLOPT_SEEKDATA:
    handle->seek_data = va_arg(args, void *);
    break;
  case CURLOPT_POSTFIELDS:
    handle->fields = va_arg(args, const char *);
    break;
  case CURLOPT_POSTFIELDSIZE_LARGE:
    handle->size = va_arg(args, curl_off_t);
    break;
  case CURLOPT_CUSTOMREQUEST:
    handle->method = va_arg(args, const char *);
    break;
  default:
    break;
  }
  va_end(args);
  return CURLE_OK;
}

static void free_all(struct curl_slist *list)
{
  while (list != NULL) {
    struct curl_slist *next = list->next;
    free(list->data);
    free(list);
    list = next;
  }
}

static struct curl_slist *append(struct curl_slist *list, const char *line)
{
  struct curl_slist *item = calloc(1, sizeof(*item));
  assert_non_null(item);
  item->data = strdup(line);
  item->next = list;
  return item;
}

static const struct credence_curl_functions pretended = {sizeof(pretended), take_option, append, free_all};

static void apply(struct handle *handle, credence_request *request)
{
  credence_error *error = NULL;
  expect_ok(credence_curl_apply_with(handle, request, &pretended, &error), &error);
}

static size_t upload(const struct handle *handle, uint64_t at, size_t size)
{
  unsigned char piece[70000];
  assert_true(size <= sizeof(piece));
  size_t got = handle->read((char *)piece, 1, size, handle->read_data);
  for (size_t i = 0; got <= size && i < got; i++)
    assert_int_equal(piece[i], byte_at(at + i));
  return got;
}

static void libcurl_gets_it_in_pieces_and_again(void **state)
{
  struct handle handle = {.fields = "old"};
  struct book book = {.size = LARGE};
  (void)state;
  credence_profile *profile = open_profile("nothing");
  credence_request *request = build(profile, "PATCH", "/x");
  set_reader(request, &book, LARGE);
  sign(request);
  apply(&handle, request);
  assert_null(handle.fields);
  assert_int_equal(handle.size, LARGE);
  assert_string_equal(handle.method, "PATCH");
  assert_int_equal(upload(&handle, 0, 65536), 65536);
  assert_int_equal(upload(&handle, 65536, 65536), 65536);
  /* The connection was an old one: all of it on another. */
  assert_int_equal(handle.seek(handle.seek_data, 5, SEEK_SET), CURL_SEEKFUNC_FAIL);
  assert_int_equal(handle.seek(handle.seek_data, 0, SEEK_END), CURL_SEEKFUNC_FAIL);
  assert_int_equal(handle.seek(handle.seek_data, 0, SEEK_SET), CURL_SEEKFUNC_OK);
  for (uint64_t at = 0; at < LARGE; at += 66667)
    assert_int_equal(upload(&handle, at, 66667), 66667);
  assert_int_equal(upload(&handle, LARGE, 65536), 0);
  /* And for another handle. */
  apply(&handle, request);
  assert_int_equal(upload(&handle, 0, 65536), 65536);
  credence_request_free(&request);
  credence_profile_free(&profile);
}

static void libcurl_is_stopped(void **state)
{
  struct handle handle = {.fields = "old"};
  struct book book = {.size = LARGE};
  (void)state;
  credence_profile *profile = open_profile("nothing");
  credence_request *request = build(profile, "POST", "/x");
  set_reader(request, &book, LARGE);
  sign(request);
  book.size = 65536; /* meanwhile */
  apply(&handle, request);
  assert_int_equal(upload(&handle, 0, 65536), 65536);
  assert_int_equal(upload(&handle, 65536, 65536), CURL_READFUNC_ABORT);
  assert_int_equal(credence_error_code(request->upload_failed), CREDENCE_E_INVALID);
  assert_non_null(strstr(credence_error_message(request->upload_failed), "byte 65536 is missing"));
  apply(&handle, request);
  assert_null(request->upload_failed);
  assert_int_equal(upload(&handle, 0, 65536), 65536);
  assert_int_equal(upload(&handle, 65536, 65536), CURL_READFUNC_ABORT);
  credence_request_free(&request);
  credence_profile_free(&profile);
}

static void libcurl_cannot_send_it_with_head(void **state)
{
  struct handle handle = {.fields = "old"};
  struct book book = {.size = LARGE};
  credence_error *error = NULL;
  (void)state;
  credence_profile *profile = open_profile("nothing");
  credence_request *request = build(profile, "HEAD", "/x");
  set_reader(request, &book, LARGE);
  sign(request);
  expect_error(credence_curl_apply_with(&handle, request, &pretended, &error), CREDENCE_E_UNSUPPORTED, &error,
               "HEAD");
  credence_request_free(&request);
  credence_profile_free(&profile);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(signed_as_the_same_bytes_in_memory),
      cmocka_unit_test(no_body_has_no_length),
      cmocka_unit_test(a_provider_that_wants_the_bytes),
      cmocka_unit_test(a_provider_that_puts_another_in_its_place),
      cmocka_unit_test(a_provider_that_appends_to_it),
      cmocka_unit_test(faulty_readers),
      cmocka_unit_test(what_cannot_be_set),
      cmocka_unit_test(the_last_body_counts),
      cmocka_unit_test(the_callers_media_type_stays),
      cmocka_unit_test(bodies_are_read_alike),
      cmocka_unit_test(reading_is_in_order),
      cmocka_unit_test(a_body_of_another_length_is_not_read_to_its_end),
      cmocka_unit_test(libcurl_gets_it_in_pieces_and_again),
      cmocka_unit_test(libcurl_is_stopped),
      cmocka_unit_test(libcurl_cannot_send_it_with_head),
  };
  return cmocka_run_group_tests(tests, start, stop);
}
