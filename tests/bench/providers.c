/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * providers.c - the requests that are signed
 *
 * The text that is signed is not written down here: it is what the provider traces.
 * get-vanilla is a request of the test suite that AWS publishes for Signature
 * Version 4, with the suite's key and time.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

#define SUITE_TIME (1440938160 * (int64_t)1000000)
#define SUITE_KEY "AKIDEXAMPLE"
#define SUITE_SECRET "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
#define SUITE_ENDPOINT "https://example.amazonaws.com/"

static const char body_1k[1024] = "the rest is zeros";

static const struct kind kinds[] = {
    {.name = "6connect",
     .provider = "6connect",
     .endpoint = "https://cloud.6connect.com/6c_375/api/v1/api.php",
     .fields = {"api_key", "41-HSLH4QZQX6IAOOJS"},
     .secret_field = "secret_key",
     .secret = "889f33027c902061d023d8b0ee39b100",
     .target = "?target=ipam&action=get&type=IP&mask=24",
     .mac = "SHA256"},
    {.name = "packetfabric-legacy",
     .provider = "packetfabric-legacy",
     .fields = {"api_key", "1-0123456789ABCDEF"},
     .secret_field = "secret_key",
     .secret = "0123456789ABCDEF0123456789ABCDEF",
     .target = "/interfaces/physical",
     .mac = "SHA256"},
    {.name = "equotix",
     .provider = "equotix",
     .fields = {"domain", "test", "api_key", "test@example.com"},
     .secret_field = "api_secret",
     .secret = "Xv2l2mDFf1KG6WaLVZPpYbXNLpHRjF1MZMxiSSf4",
     .method = "POST",
     .target = "item/get",
     .body = "{\"sku\":\"test\",\"quantity\":2}",
     .body_size = 27,
     .media_type = "application/json",
     .mac = "SHA256"},
    {.name = "cloudstack",
     .provider = "cloudstack",
     .endpoint = "https://cloud.example.com/client/api",
     .fields = {"api_key",
                "plgWJfZK4gyS3mOMTVmjUVg-X-jlWlnfaUJ9GAbBbf9EdM-kAYMmAiLqzzq1ElZLYq_u38zCm0bewzGUdP66mg"},
     .secret_field = "secret_key",
     .secret = "VDaACYb0LV9eNjTetIOElcVQkvJck_J_QljX_FcHRj87ZKiy0z0ty0ZsYBkoXkY9b7eq1EhwJaw7FF3akA3KBQ",
     .target = "?command=listVirtualMachines&state=Running&response=json",
     .mac = "SHA1"},
    {.name = "cpbm",
     .provider = "cpbm",
     .endpoint = "https://portal.example.com/portal/api",
     .fields = {"api_key", "abcdefghijklmnopqrstuvwxyz0123456789"},
     .secret_field = "secret_key",
     .secret = "0123456789abcdefghijklmnopqrstuvwxyz",
     .target = "accounts.json?page=1&perPage=20",
     .mac = "SHA1"},
    {.name = "aws-sigv4, get-vanilla",
     .provider = "aws-sigv4",
     .endpoint = SUITE_ENDPOINT,
     .fields = {"access_key_id", SUITE_KEY, "region", "us-east-1", "service", "service"},
     .secret_field = "secret_access_key",
     .secret = SUITE_SECRET,
     .target = "/",
     .time = SUITE_TIME,
     .mac = "SHA256"},
    {.name = "aws-sigv4, get-vanilla, URL",
     .provider = "aws-sigv4",
     .endpoint = SUITE_ENDPOINT,
     .fields = {"access_key_id", SUITE_KEY, "region", "us-east-1", "service", "service", "presign", "3600"},
     .secret_field = "secret_access_key",
     .secret = SUITE_SECRET,
     .target = "/",
     .time = SUITE_TIME,
     .mac = "SHA256"},
    {.name = "aws-sigv4, query and headers",
     .provider = "aws-sigv4",
     .endpoint = "https://ec2.eu-west-1.amazonaws.com/",
     .fields = {"access_key_id", SUITE_KEY},
     .secret_field = "secret_access_key",
     .secret = SUITE_SECRET,
     .target = "/?Version=2016-11-15&Action=DescribeInstances&MaxResults=100&Filter.1.Name=tag%3Arole",
     .header = {"Accept", "application/xml"},
     .mac = "SHA256"},
    {.name = "aws-sigv4, S3, body of 1 KiB",
     .provider = "aws-sigv4",
     .endpoint = "https://bucket.s3.eu-west-1.amazonaws.com/",
     .fields = {"access_key_id", SUITE_KEY},
     .secret_field = "secret_access_key",
     .secret = SUITE_SECRET,
     .method = "PUT",
     .target = "/folder/object",
     .body = body_1k,
     .body_size = sizeof(body_1k),
     .media_type = "application/octet-stream",
     .mac = "SHA256"},
    {.name = "aws-sigv4, S3, URL",
     .provider = "aws-sigv4",
     .endpoint = "https://bucket.s3.eu-west-1.amazonaws.com/",
     .fields = {"access_key_id", SUITE_KEY, "presign", "3600"},
     .secret_field = "secret_access_key",
     .secret = SUITE_SECRET,
     .target = "/folder/object",
     .mac = "SHA256"},
    {.name = "basic",
     .provider = "basic",
     .endpoint = "https://api.example.com/",
     .fields = {"username", "Aladdin"},
     .secret_field = "password",
     .secret = "open sesame",
     .target = "/items?page=2"},
    {.name = "bearer",
     .provider = "bearer",
     .endpoint = "https://api.example.com/",
     .secret_field = "token",
     .secret = "mF_9.B5f-4.1JqM",
     .target = "/items?page=2"},
    {.name = "api-key",
     .provider = "api-key",
     .endpoint = "https://api.example.com/",
     .secret_field = "key",
     .secret = "0123456789abcdef0123456789abcdef",
     .target = "/items?page=2"},
};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

const struct kind *kind_at(size_t index)
{
  return index < KINDS ? &kinds[index] : NULL;
}

const struct kind *kind_find(const char *name)
{
  for (size_t i = 0; i < KINDS; i++)
    if (strcmp(kinds[i].name, name) == 0)
      return &kinds[i];
  return NULL;
}

/* --- profiles --------------------------------------------------------------------- */

/* The profile of a kind is called kind-INDEX. */
static void profile_name(const struct kind *kind, char *out, size_t size)
{
  snprintf(out, size, "kind-%d", (int)(kind - kinds));
}

static int exists(const char *name)
{
  credence_profile *profile = NULL;
  int r = credence_profile_open(NULL, name, &profile, NULL);
  credence_profile_free(&profile);
  return r == 0;
}

static int fill(credence_draft *draft, const struct kind *kind, credence_error **error)
{
  int r = credence_draft_set_keyring(draft, "file", error);
  if (r == 0 && kind->endpoint != NULL)
    r = credence_draft_set_endpoint(draft, kind->endpoint, error);
  for (size_t i = 0; r == 0 && i + 1 < FIELDS_MAX && kind->fields[i] != NULL; i += 2)
    r = credence_draft_set_field(draft, kind->fields[i], kind->fields[i + 1], error);
  if (r == 0)
    r = credence_draft_set_secret(draft, kind->secret_field, kind->secret, strlen(kind->secret), error);
  return r < 0 ? r : credence_draft_save(draft, error);
}

/* 0 when the provider is not installed. */
static int make_profile(const struct kind *kind)
{
  char name[32];
  credence_draft *draft = NULL;
  credence_error *error = NULL;
  profile_name(kind, name, sizeof(name));
  if (exists(name))
    return 1;
  int r = credence_draft_new(NULL, name, kind->provider, &draft, &error);
  if (r == 0)
    r = fill(draft, kind, &error);
  if (r < 0 && r != CREDENCE_E_NOT_FOUND)
    die(kind->name, error);
  credence_draft_free(&draft);
  credence_error_free(&error);
  return r == 0;
}

credence_profile *profile_of(const struct kind *kind)
{
  char name[32];
  credence_profile *profile = NULL;
  credence_error *error = NULL;
  profile_name(kind, name, sizeof(name));
  if (credence_profile_open(NULL, name, &profile, &error) < 0)
    die(kind->name, error);
  return profile;
}

/* --- requests ----------------------------------------------------------------------- */

credence_request *request_of(const struct kind *kind, credence_profile *profile)
{
  credence_request *request = NULL;
  credence_error *error = NULL;
  const char *method = kind->method == NULL ? "GET" : kind->method;
  int r = credence_request_new(profile, method, kind->target, &request, &error);
  if (r == 0 && kind->header[0] != NULL)
    r = credence_request_add_header(request, kind->header[0], kind->header[1], &error);
  if (r == 0 && kind->body != NULL)
    r = credence_request_set_body(request, kind->body, kind->body_size, kind->media_type, &error);
  if (r == 0 && kind->time != 0)
    r = credence_request_set_time(request, kind->time, &error);
  if (r < 0)
    die(kind->name, error);
  return request;
}

static void sign(credence_request *request)
{
  credence_error *error = NULL;
  if (credence_request_sign(request, &error) < 0)
    die("signing failed", error);
}

static void read_back(credence_request *request)
{
  const char *name = NULL;
  const char *value = NULL;
  if (credence_request_url(request) == NULL)
    die("out of memory", NULL);
  for (size_t i = 0; credence_request_header(request, i, &name, &value) == 0; i++)
    ;
}

void subject_build(void *data)
{
  const struct subject *subject = data;
  credence_request *request = request_of(subject->kind, subject->profile);
  credence_request_free(&request);
}

void subject_sign(void *data)
{
  const struct subject *subject = data;
  sign(subject->request);
}

void subject_sign_and_read(void *data)
{
  const struct subject *subject = data;
  sign(subject->request);
  for (unsigned i = 0; i < READS; i++)
    read_back(subject->request);
}

void subject_all(void *data)
{
  const struct subject *subject = data;
  credence_request *request = request_of(subject->kind, subject->profile);
  sign(request);
  read_back(request);
  credence_request_free(&request);
}

/* --- subjects ------------------------------------------------------------------------- */

static void keep_trace(void *userdata, const char *label, const char *data, size_t size)
{
  struct subject *subject = userdata;
  struct text *text = strcmp(label, "canonical request") == 0 ? &subject->canonical : &subject->to_sign;
  free(text->data);
  text->data = malloc(size + 1);
  if (text->data == NULL)
    die("out of memory", NULL);
  memcpy(text->data, data, size);
  text->data[size] = '\0';
  text->size = size;
}

int subject_open(struct subject *subject, const struct kind *kind)
{
  memset(subject, 0, sizeof(*subject));
  subject->kind = kind;
  if (!make_profile(kind))
    return 0;
  subject->profile = profile_of(kind);
  subject->request = request_of(kind, subject->profile);
  credence_request_set_trace(subject->request, keep_trace, subject);
  sign(subject->request);
  credence_request_set_trace(subject->request, NULL, NULL);
  if (kind->mac != NULL && subject->to_sign.data == NULL)
    die("the provider does not trace what it signs", NULL);
  return 1;
}

void subject_close(struct subject *subject)
{
  credence_request_free(&subject->request);
  credence_profile_free(&subject->profile);
  free(subject->to_sign.data);
  free(subject->canonical.data);
}
