/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fuzz_files.c - manifests and profiles, given anything
 *
 * The first byte says which: the text is written to a file in a HOME of its own
 * and opened through the public API, with all the checks that has.  Nothing may
 * crash or leak, an error must have its text, and what was accepted must be
 * whole.
 *
 * To build and run, in the top folder of a configured tree:
 *   none='"/nonexistent"'
 *   clang -g -O1 -fsanitize=fuzzer,address,undefined -D_GNU_SOURCE -I. -Icore -Ibuild \
 *     -I/usr/include/json-c -DPROVIDER_DIR=$none -DPLUGIN_DIR=$none -DKEYRING_DIR=$none \
 *     -DTRANSPORT_DIR=$none -DPROFILE_DIR_ADMIN=$none -DPROFILE_DIR_DIST=$none \
 *     tests/fuzz/fuzz_files.c keyring/protocol.c $(ls -d core/[^t]*.c) core/trust.c core/transport.c \
 *     -lcrypto -ljson-c -linih -o fuzz_files
 *   ./fuzz_files -max_total_time=300 -max_len=4096
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "credence.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PROVIDERS ".local/share/credence/providers"
#define PROFILES ".config/credence/profiles"

static const char good_manifest[] =
    "[provider]\ntitle = T\nmodule = m.so\nprovider = p\n[field a]\nrequired = yes\n"
    "[field s]\nsecret = yes\n[option o]\ndefault = d\npattern = ^[a-z]*$\n";

static void must(int holds)
{
  if (!holds)
    abort();
}

/* A HOME in /tmp that the process removes when it ends. */
static char home[] = "/tmp/credence-fuzz-XXXXXX";

static const char *in_home(const char *name)
{
  static char path[256];
  snprintf(path, sizeof(path), "%s/%s", home, name);
  return path;
}

static void write_file(const char *name, const void *data, size_t size)
{
  FILE *file = fopen(in_home(name), "w");
  must(file != NULL);
  must(fwrite(data, 1, size, file) == size);
  must(fclose(file) == 0);
}

static void remove_home(void)
{
  static const char *const names[] = {
      PROVIDERS "/good.provider", PROVIDERS "/new.provider", PROFILES "/new.conf", PROVIDERS, PROFILES,
      ".local/share/credence",    ".config/credence",        ".local/share",       ".local",  ".config"};
  for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
    (void)remove(in_home(names[i]));
  (void)rmdir(home);
}

static void make_home(void)
{
  static const char *const folders[] = {
      ".local", ".local/share", ".local/share/credence", PROVIDERS, ".config", ".config/credence", PROFILES};
  umask(077);
  must(mkdtemp(home) != NULL);
  setenv("HOME", home, 1);
  for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
    must(mkdir(in_home(folders[i]), 0700) == 0);
  write_file(PROVIDERS "/good.provider", good_manifest, sizeof(good_manifest) - 1);
  atexit(remove_home);
}

static void must_explain(int result, credence_error **error)
{
  must(result == credence_error_code(*error));
  must(result == 0 || credence_error_message(*error)[0] != '\0');
  for (const char *c = credence_error_message(*error); *c != '\0'; c++)
    must((unsigned char)*c >= ' ' && *c != 0x7f);
  credence_error_free(error);
}

static void try_manifest(void)
{
  credence_manifest *manifest = NULL;
  credence_error *error = NULL;
  int r = credence_manifest_open(NULL, "new", &manifest, &error);
  must_explain(r, &error);
  if (r < 0)
    return;
  must(credence_manifest_title(manifest) != NULL && strchr(credence_manifest_module(manifest), '/') == NULL);
  for (size_t i = 0; i < credence_manifest_field_count(manifest); i++) {
    must(credence_manifest_field_name(manifest, i)[0] != '\0' &&
         credence_manifest_field_label(manifest, i) != NULL);
    must(credence_manifest_field_help(manifest, i) != NULL);
    must((credence_manifest_field_flags(manifest, i) & CREDENCE_FIELD_SECRET) == 0 ||
         credence_manifest_field_default(manifest, i) == NULL);
  }
  credence_manifest_free(&manifest);
}

static void try_profile(void)
{
  credence_profile *profile = NULL;
  credence_request *request = NULL;
  credence_error *error = NULL;
  int r = credence_profile_open(NULL, "new", &profile, &error);
  must_explain(r, &error);
  if (r < 0)
    return;
  must(credence_profile_provider(profile, 0) != NULL && strlen(credence_profile_endpoint(profile)) > 7);
  r = credence_request_new(profile, "GET", "x?y", &request, &error);
  must_explain(r, &error);
  must(r == 0 && strncmp(credence_request_url(request), "http", 4) == 0);
  must_explain(credence_request_sign(request, &error), &error); /* there is no plugin: it must say so */
  credence_request_free(&request);
  credence_profile_free(&profile);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static int ready;
  if (size == 0)
    return 0;
  if (!ready)
    make_home();
  ready = 1;
  int is_profile = (data[0] & 1) != 0;
  write_file(is_profile ? PROFILES "/new.conf" : PROVIDERS "/new.provider", data + 1, size - 1);
  if (is_profile)
    try_profile();
  else
    try_manifest();
  return 0;
}
