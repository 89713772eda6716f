/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * bench.c - what signing costs inside a process: make bench
 *
 *     bench [--json FILE] [PEER ...]
 *
 * A peer is the path of an object, or the name of a library that is not here.
 * Runs in a HOME of its own, where it makes the profiles that it needs; see run.sh.
 */
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>

#include "bench.h"

static void describe(json_object *report)
{
  json_object *machine = json_object_new_object();
  json_object_object_add(machine, "cores", json_object_new_int(core_count()));
  json_object_object_add(machine, "openssl", json_object_new_string(OpenSSL_version(OPENSSL_VERSION)));
  json_object_object_add(machine, "compiler", json_object_new_string(__VERSION__));
  json_object_object_add(machine, "credence", json_object_new_string(credence_version()));
  json_object_object_add(report, "machine", machine);
  printf("Credence %s, %s, compiler %s, %d cores\n\n", credence_version(), OpenSSL_version(OPENSSL_VERSION),
         __VERSION__, core_count());
}

int main(int argc, char **argv)
{
  const char *file = NULL;
  int first = 1;
  if (argc > 2 && strcmp(argv[1], "--json") == 0) {
    file = argv[2];
    first = 3;
  }
  json_object *report = json_object_new_object();
  describe(report);
  bench_signatures(report);
  bench_peers(report, argc - first, argv + first);
  bench_threads(report);
  bench_scale(report);
  if (file != NULL && json_object_to_file_ext(file, report, JSON_C_TO_STRING_PRETTY) < 0)
    die("the JSON file cannot be written", NULL);
  json_object_put(report);
  return 0;
}
