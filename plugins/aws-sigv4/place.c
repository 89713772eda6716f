/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * place.c - region and service of an AWS host; see place.h
 *
 * Most names are SERVICE.REGION.amazonaws.com, with more labels in front: a
 * bucket, the id of an API, "dualstack".  Older ones have the two the other way
 * round, or no region.
 *
 * Source: "AWS service endpoints" and the pages of the services that it names, in the
 * AWS General Reference.  The service that signs is the signing name of the
 * service's public API model.
 */
#include "place.h"

#include <string.h>

#define LABELS_MAX 16u

struct label {
  const char *text;
  size_t size;
};

struct labels {
  struct label items[LABELS_MAX]; /* the last ones, where there are more */
  size_t count;
};

static int is(struct label label, const char *word)
{
  return label.size == strlen(word) && memcmp(label.text, word, label.size) == 0;
}

static int begins(struct label label, const char *word)
{
  return label.size > strlen(word) && memcmp(label.text, word, strlen(word)) == 0;
}

static int ends(struct label label, const char *word)
{
  size_t size = strlen(word);
  return label.size > size && memcmp(label.text + label.size - size, word, size) == 0;
}

static void set(char out[NAME_SIZE], struct label label)
{
  if (label.size >= NAME_SIZE)
    return;
  memcpy(out, label.text, label.size);
  out[label.size] = '\0';
}

static int is_lower(char c)
{
  return c >= 'a' && c <= 'z';
}

static int is_digit(char c)
{
  return c >= '0' && c <= '9';
}

/* "eu-west-1", "us-gov-east-1": two or more letters, words, a number. */
static int is_region(struct label label)
{
  size_t dashes = 0;
  size_t i = 0;
  for (; i < label.size && (is_lower(label.text[i]) || label.text[i] == '-'); i++)
    dashes += label.text[i] == '-';
  if (dashes < 2 || i < 2 || !is_lower(label.text[0]) || !is_lower(label.text[1]) || i == label.size)
    return 0;
  if (label.text[i - 1] != '-')
    return 0;
  while (i < label.size && is_digit(label.text[i]))
    i++;
  return i == label.size;
}

/* Cut one of the endings of AWS's names off the host; 0 when it has none. */
static int cut_domain(struct label *host)
{
  static const char *const domains[] = {".amazonaws.com", ".amazonaws.com.cn",
                                        ".api.aws",       ".on.aws",
                                        ".amazonaws.eu",  ".api.amazonwebservices.com.cn"};
  for (size_t i = 0; i < sizeof(domains) / sizeof(domains[0]); i++)
    if (ends(*host, domains[i])) {
      host->size -= strlen(domains[i]);
      return 1;
    }
  return 0;
}

static void split(struct label host, struct labels *labels)
{
  const char *end = host.text + host.size;
  labels->count = 0;
  for (const char *at = host.text; at <= end;) {
    const char *dot = memchr(at, '.', (size_t)(end - at));
    const char *stop = dot == NULL ? end : dot;
    if (labels->count == LABELS_MAX)
      memmove(labels->items, labels->items + 1, --labels->count * sizeof(labels->items[0]));
    labels->items[labels->count++] = (struct label){at, (size_t)(stop - at)};
    at = stop + 1;
  }
}

/* Hosts that are named otherwise than their service signs; before NULL: whatever stands
 * in front. */
static const struct {
  const char *before;
  const char *label;
  const char *name;
} signing_names[] = {
    {"api.fleethub", "iot", "iotfleethub"},
    {"api.tunneling", "iot", "IoTSecuredTunneling"},
    {"data.jobs", "iot", "iot-jobs-data"},
    {"data", "iot", "iotdata"},
    {"data", "iotevents", "ioteventsdata"},
    {"participant", "connect", "execute-api"},
    {"portal", "sso", "awsssoportal"},
    {"sms-voice", "pinpoint", "sms-voice"},
    {NULL, "agreement-marketplace", "aws-marketplace"},
    {NULL, "analytics-omics", "omics"},
    {NULL, "appconfigdata", "appconfig"},
    {NULL, "appstream2", "appstream"},
    {NULL, "appsync-api", "appsync"},
    {NULL, "aps-workspaces", "aps"},
    {NULL, "backupstorage", "backup-storage"},
    {NULL, "bedrock-agent", "bedrock"},
    {NULL, "bedrock-agent-runtime", "bedrock"},
    {NULL, "bedrock-agentcore-control", "bedrock-agentcore"},
    {NULL, "bedrock-data-automation", "bedrock"},
    {NULL, "bedrock-data-automation-runtime", "bedrock"},
    {NULL, "bedrock-runtime", "bedrock"},
    {NULL, "cassandra-streams", "cassandra"},
    {NULL, "cloudhsmv2", "cloudhsm"},
    {NULL, "cloudsearchdomain", "cloudsearch"},
    {NULL, "contact-lens", "connect"},
    {NULL, "control-storage-omics", "omics"},
    {NULL, "data-lakeformation", "lakeformation"},
    {NULL, "data-servicediscovery", "servicediscovery"},
    {NULL, "data-signer", "signer"},
    {NULL, "ddb", "dynamodb"},
    {NULL, "deployment-marketplace", "aws-marketplace"},
    {NULL, "discovery-marketplace", "aws-marketplace"},
    {NULL, "email", "ses"},
    {NULL, "forecastquery", "forecast"},
    {NULL, "identity-chime", "chime"},
    {NULL, "ivsrealtime", "ivs"},
    {NULL, "lambda-url", "lambda"},
    {NULL, "mail-manager", "ses"},
    {NULL, "marketplace", "aws-marketplace"},
    {NULL, "media-pipelines-chime", "chime"},
    {NULL, "meetings-chime", "chime"},
    {NULL, "memory-db", "memorydb"},
    {NULL, "messaging-chime", "chime"},
    {NULL, "migrationhub-config", "mgh"},
    {NULL, "mobile", "AWSMobileHubService"},
    {NULL, "models-v2-lex", "lex"},
    {NULL, "oidc", "sso-oauth"},
    {NULL, "personalize-events", "personalize"},
    {NULL, "personalize-runtime", "personalize"},
    {NULL, "pinpoint", "mobiletargeting"},
    {NULL, "pinpoint-sms-voice", "sms-voice"},
    {NULL, "query-lakeformation", "lakeformation"},
    {NULL, "queue", "sqs"},
    {NULL, "reporting-marketplace", "aws-marketplace"},
    {NULL, "runtime-medical-imaging", "medical-imaging"},
    {NULL, "runtime-v2-lex", "lex"},
    {NULL, "s3-accelerate", "s3"},
    {NULL, "s3-accesspoint", "s3"},
    {NULL, "s3-control", "s3"},
    {NULL, "servicecatalog-appregistry", "servicecatalog"},
    {NULL, "storage-omics", "omics"},
    {NULL, "stream-logs", "logs"},
    {NULL, "sync-states", "states"},
    {NULL, "tags-omics", "omics"},
    {NULL, "transcribestreaming", "transcribe"},
    {NULL, "voice-chime", "chime"},
    {NULL, "workflows-omics", "omics"},
};

/* Do the labels in front of index end in before, whole labels? */
static int stands_before(const struct labels *labels, size_t index, const char *before)
{
  size_t size = strlen(before);
  if (index == 0)
    return 0;
  const char *start = labels->items[0].text;
  const char *end = labels->items[index].text - 1; /* at the dot */
  if ((size_t)(end - start) < size || memcmp(end - size, before, size) != 0)
    return 0;
  return end - size == start || *(end - size - 1) == '.';
}

static const char *signing_name(const struct labels *labels, size_t index, struct label label)
{
  for (size_t i = 0; i < sizeof(signing_names) / sizeof(signing_names[0]); i++)
    if (is(label, signing_names[i].label) &&
        (signing_names[i].before == NULL || stands_before(labels, index, signing_names[i].before)))
      return signing_names[i].name;
  if (is(label, "iot") && index > 0 && ends(labels->items[index - 1], "-ats"))
    return "iotdata"; /* an account's own name for it */
  return begins(label, "s3express-") ? "s3express" : NULL;
}

static void set_service(const struct labels *labels, size_t index, struct place *place)
{
  struct label label = labels->items[index];
  if (ends(label, "-fips"))
    label.size -= strlen("-fips");
  const char *name = signing_name(labels, index, label);
  set(place->service, name == NULL ? label : (struct label){name, strlen(name)});
}

/* "dualstack" and the like stand between a service and its region. */
static size_t skip_between(const struct labels *labels, size_t index)
{
  while (index > 0 && (is(labels->items[index], "dualstack") || is(labels->items[index], "vpce")))
    index--;
  return index;
}

/* "s3-eu-west-1", as Amazon S3 was named once. */
static int is_dashed_s3(struct label label)
{
  return begins(label, "s3-") && is_region((struct label){label.text + 3, label.size - 3});
}

/* A name without a region: the service alone decides. */
static void set_global(const struct labels *labels, size_t last, int in_partition_aws, struct place *place)
{
  struct label label = labels->items[last];
  if (is(label, "us-gov") && last > 0) {
    set(place->region, (struct label){"us-gov-west-1", 13});
    set_service(labels, last - 1, place);
    return;
  }
  set_service(labels, last, place);
  /* What many regions serve is signed by another algorithm, Version 4A. */
  if (is(label, "s3-global"))
    place->service[0] = '\0';
  /* Accelerated buckets lie anywhere; China's regions are their own. */
  if (in_partition_aws && !is(label, "s3-accelerate"))
    set(place->region, (struct label){"us-east-1", 9});
}

static void read_labels(const struct labels *labels, int in_partition_aws, struct place *place)
{
  size_t last = skip_between(labels, labels->count - 1);
  struct label label = labels->items[last];
  if (is_region(label) && last > 0) {
    set(place->region, label);
    set_service(labels, skip_between(labels, last - 1), place);
  } else if (is_dashed_s3(label)) {
    set(place->region, (struct label){label.text + 3, label.size - 3});
    set(place->service, (struct label){"s3", 2});
  } else if (last > 0 && is_region(labels->items[last - 1]) && !is(label, "s3")) {
    /* A bucket may have the name of a region, so not for S3. */
    set(place->region, labels->items[last - 1]);
    set_service(labels, last, place);
  } else if (!is_region(label)) {
    set_global(labels, last, in_partition_aws, place);
  }
}

void place_of_host(credence_bytes authority, struct place *ret_place)
{
  struct labels labels;
  struct label host = {authority.data, authority.size};
  memset(ret_place, 0, sizeof(*ret_place));
  const char *colon = memchr(host.text, ':', host.size);
  if (colon != NULL)
    host.size = (size_t)(colon - host.text);
  int in_partition_aws = ends(host, ".amazonaws.com");
  if (!cut_domain(&host))
    return;
  split(host, &labels);
  read_labels(&labels, in_partition_aws, ret_place);
}
