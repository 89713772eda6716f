/* SPDX-License-Identifier: BSD-3-Clause */
/* signatures.c - what one signature costs, provider by provider */
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"

enum { SIGN, SIGN_AND_READ, BUILD, ALL, FLOOR, FLOOR_DIGESTS, PARTS };

static void print_heading(void)
{
  static const char line[] = "%-28s %5s %5s %7s %6s %5s %5s %6s %6s %5s %6s %6s\n";
  printf("One signature in nanoseconds, and what OpenSSL takes for its HMAC and its digests alone\n");
  printf(line, "", "", "", "HMAC +", "", "sign/", "sign/", "", "", "read", "all", "");
  printf(line, "", "bytes", "HMAC", "digests", "sign", "HMAC", "both", "alloc.", "build", "back", "of it",
         "alloc.");
}

/* A figure, or a dash where there is none. */
static void print_figure(int width, int digits, int is_there, double figure)
{
  if (is_there)
    printf(" %*.*f", width, digits, figure);
  else
    printf(" %*s", width, "-");
}

static void print_row(const struct subject *subject, const struct part *parts)
{
  int has_floor = parts[FLOOR].function != NULL;
  const struct part *floor = has_floor ? &parts[FLOOR] : &parts[SIGN];
  const struct part *floor_digests = has_floor ? &parts[FLOOR_DIGESTS] : &parts[SIGN];
  printf("%-28s", subject->kind->name);
  print_figure(5, 0, has_floor, (double)subject->to_sign.size);
  print_figure(5, 0, has_floor, part_ns(floor));
  print_figure(7, 0, has_floor, part_ns(floor_digests));
  print_figure(6, 0, 1, part_ns(&parts[SIGN]));
  print_figure(5, 2, has_floor, part_ratio(&parts[SIGN], floor));
  print_figure(5, 2, has_floor, part_ratio(&parts[SIGN], floor_digests));
  print_figure(6, 2, 1, part_allocations(&parts[SIGN]));
  print_figure(6, 0, 1, part_ns(&parts[BUILD]));
  print_figure(5, 0, 1, part_difference_ns(&parts[SIGN_AND_READ], &parts[SIGN]) / READS);
  print_figure(6, 0, 1, part_ns(&parts[ALL]));
  print_figure(6, 2, 1, part_allocations(&parts[ALL]));
  printf("\n");
}

static json_object *row_json(const struct subject *subject, const struct part *parts)
{
  json_object *row = json_object_new_object();
  json_object_object_add(row, "name", json_object_new_string(subject->kind->name));
  put_number(row, "sign_ns", part_ns(&parts[SIGN]));
  put_number(row, "sign_allocations", part_allocations(&parts[SIGN]));
  put_number(row, "build_ns", part_ns(&parts[BUILD]));
  put_number(row, "read_back_ns", part_difference_ns(&parts[SIGN_AND_READ], &parts[SIGN]) / READS);
  put_number(row, "all_ns", part_ns(&parts[ALL]));
  put_number(row, "all_allocations", part_allocations(&parts[ALL]));
  if (parts[FLOOR].function != NULL) {
    put_number(row, "bytes_signed", (double)subject->to_sign.size);
    put_number(row, "hmac_ns", part_ns(&parts[FLOOR]));
    put_number(row, "hmac_and_digests_ns", part_ns(&parts[FLOOR_DIGESTS]));
    put_number(row, "sign_per_hmac", part_ratio(&parts[SIGN], &parts[FLOOR]));
    put_number(row, "sign_per_hmac_and_digests", part_ratio(&parts[SIGN], &parts[FLOOR_DIGESTS]));
  }
  return row;
}

static json_object *bench_kind(const struct kind *kind)
{
  struct subject subject;
  if (!subject_open(&subject, kind)) {
    printf("%-28s absent\n", kind->name);
    return NULL;
  }
  struct floor *floor = floor_new(&subject);
  struct part parts[PARTS] = {
      [SIGN] = {.function = subject_sign, .subject = &subject},
      [SIGN_AND_READ] = {.function = subject_sign_and_read, .subject = &subject},
      [BUILD] = {.function = subject_build, .subject = &subject},
      [ALL] = {.function = subject_all, .subject = &subject},
  };
  if (floor != NULL) {
    parts[FLOOR] = (struct part){.function = floor_mac, .subject = floor};
    parts[FLOOR_DIGESTS] = (struct part){.function = floor_mac_and_digests, .subject = floor};
  }
  measure(parts, floor == NULL ? FLOOR : PARTS);
  print_row(&subject, parts);
  json_object *row = row_json(&subject, parts);
  floor_free(floor);
  subject_close(&subject);
  return row;
}

void bench_signatures(json_object *report)
{
  json_object *rows = json_object_new_array();
  print_heading();
  for (size_t i = 0; kind_at(i) != NULL; i++) {
    json_object *row = bench_kind(kind_at(i));
    if (row != NULL)
      json_object_array_add(rows, row);
    fflush(stdout);
  }
  json_object_object_add(report, "signatures", rows);
}
