/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * peer_kms.c - libkms_message, MongoDB's client of key services, with get-vanilla
 *
 * It signs for AWS in C and derives the signing key each time.
 */
#include <kms_message/kms_message.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "peer.h"

static kms_request_opt_t *options;
static kms_request_t *built;

static void need(bool is_good)
{
  if (!is_good)
    abort();
}

static kms_request_t *build(void)
{
  static const struct tm suite_time = {
      .tm_year = 115, .tm_mon = 7, .tm_mday = 30, .tm_hour = 12, .tm_min = 36};
  kms_request_t *request = kms_request_new("GET", "/", options);
  need(request != NULL && kms_request_set_date(request, &suite_time) &&
       kms_request_set_region(request, "us-east-1") && kms_request_set_service(request, "service") &&
       kms_request_set_access_key_id(request, "AKIDEXAMPLE") &&
       kms_request_set_secret_key(request, "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY") &&
       kms_request_add_header_field(request, "Host", "example.amazonaws.com"));
  return request;
}

static void start(const char *text)
{
  (void)text;
  options = kms_request_opt_new();
  built = build();
}

static void sign(void *unused)
{
  (void)unused;
  char *authorization = kms_request_get_signature(built);
  need(authorization != NULL);
  kms_request_free_string(authorization);
}

static void all(void *unused)
{
  (void)unused;
  kms_request_t *request = build();
  char *text = kms_request_get_signed(request);
  need(text != NULL);
  kms_request_free_string(text);
  kms_request_destroy(request);
}

static int agrees(const char *signature)
{
  char *authorization = kms_request_get_signature(built);
  int is_same = strcmp(authorization, signature) == 0;
  kms_request_free_string(authorization);
  return is_same;
}

const struct peer *bench_peer(void)
{
  static const struct peer peer = {
      "libkms_message " VERSION, "aws-sigv4, get-vanilla", start, sign, all, agrees};
  return &peer;
}
