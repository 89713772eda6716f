/* SPDX-License-Identifier: BSD-3-Clause */
/* drafts.c - what the tests of drafts share; see drafts.h */
#include "drafts.h"

#include <stdlib.h>
#include <string.h>

#include "keyring.h"
#include "record.h"
#include "secret.h"

struct sandbox sandbox;
static const char *const key_field[] = {"api_key", "K-1", NULL};

int start(void **state)
{
  (void)state;
  sandbox_open(&sandbox);
  return 0;
}

int stop(void **state)
{
  (void)state;
  sandbox_close(&sandbox);
  return 0;
}

void add(const char *name)
{
  sandbox_add(name, "6connect", ENDPOINT, "secret_key", "first secret", key_field);
}

credence_draft *load(const char *name)
{
  credence_draft *draft = NULL;
  credence_error *error = NULL;
  expect_ok(credence_draft_load(NULL, name, &draft, &error), &error);
  return draft;
}

void set_secret(credence_draft *draft, const char *secret)
{
  credence_error *error = NULL;
  expect_ok(credence_draft_set_secret(draft, "secret_key", secret, strlen(secret), &error), &error);
}

void set_field(credence_draft *draft, const char *name, const char *value)
{
  credence_error *error = NULL;
  expect_ok(credence_draft_set_field(draft, name, value, &error), &error);
}

void save(credence_draft **draft)
{
  credence_error *error = NULL;
  expect_ok(credence_draft_save(*draft, &error), &error);
  credence_draft_free(draft);
}

void expect_setting(const char *name, const char *section, const char *field, const char *wanted)
{
  struct profile_file file;
  credence_error *error = NULL;
  expect_ok(profile_file_read(name, &file, &error), &error);
  const char *value = profile_file_get(&file, section, field, 0);
  if (wanted == NULL)
    assert_null(value);
  else
    assert_string_equal(value, wanted);
  profile_file_clear(&file);
}

/* What the keyring holds; NULL: nothing. */
void expect_secret(const char *name, const char *wanted)
{
  struct keyring *keyring = NULL;
  struct record record = {NULL, 0};
  char *text = NULL;
  char *revision = NULL;
  const unsigned char *data = NULL;
  size_t size = 0;
  credence_error *error = NULL;
  expect_ok(keyring_open(context_or_default(NULL), "file", NULL, &keyring, &error), &error);
  int r = keyring_get(keyring, name, "credential", &text, &revision, &error);
  keyring_close(&keyring);
  if (wanted == NULL) {
    assert_int_equal(r, CREDENCE_E_NOT_FOUND);
    credence_error_free(&error);
    return;
  }
  expect_ok(r, &error);
  expect_ok(record_decode(text, &record, &error), &error);
  assert_true(record_get(&record, "6connect", "secret_key", &data, &size));
  assert_int_equal(size, strlen(wanted));
  assert_memory_equal(data, wanted, size);
  record_clear(&record);
  secret_free(text);
  free(revision);
}
