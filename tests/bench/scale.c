/* SPDX-License-Identifier: BSD-3-Clause */
/* scale.c - memory of many profiles, and of many signatures */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"

#define OPENED 10000
#define UNLOCKED 1000 /* each starts a keyring helper, which takes milliseconds */
#define FEW 10000
#define MANY 1000000

/* What one of count things takes, since it was so much memory and time before. */
struct before {
  long bytes;
  double ns;
};

static struct before start_counting(void)
{
  (void)malloc_trim(0);
  return (struct before){resident_bytes(), now_ns()};
}

static void tell(json_object *report, const char *what, const char *key, struct before before, unsigned count)
{
  char name[64];
  double us = (now_ns() - before.ns) / 1e3 / count;
  double bytes = (double)(resident_bytes() - before.bytes) / count;
  printf("%6u %-56s %8.0f bytes and %8.1f us each\n", count, what, bytes, us);
  snprintf(name, sizeof(name), "%s_bytes_each", key);
  put_number(report, name, bytes);
  snprintf(name, sizeof(name), "%s_us_each", key);
  put_number(report, name, us);
}

static void sign_once(const struct kind *kind, credence_profile *profile)
{
  credence_error *error = NULL;
  credence_request *request = request_of(kind, profile);
  if (credence_request_sign(request, &error) < 0)
    die("signing failed", error);
  credence_request_free(&request);
}

static void bench_profiles(const struct kind *kind, json_object *report)
{
  credence_error *error = NULL;
  credence_profile **profiles = calloc(OPENED, sizeof(credence_profile *));
  if (profiles == NULL)
    die("out of memory", NULL);
  struct before before = start_counting();
  for (size_t i = 0; i < OPENED; i++)
    profiles[i] = profile_of(kind);
  tell(report, "profiles, opened", "profile_opened", before, OPENED);
  before = start_counting();
  for (size_t i = 0; i < UNLOCKED; i++)
    if (credence_profile_unlock(profiles[i], &error) < 0)
      die("unlocking failed", error);
  tell(report, "of them, unlocked with the file keyring: besides", "profile_unlocked", before, UNLOCKED);
  before = start_counting();
  for (size_t i = 0; i < UNLOCKED; i++)
    sign_once(kind, profiles[i]);
  tell(report, "of these, used for a first signature: besides", "profile_used", before, UNLOCKED);
  for (size_t i = 0; i < OPENED; i++)
    credence_profile_free(&profiles[i]);
  free(profiles);
}

static void bench_million(const struct kind *kind, json_object *report)
{
  struct subject subject;
  if (!subject_open(&subject, kind))
    return;
  for (unsigned i = 0; i < FEW; i++)
    subject_all(&subject);
  struct before before = start_counting();
  for (unsigned i = FEW; i < MANY; i++)
    subject_all(&subject);
  double seconds = (now_ns() - before.ns) / 1e9;
  double after = (double)(resident_bytes() - before.bytes);
  printf("%u requests built, signed, freed: %.0f KiB resident after %u, %.0f KiB more at the end, %.1f s\n",
         MANY, (double)before.bytes / 1024, FEW, after / 1024, seconds);
  put_number(report, "million_resident_bytes", (double)before.bytes);
  put_number(report, "million_growth_bytes", after);
  put_number(report, "million_seconds", seconds);
  subject_close(&subject);
}

void bench_scale(json_object *report)
{
  const struct kind *kind = kind_find("6connect");
  json_object *figures = json_object_new_object();
  printf("\nScale, with 6connect where nothing else is said\n");
  bench_million(kind, figures);
  bench_reader(figures);
  bench_profiles(kind, figures);
  json_object_object_add(report, "scale", figures);
}
