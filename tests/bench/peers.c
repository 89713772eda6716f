/* SPDX-License-Identifier: BSD-3-Clause */
/* peers.c - other libraries that sign, by turns with Credence; see peer.h */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include "bench.h"
#include "peer.h"

enum { OUR_SIGN, PEER_SIGN, OUR_ALL, PEER_ALL, PARTS };

static const char *authorization(const struct subject *subject)
{
  const char *name = NULL;
  const char *value = "";
  for (size_t i = 0; credence_request_header(subject->request, i, &name, &value) == 0; i++)
    if (strcmp(name, "Authorization") == 0)
      return value;
  return "";
}

static const struct peer *load(const char *path)
{
  void *object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  const struct peer *(*find)(void) = NULL;
  if (object != NULL) /* ISO C knows no other way from an object's address to a function's */
    *(void **)&find = dlsym(object, "bench_peer");
  if (find == NULL) {
    printf("%s: %s\n", path, dlerror());
    return NULL;
  }
  return find();
}

static void print_ours(const struct subject *subject, const struct part *parts, int has_all)
{
  printf("Credence, %-35s %9.0f %6.1f", subject->kind->name, part_ns(&parts[OUR_SIGN]),
         part_allocations(&parts[OUR_SIGN]));
  if (has_all)
    printf(" %22.0f %6.1f", part_ns(&parts[OUR_ALL]), part_allocations(&parts[OUR_ALL]));
  printf("\n");
}

static void print_peer(const struct peer *peer, const struct part *parts)
{
  printf("%-45s %9.0f %6.1f %5.1f times", peer->name, part_ns(&parts[PEER_SIGN]),
         part_allocations(&parts[PEER_SIGN]), part_ratio(&parts[PEER_SIGN], &parts[OUR_SIGN]));
  if (peer->all != NULL)
    printf(" %10.0f %6.1f %5.1f times", part_ns(&parts[PEER_ALL]), part_allocations(&parts[PEER_ALL]),
           part_ratio(&parts[PEER_ALL], &parts[OUR_ALL]));
  printf("\n");
}

static json_object *row_json(const struct peer *peer, const struct part *parts)
{
  json_object *row = json_object_new_object();
  json_object_object_add(row, "name", json_object_new_string(peer->name));
  json_object_object_add(row, "request", json_object_new_string(peer->kind));
  put_number(row, "sign_ns", part_ns(&parts[PEER_SIGN]));
  put_number(row, "sign_allocations", part_allocations(&parts[PEER_SIGN]));
  put_number(row, "credence_sign_ns", part_ns(&parts[OUR_SIGN]));
  put_number(row, "sign_ratio", part_ratio(&parts[PEER_SIGN], &parts[OUR_SIGN]));
  if (peer->all != NULL) {
    put_number(row, "all_ns", part_ns(&parts[PEER_ALL]));
    put_number(row, "all_allocations", part_allocations(&parts[PEER_ALL]));
    put_number(row, "credence_all_ns", part_ns(&parts[OUR_ALL]));
    put_number(row, "all_ratio", part_ratio(&parts[PEER_ALL], &parts[OUR_ALL]));
  }
  return row;
}

static void bench_peer_of(const struct peer *peer, struct subject *subject, json_object *rows)
{
  struct part parts[PARTS] = {
      [OUR_SIGN] = {.function = subject_sign, .subject = subject},
      [PEER_SIGN] = {.function = peer->sign},
      [OUR_ALL] = {.function = subject_all, .subject = subject},
      [PEER_ALL] = {.function = peer->all},
  };
  peer->start(subject->to_sign.data);
  if (peer->agrees != NULL && !peer->agrees(authorization(subject)))
    printf("%s comes to another signature, so that the figures do not compare\n", peer->name);
  measure(parts, peer->all == NULL ? OUR_ALL : PARTS);
  print_ours(subject, parts, peer->all != NULL);
  print_peer(peer, parts);
  json_object_array_add(rows, row_json(peer, parts));
}

void bench_peers(json_object *report, int count, char **names)
{
  json_object *rows = json_object_new_array();
  printf("\nOther libraries, by turns in this process; nanoseconds, allocations, times Credence's\n"
         "%-45s %9s %6s %11s %10s %6s %11s\n",
         "", "sign", "alloc.", "", "all of it", "alloc.", "");
  for (int i = 0; i < count; i++) {
    struct subject subject;
    if (strchr(names[i], '/') == NULL) {
      printf("%-45s absent\n", names[i]);
      continue;
    }
    const struct peer *peer = load(names[i]);
    if (peer == NULL)
      continue;
    if (subject_open(&subject, kind_find(peer->kind))) {
      bench_peer_of(peer, &subject, rows);
      subject_close(&subject);
    } else {
      printf("%-45s nothing to compare with: %s is absent\n", peer->name, peer->kind);
    }
  }
  json_object_object_add(report, "peers", rows);
}
