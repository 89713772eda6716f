/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * signature.c - put a signature on the request; see signature.h
 *
 * The canonical request is digested; its digest, the time and the scope make the
 * string to sign.  That is signed with a key which is derived from the secret, the day,
 * the region and the service, and which the host keeps.
 *
 * Sources: "Create a signed AWS API request" in the IAM User Guide; "Authenticating
 * Requests (AWS Signature Version 4)" in the Amazon S3 API Reference.
 */
#include "signature.h"

#include <string.h>

#include "canonical.h"
#include "hex.h"

#define ALGORITHM "AWS4-HMAC-SHA256"
#define TIME_SIZE 17u   /* "20150830T123600Z" and a NUL */
#define SCOPE_SIZE 160u /* day, region, service, "aws4_request" */

struct signature {
  credence_call *call;
  const struct settings *settings;
  const struct keys *keys;
  credence_bytes region;
  credence_bytes service;
  struct path_rules rules;
  int unsigned_payload;
  char time[TIME_SIZE];
  char scope_text[SCOPE_SIZE];
  credence_bytes scope;
  credence_bytes length; /* what Content-Length will say; missing without a body of a byte */
  const char *payload;
  char payload_digest[HEX_SIZE];
  struct signed_headers headers;
};

/* --- time and scope ------------------------------------------------------------------ */

static void put_two(char *out, unsigned number)
{
  out[0] = (char)('0' + number / 10);
  out[1] = (char)('0' + number % 10);
}

/* By hand, since gmtime_r() takes a lock.  Years are counted from March, so that the leap
 * day is the last; 719468 days lie between March of the year 0 and 1970. */
static void write_time(int64_t seconds, char out[TIME_SIZE])
{
  unsigned rest = (unsigned)(seconds % 86400);
  unsigned day = (unsigned)(seconds / 86400) + 719468;
  unsigned era = day / 146097; /* of 400 years */
  day %= 146097;
  unsigned year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
  day -= 365 * year + year / 4 - year / 100;
  unsigned month = (5 * day + 2) / 153; /* from March */
  year += 400 * era + (month >= 10);
  put_two(out, year / 100);
  put_two(out + 2, year % 100);
  put_two(out + 4, month < 10 ? month + 3 : month - 9);
  put_two(out + 6, day - (153 * month + 2) / 5 + 1);
  out[8] = 'T';
  put_two(out + 9, rest / 3600);
  put_two(out + 11, rest / 60 % 60);
  put_two(out + 13, rest % 60);
  out[15] = 'Z';
  out[16] = '\0';
}

/* Years have four digits. */
static int read_clock(struct signature *s)
{
  int64_t now = credence_now(s->call);
  if (now < 0 || now / 1000000 > INT64_C(253402300799))
    return credence_fail(s->call, CREDENCE_E_INVALID,
                         "the time lies before 1970 or after 9999: set this machine's clock");
  write_time(now / 1000000, s->time);
  char *out = put(s->scope_text, s->time, 8);
  *out++ = '/';
  out = put(out, s->region.data, s->region.size);
  *out++ = '/';
  out = put(out, s->service.data, s->service.size);
  out = put_text(out, "/aws4_request");
  s->scope = (credence_bytes){s->scope_text, (size_t)(out - s->scope_text)};
  return 0;
}

/* --- what the service wants -------------------------------------------------------------- */

static int chosen(enum choice choice, int by_service)
{
  return choice == BY_SERVICE ? by_service : choice == YES;
}

static void read_rules(struct signature *s, int is_s3)
{
  const struct settings *settings = s->settings;
  s->rules.normalize = chosen(settings->normalize, !is_s3);
  s->rules.double_encode = chosen(settings->double_encode, !is_s3);
  s->unsigned_payload =
      is_s3 && (settings->sign_body == NO || (settings->presign[0] != '\0' && settings->sign_body != YES));
}

/* What stands for the body: mostly the digest of nothing, which is always the same. */
static int digest_payload(struct signature *s)
{
  static const char nothing[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
  unsigned char digest[CREDENCE_SHA256_SIZE];
  s->payload = s->unsigned_payload ? "UNSIGNED-PAYLOAD" : nothing;
  if (s->unsigned_payload || s->length.data == NULL)
    return 0;
  s->payload = s->payload_digest;
  int r = credence_body_digest(s->call, CREDENCE_SHA256, digest, sizeof(digest));
  if (r == 0)
    hex_write(s->payload_digest, digest);
  return r;
}

/* A length of 0 is sent by some clients and not by others, so it is not signed. */
static int read_length(struct signature *s)
{
  int r = credence_request_part(s->call, CREDENCE_CONTENT_LENGTH, &s->length);
  if (r == 0 && s->length.size == 1 && *(const char *)s->length.data == '0')
    s->length.data = NULL;
  return r;
}

/* --- the signature ------------------------------------------------------------------------- */

static int derive_key(struct signature *s)
{
  const credence_bytes lead = {"AWS4", 4};
  const credence_bytes chain[] = {{s->time, 8}, s->region, s->service, {"aws4_request", 12}};
  return credence_derive_chain(s->call, CREDENCE_SHA256, s->keys->secret, &lead, chain,
                               sizeof(chain) / sizeof(chain[0]), "signing key");
}

static int digest_request(struct signature *s, char out[HEX_SIZE])
{
  unsigned char digest[CREDENCE_SHA256_SIZE];
  credence_bytes text;
  int r = canonical_request(s->call, &s->headers, s->rules, credence_text(s->payload), &text);
  if (r < 0)
    return r;
  credence_trace(s->call, "canonical request", &text);
  r = credence_digest(s->call, CREDENCE_SHA256, &text, 1, digest, sizeof(digest));
  hex_write(out, digest);
  return r;
}

static int compute(struct signature *s, char out[HEX_SIZE])
{
  char text[sizeof(ALGORITHM) + TIME_SIZE + SCOPE_SIZE + HEX_SIZE];
  unsigned char mac[CREDENCE_SHA256_SIZE];
  char digest[HEX_SIZE];
  int r = digest_request(s, digest);
  if (r < 0)
    return r;
  char *end = put_text(text, ALGORITHM "\n");
  end = put(end, s->time, TIME_SIZE - 1);
  *end++ = '\n';
  end = put(end, s->scope.data, s->scope.size);
  *end++ = '\n';
  end = put(end, digest, HEX_SIZE - 1);
  const credence_bytes to_sign = {text, (size_t)(end - text)};
  credence_trace(s->call, "string to sign", &to_sign);
  r = derive_key(s);
  if (r == 0)
    r = credence_hmac(s->call, CREDENCE_SHA256, "signing key", &to_sign, 1, mac, sizeof(mac));
  if (r == 0)
    hex_write(out, mac);
  return r;
}

static int edit(struct signature *s, uint32_t change, const char *name, const char *value)
{
  const credence_bytes bytes = credence_text(value);
  return credence_edit(s->call, change, name, &bytes);
}

/* Before the signature, or behind it when the settings say so; if there is one. */
static int put_token(struct signature *s, uint32_t change, int is_behind)
{
  if (s->keys->token == NULL || s->settings->omit_session_token != is_behind)
    return 0;
  return credence_edit_secret(s->call, change, "X-Amz-Security-Token", NULL, NULL, s->keys->token,
                              CREDENCE_PLAIN);
}

/* "AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request" */
static char *put_credential(char *out, const struct signature *s)
{
  out = put(out, s->keys->access_key_id.data, s->keys->access_key_id.size);
  *out++ = '/';
  return put(out, s->scope.data, s->scope.size);
}

/* --- in the header --------------------------------------------------------------------------- */

static int put_authorization(struct signature *s, const char *signature)
{
  size_t room = s->keys->access_key_id.size + SCOPE_SIZE + s->headers.names.size + HEX_SIZE + 80;
  char *text = credence_memory(s->call, room);
  if (text == NULL)
    return CREDENCE_E_NOMEM;
  char *out = put_text(text, ALGORITHM " Credential=");
  out = put_credential(out, s);
  out = put_text(out, ", SignedHeaders=");
  out = put(out, s->headers.names.data, s->headers.names.size);
  out = put_text(out, ", Signature=");
  out = put(out, signature, HEX_SIZE - 1);
  const credence_bytes value = {text, (size_t)(out - text)};
  return credence_edit(s->call, CREDENCE_SET_HEADER, "Authorization", &value);
}

static int sign_header(struct signature *s, int sends_digest)
{
  char signature[HEX_SIZE];
  int r = put_token(s, CREDENCE_SET_HEADER, 0);
  if (r == 0)
    r = edit(s, CREDENCE_SET_HEADER, "X-Amz-Date", s->time);
  if (r == 0 && sends_digest)
    r = edit(s, CREDENCE_SET_HEADER, "x-amz-content-sha256", s->payload);
  if (r == 0)
    r = signed_headers_collect(s->call, s->length, &s->headers);
  if (r == 0)
    r = compute(s, signature);
  if (r == 0)
    r = put_authorization(s, signature);
  return r < 0 ? r : put_token(s, CREDENCE_SET_HEADER, 1);
}

/* --- in the query ------------------------------------------------------------------------------ */

static int append_credential(struct signature *s)
{
  char text[KEY_ID_SIZE + SCOPE_SIZE];
  if (s->keys->access_key_id.size >= KEY_ID_SIZE)
    return credence_fail(s->call, CREDENCE_E_INVALID, "the access key ID is too long");
  const credence_bytes value = {text, (size_t)(put_credential(text, s) - text)};
  return credence_edit(s->call, CREDENCE_APPEND_QUERY, "X-Amz-Credential", &value);
}

static int append_terms(struct signature *s)
{
  int r = edit(s, CREDENCE_APPEND_QUERY, "X-Amz-Algorithm", ALGORITHM);
  if (r == 0)
    r = append_credential(s);
  if (r == 0)
    r = edit(s, CREDENCE_APPEND_QUERY, "X-Amz-Date", s->time);
  if (r == 0)
    r = credence_edit(s->call, CREDENCE_APPEND_QUERY, "X-Amz-SignedHeaders", &s->headers.names);
  return r < 0 ? r : edit(s, CREDENCE_APPEND_QUERY, "X-Amz-Expires", s->settings->presign);
}

/* The URL is not enough for a presigned body of S3: who uses it sends its digest as well. */
static int sign_query(struct signature *s, int sends_digest)
{
  char signature[HEX_SIZE];
  int r = sends_digest ? edit(s, CREDENCE_SET_HEADER, "x-amz-content-sha256", s->payload) : 0;
  if (r == 0)
    r = signed_headers_collect(s->call, s->length, &s->headers);
  if (r == 0)
    r = append_terms(s);
  if (r == 0)
    r = put_token(s, CREDENCE_APPEND_QUERY, 0);
  if (r == 0)
    r = compute(s, signature);
  if (r == 0)
    r = edit(s, CREDENCE_APPEND_QUERY, "X-Amz-Signature", signature);
  return r < 0 ? r : put_token(s, CREDENCE_APPEND_QUERY, 1);
}

/* Others that begin with s3, as s3tables, sign like any service. */
static int signs_as_s3(const char *service)
{
  static const char *const names[] = {"s3", "s3express", "s3-outposts", "s3-object-lambda"};
  for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
    if (strcmp(service, names[i]) == 0)
      return 1;
  return 0;
}

/* What S3 and those who sign for it understand differently: a key with an encoded slash,
 * and a plus, which was a space once. */
static int check_s3_path(credence_call *call)
{
  credence_bytes path;
  int r = credence_request_part(call, CREDENCE_PATH, &path);
  const char *at = path.data;
  for (size_t i = 0; r == 0 && i < path.size; i++)
    if (at[i] == '+' || (at[i] == '%' && at[i + 1] == '2' && (at[i + 2] | 0x20) == 'f'))
      r = credence_fail(call, CREDENCE_E_INVALID,
                        "the path has a + or %2F, which S3 reads in two ways: write %2B or %20, and /");
  return r;
}

int signature_put(credence_call *call, const struct settings *settings, const struct keys *keys,
                  const char *region, const char *service)
{
  struct signature s;
  s.call = call;
  s.settings = settings;
  s.keys = keys;
  s.region = credence_text(region);
  s.service = credence_text(service);
  int is_s3 = signs_as_s3(service);
  read_rules(&s, is_s3);
  int r = is_s3 && !s.rules.double_encode ? check_s3_path(call) : 0;
  if (r == 0)
    r = read_clock(&s);
  if (r == 0)
    r = read_length(&s);
  if (r == 0)
    r = digest_payload(&s);
  if (r < 0)
    return r;
  if (settings->presign[0] != '\0')
    return sign_query(&s, is_s3 && settings->sign_body == YES);
  return sign_header(&s, is_s3 || settings->sign_body == YES);
}
