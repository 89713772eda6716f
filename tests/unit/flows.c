/* SPDX-License-Identifier: BSD-3-Clause */
/* flows.c - what the tests of the flow share; see flows.h */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flows.h"

/* The file of an empty file keyring for the passphrase of the sandbox, written with
 * the smallest scrypt that the format allows. */
static const unsigned char cheap_keyring[] = {
    0x43, 0x52, 0x45, 0x44, 0x45, 0x4e, 0x43, 0x45, 0x01, 0x01, 0x01, 0x01, 0x00, 0x00, 0x00, 0x00,
    0xf0, 0xf6, 0x57, 0xd8, 0x71, 0xf1, 0x84, 0xfe, 0x7d, 0x2c, 0x09, 0xcc, 0xb9, 0x32, 0x84, 0x68,
    0xde, 0xee, 0x71, 0x70, 0xdf, 0xc7, 0x9c, 0x88, 0x22, 0xe4, 0xd7, 0x68, 0x36, 0x09, 0xa1, 0x33,
    0xa9, 0xf2, 0xe2, 0x4e, 0xa5, 0xcb, 0x98, 0xbc, 0x50, 0xe3, 0xb1, 0x78, 0x9d, 0xc3, 0x75, 0xf1,
    0x9d, 0xf9, 0x8d, 0xbf, 0xf2, 0x68, 0x8b, 0x5d, 0x57, 0x97, 0x0b, 0xe2, 0xcb, 0x95, 0x3d, 0xf5,
    0x3e, 0xce, 0x2a, 0x30, 0x98, 0x6b, 0x20, 0x7d, 0xc6, 0xb9, 0xcd, 0xa3, 0x4f, 0xb6, 0x53, 0x4c,
    0x5f, 0x1a, 0x33, 0x37, 0xcf, 0xfd, 0xda, 0xdb, 0x85, 0x34, 0xb8, 0xc3, 0x2e, 0xed, 0x0a, 0xcc,
    0x2a, 0x1d, 0xca, 0x95, 0x5d, 0x97, 0x5c, 0xff, 0x41, 0xde, 0x54, 0x53, 0x40, 0xe4, 0xd1, 0x39,
    0x69, 0xc2, 0x80, 0x16, 0xb2, 0xbc, 0xd4, 0xf8, 0x39, 0xff, 0x49, 0x26};

struct sandbox sandbox;

int start(void **state)
{
  (void)state;
  sandbox_open(&sandbox);
  sandbox_write(&sandbox, ".local/share/credence/credentials.keyring", "");
  FILE *file = fopen(sandbox_path(&sandbox, ".local/share/credence/credentials.keyring"), "w");
  assert_non_null(file);
  assert_int_equal(fwrite(cheap_keyring, 1, sizeof(cheap_keyring), file), sizeof(cheap_keyring));
  assert_int_equal(fclose(file), 0);
  return 0;
}

int stop(void **state)
{
  (void)state;
  sandbox_close(&sandbox);
  return 0;
}

void add_citizen(const char *name, const char *const *more)
{
  const char *fields[16] = {"user", "ann"};
  size_t count = 2;
  for (; more != NULL && more[0] != NULL && count < 14; more += 2) {
    fields[count++] = more[0];
    fields[count++] = more[1];
  }
  sandbox_add(name, "login-citizen", NULL, "password", "hunter2", fields);
}

credence_profile *new_citizen(const char *name, const char *const *more)
{
  add_citizen(name, more);
  return open_profile(name);
}

void rewrite(const char *name, const char *from, const char *to)
{
  char path[100];
  char changed[4096];
  snprintf(path, sizeof(path), ".config/credence/profiles/%s.conf", name);
  char *text = sandbox_read(&sandbox, path);
  assert_non_null(text);
  char *at = strstr(text, from);
  assert_non_null(at);
  snprintf(changed, sizeof(changed), "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
  sandbox_write(&sandbox, path, changed);
  free(text);
}

credence_flow *begin(credence_request *request)
{
  credence_flow *flow = NULL;
  credence_error *error = NULL;
  expect_ok(credence_flow_new(request, &flow, &error), &error);
  return flow;
}

void expect_step(credence_flow *flow, int wanted)
{
  credence_error *error = NULL;
  int step = -1;
  expect_ok(credence_flow_step(flow, &step, &error), &error);
  assert_int_equal(step, wanted);
}

void expect_send(credence_flow *flow, const char *token)
{
  expect_step(flow, CREDENCE_STEP_SEND);
  const credence_request *request = credence_flow_request(flow);
  assert_ptr_equal(request, flow->request);
  const char *value = header_of(request, "Authorization");
  assert_non_null(value);
  assert_memory_equal(value, "Bearer ", 7);
  assert_string_equal(value + 7, token);
}

void expect_login(credence_flow *flow, const char *url_end)
{
  expect_step(flow, CREDENCE_STEP_SEND);
  credence_request *request = credence_flow_request(flow);
  assert_non_null(request);
  assert_ptr_not_equal(request, flow->request);
  const char *url = credence_request_url(request);
  assert_true(strlen(url) >= strlen(url_end));
  assert_string_equal(url + strlen(url) - strlen(url_end), url_end);
}

void expect_body(credence_flow *flow, const char *wanted)
{
  size_t size = 0;
  const char *body = credence_request_body(credence_flow_request(flow), &size);
  assert_int_equal(size, strlen(wanted));
  assert_memory_equal(body, wanted, size);
}

void expect_done(credence_flow **flow, int status)
{
  expect_step(*flow, CREDENCE_STEP_DONE);
  expect_step(*flow, CREDENCE_STEP_DONE);
  credence_response *response = credence_flow_take_response(*flow);
  assert_non_null(response);
  assert_int_equal(credence_response_status(response), status);
  credence_response_free(&response);
  assert_null(credence_flow_take_response(*flow));
  credence_flow_free(flow);
}

void expect_failure(credence_flow **flow, int code, const char *words)
{
  credence_error *error = NULL;
  int step = -1;
  expect_error(credence_flow_step(*flow, &step, &error), code, &error, words);
  expect_error(credence_flow_step(*flow, &step, &error), CREDENCE_E_INVALID, &error, "has failed before");
  assert_int_equal(step, -1);
  assert_null(credence_flow_request(*flow));
  credence_flow_free(flow);
}

void respond_with(credence_flow *flow, int status, const char *body, const char *const *headers)
{
  credence_response *response = NULL;
  credence_error *error = NULL;
  expect_ok(credence_response_new(&response, &error), &error);
  credence_response_set_status(response, status);
  for (; headers != NULL && headers[0] != NULL; headers += 2)
    expect_ok(credence_response_add_header(response, headers[0], headers[1], &error), &error);
  expect_ok(credence_response_add_body(response, body, strlen(body), &error), &error);
  expect_ok(credence_flow_respond(flow, &response, &error), &error);
  assert_null(response);
}

void respond(credence_flow *flow, int status, const char *body)
{
  respond_with(flow, status, body, NULL);
}

void log_in_with(credence_profile *profile, const char *token)
{
  char body[100];
  credence_request *request = build(profile, "GET", "/x");
  credence_flow *flow = begin(request);
  expect_login(flow, "/login");
  snprintf(body, sizeof(body), "{\"token\":\"%s\"}", token);
  respond(flow, 200, body);
  expect_send(flow, token);
  respond(flow, 200, "");
  expect_done(&flow, 200);
  credence_request_free(&request);
}

void log_in(credence_profile *profile, const char *body)
{
  credence_flow *flow = NULL;
  credence_error *error = NULL;
  expect_ok(credence_flow_new_login(profile, &flow, &error), &error);
  expect_login(flow, "/login");
  respond(flow, 200, body);
  expect_step(flow, CREDENCE_STEP_DONE);
  credence_flow_free(&flow);
}

void expect_question(credence_flow *flow, size_t index, unsigned kind, const char *text)
{
  unsigned found = 0;
  assert_string_equal(credence_flow_question(flow, index, &found), text);
  assert_int_equal(found, kind);
}

void give(credence_flow *flow, size_t index, const char *answer)
{
  credence_error *error = NULL;
  expect_ok(credence_flow_answer(flow, index, answer, &error), &error);
}

void expect_state(credence_profile *profile, int wanted)
{
  int64_t when = -1;
  assert_int_equal(credence_profile_session(profile, &when), wanted);
}

void expect_session(credence_profile *profile, const char *token)
{
  credence_request *request = build(profile, "GET", "/x");
  credence_flow *flow = begin(request);
  expect_send(flow, token);
  credence_flow_free(&flow);
  credence_request_free(&request);
}

void expect_no_session(credence_profile *profile)
{
  credence_request *request = build(profile, "GET", "/x");
  credence_flow *flow = begin(request);
  expect_login(flow, "/login");
  credence_flow_free(&flow);
  credence_request_free(&request);
}
