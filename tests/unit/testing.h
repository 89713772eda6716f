/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * testing.h - what the unit tests of the core share
 *
 * cmocka with the headers that it wants in front of it, and a sandbox: a HOME
 * of its own in which profiles, providers and the file keyring live.  A sandbox
 * changes the environment of the test program, so a program has one at a time.
 */
#ifndef TESTS_TESTING_H
#define TESTS_TESTING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "credence.h"

struct sandbox {
  char root[64]; /* of mode 0700 */
};

void sandbox_open(struct sandbox *sandbox);
void sandbox_close(struct sandbox *sandbox);

/* Write root/name with all folders above it; files get mode 0600. */
void sandbox_write(const struct sandbox *sandbox, const char *name, const char *text);
void sandbox_profile(const struct sandbox *sandbox, const char *name, const char *text);
void sandbox_provider(const struct sandbox *sandbox, const char *name, const char *text);
/* root/name, in memory that the next but seven calls use again. */
const char *sandbox_path(const struct sandbox *sandbox, const char *name);
/* What a file holds; free it.  NULL when it is not there. */
char *sandbox_read(const struct sandbox *sandbox, const char *name);

/* Make a profile on the file keyring.  fields: name, value, ..., NULL. */
void sandbox_add(const char *name, const char *provider, const char *endpoint, const char *secret_field,
                 const char *secret, const char *const *fields);

/* The call failed with this code, its message has these words, and there is no
 * control character in it.  Frees *error. */
void expect_error(int result, int code, credence_error **error, const char *words);
/* The call succeeded; prints the error when not. */
void expect_ok(int result, credence_error **error);

/* Of the sandbox, and without an error. */
credence_profile *open_profile(const char *name);
credence_request *build(credence_profile *profile, const char *method, const char *target);
void sign(credence_request *request);
/* The header of that name in what is to be sent; NULL when there is none. */
const char *header_of(const credence_request *request, const char *name);

/* Numbers that are the same in every run, so that a failure can be seen again. */
uint32_t dice(uint32_t *state, uint32_t sides);

#endif
