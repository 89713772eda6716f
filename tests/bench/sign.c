/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * sign.c - what a signature costs: make bench
 *
 * In one process, by turns: the HMAC alone, over the same bytes with a reused
 * EVP_MAC context, which is the floor; then signing a request that is built;
 * then building, signing and reading back.  Machines are noisy, so the number to
 * look at is the ratio.
 *
 *     sign PROFILE TARGET      a 6connect profile
 */
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "credence.h"

#define ROUNDS 15
#define COUNT 20000

static unsigned long allocations;

/* Count every allocation of the process, OpenSSL's too: our malloc() is seen by
 * the libraries.  glibc alone has the functions behind it. */
#define SEEN __attribute__((visibility("default")))
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *block, size_t size);

SEEN void *malloc(size_t size)
{
  allocations++;
  return __libc_malloc(size);
}

SEEN void *calloc(size_t count, size_t size)
{
  allocations++;
  return __libc_calloc(count, size);
}

SEEN void *realloc(void *block, size_t size)
{
  allocations++;
  return __libc_realloc(block, size);
}

struct bench {
  credence_profile *profile;
  credence_request *request;
  const char *target;
  char signed_text[512];
  EVP_MAC_CTX *mac;
};

static void die(const char *what, const credence_error *error)
{
  fprintf(stderr, "%s: %s\n", what, credence_error_message(error));
  exit(1);
}

static void bare_hmac(struct bench *b)
{
  unsigned char out[32];
  size_t size = 0;
  if (!EVP_MAC_init(b->mac, NULL, 0, NULL) ||
      !EVP_MAC_update(b->mac, (const unsigned char *)b->signed_text, strlen(b->signed_text)) ||
      !EVP_MAC_final(b->mac, out, &size, sizeof(out)))
    die("EVP_MAC", NULL);
}

static void sign_only(struct bench *b)
{
  credence_error *error = NULL;
  if (credence_request_sign(b->request, &error) < 0)
    die("sign", error);
}

static void build_and_sign(struct bench *b)
{
  credence_error *error = NULL;
  credence_request *request = NULL;
  if (credence_request_new(b->profile, "GET", b->target, &request, &error) < 0 ||
      credence_request_sign(request, &error) < 0 || credence_request_url(request) == NULL)
    die("build and sign", error);
  credence_request_free(&request);
}

static double time_ns(void (*function)(struct bench *), struct bench *b)
{
  struct timespec from;
  struct timespec to;
  clock_gettime(CLOCK_MONOTONIC, &from);
  for (int i = 0; i < COUNT; i++)
    function(b);
  clock_gettime(CLOCK_MONOTONIC, &to);
  return ((double)(to.tv_sec - from.tv_sec) * 1e9 + (double)(to.tv_nsec - from.tv_nsec)) / COUNT;
}

static double count_allocations(void (*function)(struct bench *), struct bench *b)
{
  unsigned long before = allocations;
  for (int i = 0; i < 1000; i++)
    function(b);
  return (double)(allocations - before) / 1000;
}

static int compare(const void *a, const void *b)
{
  double x = *(const double *)a;
  double y = *(const double *)b;
  return (x > y) - (x < y);
}

static double median(double *values)
{
  qsort(values, ROUNDS, sizeof(*values), compare);
  return values[ROUNDS / 2];
}

static void prepare(struct bench *b, const char *profile)
{
  credence_error *error = NULL;
  OSSL_PARAM digest[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char[]){"SHA256"}, 0),
                         OSSL_PARAM_construct_end()};
  if (credence_profile_open(NULL, profile, &b->profile, &error) < 0 ||
      credence_request_new(b->profile, "GET", b->target, &b->request, &error) < 0 ||
      credence_request_sign(b->request, &error) < 0)
    die("prepare", error);
  const char *url = credence_request_url(b->request);
  const char *query = strchr(url, '?') + 1;
  snprintf(b->signed_text, sizeof(b->signed_text), "%.*s", (int)(strrchr(query, '&') - query), query);
  EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
  b->mac = EVP_MAC_CTX_new(hmac);
  EVP_MAC_free(hmac);
  if (!EVP_MAC_init(b->mac, (const unsigned char *)"any key of this length", 22, digest))
    die("EVP_MAC_init", NULL);
}

int main(int argc, char **argv)
{
  static const struct {
    const char *name;
    void (*function)(struct bench *);
  } parts[] = {
      {"bare HMAC-SHA256", bare_hmac}, {"sign", sign_only}, {"build, sign, read back", build_and_sign}};
  double times[3][ROUNDS];
  struct bench b = {.profile = NULL};
  if (argc != 3)
    return 2;
  b.target = argv[2];
  prepare(&b, argv[1]);
  for (int round = 0; round < ROUNDS; round++)
    for (int i = 0; i < 3; i++)
      times[i][round] = time_ns(parts[i].function, &b);
  double floor = median(times[0]);
  printf("%zu bytes signed\n%-24s %8s %6s %12s\n", strlen(b.signed_text), "", "ns", "ratio", "allocations");
  for (int i = 0; i < 3; i++) {
    double ns = median(times[i]);
    printf("%-24s %8.0f %6.2f %12.2f\n", parts[i].name, ns, ns / floor,
           count_allocations(parts[i].function, &b));
  }
  EVP_MAC_CTX_free(b.mac);
  credence_request_free(&b.request);
  credence_profile_free(&b.profile);
  return 0;
}
