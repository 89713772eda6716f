/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * bench.h - what the parts of make bench share
 *
 * Machines are noisy.  So what is compared is measured by turns, in short slices
 * and many rounds; a figure is the median over the rounds, and a ratio the median of
 * the ratios within each round.
 */
#ifndef BENCH_H
#define BENCH_H

#include <json-c/json.h>
#include <stddef.h>
#include <stdint.h>

#include "credence.h"

/* --- measure.c ------------------------------------------------------------------ */

#define ROUNDS 31

/* Something to measure: function(subject), as often as takes a slice of time. */
struct part {
  void (*function)(void *subject);
  void *subject;
  double ns[ROUNDS]; /* of one call, per round */
};

void measure(struct part *parts, size_t count);
double part_ns(const struct part *part);
/* How many times b's is a's, and how much longer a takes than b. */
double part_ratio(const struct part *a, const struct part *b);
double part_difference_ns(const struct part *a, const struct part *b);
double part_allocations(const struct part *part);

double median(const double *values, size_t count);
double now_ns(void);
long resident_bytes(void);
int core_count(void);

/* End the program.  error may be NULL. */
void die(const char *what, const credence_error *error);

/* --- providers.c ------------------------------------------------------------------ */

#define FIELDS_MAX 8

/* A request and the profile that signs it. */
struct kind {
  const char *name;
  const char *provider;
  const char *endpoint;           /* NULL: the provider's */
  const char *fields[FIELDS_MAX]; /* name, value, name, value ... */
  const char *secret_field;
  const char *secret;
  const char *method; /* NULL: GET */
  const char *target;
  const char *header[2]; /* name and value, or NULL */
  const char *body;      /* or NULL */
  size_t body_size;
  const char *media_type;
  int64_t time;    /* microseconds; 0: the clock */
  const char *mac; /* the digest of its HMAC, as OpenSSL calls it; NULL: it has none */
};

struct text {
  char *data;
  size_t size;
};

struct subject {
  const struct kind *kind;
  credence_profile *profile;
  credence_request *request; /* built, and signed once */
  struct text to_sign;       /* from the provider's trace */
  struct text canonical;
};

/* NULL behind the last. */
const struct kind *kind_at(size_t index);
const struct kind *kind_find(const char *name);
/* 0 when the provider is not installed. */
int subject_open(struct subject *subject, const struct kind *kind);
void subject_close(struct subject *subject);

credence_profile *profile_of(const struct kind *kind);
credence_request *request_of(const struct kind *kind, credence_profile *profile);

/* Reading back is too quick to be seen beside signing, so that it is done so often. */
#define READS 8

/* For struct part; each takes a struct subject. */
void subject_build(void *subject);
void subject_sign(void *subject);
void subject_sign_and_read(void *subject);
void subject_all(void *subject);

/* --- floor.c ------------------------------------------------------------------------ */

/* The same HMAC over the same bytes with OpenSSL alone; and the digests besides that the
 * scheme asks for.  NULL for a provider without HMAC. */
struct floor *floor_new(const struct subject *subject);
void floor_free(struct floor *floor);
void floor_mac(void *floor);
void floor_mac_and_digests(void *floor);

/* --- the tables, which also go to report --------------------------------------------- */

void bench_signatures(json_object *report);
void bench_threads(json_object *report);
/* A name with a slash is the path of a peer's object; another is a library that is absent. */
void bench_peers(json_object *report, int count, char **names);
void bench_scale(json_object *report);
void bench_reader(json_object *report); /* a part of the scale */

void put_number(json_object *object, const char *name, double value);

#endif
