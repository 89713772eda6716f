/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * drafts.h - what the tests of drafts share: a sandbox with profiles of the
 * provider 6connect on the real file keyring, changed and looked at
 */
#ifndef TESTS_DRAFTS_H
#define TESTS_DRAFTS_H

#include "testing.h"

#include "draft.h"

#define ENDPOINT "https://a.example/api"
#define PROFILES ".config/credence/profiles"

extern struct sandbox sandbox;

int start(void **state);
int stop(void **state);
void add(const char *name);
credence_draft *load(const char *name);
void set_secret(credence_draft *draft, const char *secret);
void set_field(credence_draft *draft, const char *name, const char *value);
void save(credence_draft **draft);
void expect_setting(const char *name, const char *section, const char *field, const char *wanted);
/* What the keyring holds; NULL: nothing. */
void expect_secret(const char *name, const char *wanted);

#endif
