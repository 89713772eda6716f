/* SPDX-License-Identifier: BSD-3-Clause */
/* Records in a record, and which of them counts.  Breaks when a credential is used with
 * the fields of another, when a record that an older or newer version wrote loses what it
 * holds, and when a program that opened a profile before it was rotated mixes the two. */
#include "drafts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../keyring/protocol.h"
#include "encode.h"
#include "rotation.h"
#include "secret.h"

#define WITH "6connect", "api_key"

static const struct record none = {NULL, 0};

/* A record with one secret, which is its stamp as well; with the field, unless that is
 * NULL. */
static struct record make(const char *secret, const char *api_key)
{
  struct profile_file with = {NULL, 0, NULL, 0};
  credence_error *error = NULL;
  struct record record = none;
  char *text = NULL;
  const struct record_head head = {"https://a.example", secret, NULL, 0, &with};
  const struct record_entry entry = {"6connect", "secret_key", secret, strlen(secret)};
  if (api_key != NULL)
    expect_ok(profile_file_add(&with, WITH, api_key, &error), &error);
  expect_ok(record_encode(&head, &entry, 1, &text, &error), &error);
  expect_ok(record_decode(text, &record, &error), &error);
  secret_free(text);
  profile_file_clear(&with);
  return record;
}

static void expect_is(const struct record *record, const char *wanted)
{
  const unsigned char *data = NULL;
  size_t size = 0;
  if (wanted == NULL) {
    assert_null(record->data);
    return;
  }
  assert_true(rotation_is(record, wanted));
  assert_true(record_get(record, "6connect", "secret_key", &data, &size));
  assert_int_equal(size, strlen(wanted));
  assert_memory_equal(data, wanted, size);
}

static struct rotation join(const struct record *current, const struct record *next,
                            const struct record *previous)
{
  struct rotation rotation;
  credence_error *error = NULL;
  char *text = NULL;
  expect_ok(record_join(current, next, previous, &text, &error), &error);
  expect_ok(rotation_decode(text, &rotation, &error), &error);
  secret_free(text);
  return rotation;
}

/* What one case has: NULL for a field is none, for a secret no record. */
struct order {
  const char *file;
  const char *current, *next, *previous; /* their fields; "-" no such record */
  enum rotation_order order;
  const char *counts, *waits, *kept;
};

static struct record make_for(const char *secret, const char *field)
{
  return field != NULL && strcmp(field, "-") == 0 ? none : make(secret, field);
}

static void the_first_that_fits_the_file_counts(void **state)
{
  static const struct order orders[] = {
      {"K1", NULL, "-", "-", ROTATION_IN_ORDER, "C", NULL, NULL},
      {"K1", NULL, NULL, NULL, ROTATION_IN_ORDER, "C", "N", "P"},
      {"K1", "K1", "K2", "-", ROTATION_IN_ORDER, "C", "N", NULL},
      {"K2", "K1", "K2", "-", ROTATION_MOVED, "N", NULL, "C"},
      {"K2", "K1", "K2", "K0", ROTATION_MOVED, "N", NULL, "P"},
      {"K1", "K2", "-", "K1", ROTATION_MOVED, "P", NULL, NULL},
      {"K1", "K2", "K3", "K1", ROTATION_MOVED, "P", "N", NULL},
      {"K2", "K2", "K2", "K2", ROTATION_IN_ORDER, "C", "N", "P"},
      {"K9", "K1", "K2", "K0", ROTATION_FOREIGN, "C", "N", "P"},
      {"K9", "K1", NULL, NULL, ROTATION_FOREIGN, "C", "N", "P"}, /* no fields are not any fields */
      {NULL, "", "K2", "-", ROTATION_IN_ORDER, "C", "N", NULL},
      {NULL, "K1", "", "-", ROTATION_MOVED, "N", NULL, "C"},
      {"K1", "K", "K1", "-", ROTATION_MOVED, "N", NULL, "C"},
      {"K", "K1", "-", "-", ROTATION_FOREIGN, "C", NULL, NULL},
  };
  credence_error *error = NULL;
  (void)state;
  for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
    const struct order *o = &orders[i];
    struct record current = make_for("C", o->current);
    struct record next = make_for("N", o->next);
    struct record previous = make_for("P", o->previous);
    struct rotation rotation = join(&current, &next, &previous);
    struct profile_file file = {NULL, 0, NULL, 0};
    if (o->file != NULL)
      expect_ok(profile_file_add(&file, WITH, o->file, &error), &error);
    print_message("order %zu\n", i);
    assert_int_equal(rotation_arrange(&rotation, rotation_file_value, &file), o->order);
    expect_is(&rotation.current, o->counts);
    expect_is(&rotation.next, o->waits);
    expect_is(&rotation.previous, o->kept);
    rotation_clear(&rotation);
    profile_file_clear(&file);
    record_clear(&current);
    record_clear(&next);
    record_clear(&previous);
  }
}

static void parts_of_parts_are_left_out(void **state)
{
  struct record a = make("A", NULL);
  struct record b = make("B", NULL);
  struct record c = make("C", NULL);
  struct rotation two = join(&a, &b, &c);
  struct rotation three = join(&c, &two.whole, &none);
  struct record part;
  (void)state;
  expect_is(&three.current, "C");
  expect_is(&three.next, "A");
  expect_is(&three.previous, NULL);
  record_next(&three.next, &part);
  assert_null(part.data);
  rotation_clear(&two);
  rotation_clear(&three);
  record_clear(&a);
  record_clear(&b);
  record_clear(&c);
}

static struct record message(const char *tags, const char *const *values)
{
  struct keyring_writer writer;
  struct record record = {secret_alloc(4000), 0};
  keyring_write_begin(&writer, record.data, 4000);
  for (size_t i = 0; tags[i] != '\0'; i++)
    keyring_write_text(&writer, tags[i], values[i]);
  record.size = keyring_write_end(&writer) - 4;
  memmove(record.data, record.data + 4, record.size);
  return record;
}

static void what_is_not_known_is_kept(void **state)
{
  static const char *const values[] = {"https://a.example", "S", "of tomorrow", "6connect.x=old", "x"};
  struct profile_file with = {NULL, 0, NULL, 0};
  credence_error *error = NULL;
  const unsigned char *data = NULL;
  size_t size = 0;
  struct record old = message("osZwN", values);
  struct record bound = none;
  (void)state;
  expect_ok(profile_file_add(&with, "a.b-c", "d_e", "f=g", &error), &error);
  expect_ok(record_bind(&old, &with, &bound, &error), &error);
  assert_true(keyring_read_field(bound.data, bound.size, 'Z', 0, &data, &size) == 1);
  assert_int_equal(size, strlen("of tomorrow"));
  assert_true(keyring_read_field(bound.data, bound.size, 'N', 0, &data, &size) == 0);
  assert_true(record_with(&bound, 0, &data, &size));
  assert_int_equal(size, strlen("a.b-c.d_e=f=g"));
  assert_memory_equal(data, "a.b-c.d_e=f=g", size);
  assert_false(record_with(&bound, 1, &data, &size));
  int changed = 0;
  profile_file_clear(&with);
  expect_ok(rotation_restore_fields(&bound, &with, &changed, &error), &error);
  assert_int_equal(changed, 1);
  assert_string_equal(profile_file_get(&with, "a.b-c", "d_e", 0), "f=g");
  expect_ok(rotation_restore_fields(&bound, &with, &changed, &error), &error);
  assert_int_equal(changed, 0);
  record_clear(&old);
  record_clear(&bound);
  profile_file_clear(&with);
}

/* Somebody else's mistake, or a disk's. */
static void a_part_that_is_none(void **state)
{
  static const char *const values[] = {"https://a.example", "S", "no fields in here", "6connectx", ""};
  struct record odd = message("osNwP", values);
  struct rotation rotation = {odd, odd, none, none};
  struct profile_file file = {NULL, 0, NULL, 0};
  struct record part;
  (void)state;
  record_next(&odd, &part);
  assert_null(part.data);
  record_previous(&odd, &part);
  assert_null(part.data);
  assert_int_equal(rotation_arrange(&rotation, rotation_file_value, &file), ROTATION_FOREIGN);
  record_clear(&odd);
}

static void too_large_together(void **state)
{
  char *large = secret_alloc(30001);
  credence_error *error = NULL;
  char *text = NULL;
  (void)state;
  memset(large, 'x', 30000);
  struct record one = make(large, NULL);
  assert_int_equal(record_join(&one, &none, &none, &text, &error),
                   CREDENCE_E_TOO_LARGE); /* stamp and secret */
  credence_error_free(&error);
  assert_null(text);
  record_clear(&one);
  secret_free(large);
}

/* --- programs that have the profile open ------------------------------------------------ */

static void rotate(const char *api_key, const char *secret)
{
  credence_error *error = NULL;
  int verified = 1;
  credence_draft *draft = load("lab");
  set_secret(draft, secret);
  if (api_key != NULL)
    set_field(draft, "api_key", api_key);
  expect_ok(credence_draft_rotate(draft, NULL, &verified, &error), &error);
  assert_int_equal(verified, 0);
  credence_draft_free(&draft);
}

static void expect_state(int wanted)
{
  credence_profile *profile = open_profile("lab");
  credence_error *error = NULL;
  int found = -1;
  expect_ok(credence_profile_rotation(profile, &found, &error), &error);
  assert_int_equal(found, wanted);
  credence_profile_free(&profile);
}

static void a_program_that_opened_the_profile_before(void **state)
{
  credence_profile *early = NULL;
  credence_profile *late = NULL;
  credence_profile *gone = NULL;
  credence_error *error = NULL;
  (void)state;
  add("lab");
  early = open_profile("lab");
  gone = open_profile("lab");
  rotate("K-2", "second secret");
  expect_state(CREDENCE_ROTATION_KEPT);
  /* It has the old key, and gets the old secret: what works with those drops nothing. */
  expect_ok(credence_profile_unlock(early, &error), &error);
  assert_string_equal(early->stack[0]->secrets[1].data, "first secret");
  rotation_settle(early);
  expect_state(CREDENCE_ROTATION_KEPT);
  late = open_profile("lab");
  expect_ok(credence_profile_unlock(late, &error), &error);
  assert_string_equal(late->stack[0]->secrets[1].data, "second secret");
  rotation_settle(late);
  expect_state(CREDENCE_ROTATION_NONE);
  expect_error(credence_profile_unlock(gone, &error), CREDENCE_E_CONFLICT, &error, "was changed since");
  credence_profile_free(&early);
  credence_profile_free(&late);
  credence_profile_free(&gone);
}

/* As credence migrate leaves it, with what a later program stored. */
static void a_program_that_opened_it_before_it_moved(void **state)
{
  credence_error *error = NULL;
  struct profile_file file;
  (void)state;
  add("lab");
  rotate(NULL, "second secret");
  credence_profile *profile = open_profile("lab");
  expect_ok(credence_profile_unlock(profile, &error), &error);
  expect_ok(credence_profile_check(profile, &error), &error);
  expect_ok(profile_file_read("lab", &file, &error), &error);
  const char *store = profile_file_get(&file, "profile", "keyring_store", 0);
  char *before = store == NULL ? NULL : strdup(store);
  expect_ok(profile_file_set(&file, "profile", "keyring_store", "/somewhere/else", &error), &error);
  expect_ok(profile_file_write(&file, "lab", &error), &error);
  expect_error(credence_profile_check(profile, &error), CREDENCE_E_CONFLICT, &error, "have moved");
  rotation_settle(profile);
  expect_ok(profile_file_set(&file, "profile", "keyring_store", before, &error), &error);
  expect_ok(profile_file_write(&file, "lab", &error), &error);
  expect_state(CREDENCE_ROTATION_KEPT);
  free(before);
  profile_file_clear(&file);
  credence_profile_free(&profile);
}

static void a_field_that_somebody_changes_by_hand(void **state)
{
  credence_error *error = NULL;
  (void)state;
  add("lab");
  rotate("K-2", "second secret");
  credence_draft *draft = load("lab");
  set_field(draft, "api_key", "K-3");
  save(&draft);
  credence_profile *profile = open_profile("lab");
  expect_ok(credence_profile_unlock(profile, &error), &error);
  assert_string_equal(profile->stack[0]->secrets[1].data, "second secret");
  credence_profile_free(&profile);
}

static void two_rotations_and_back(void **state)
{
  credence_error *error = NULL;
  int undone = 0;
  (void)state;
  add("lab");
  rotate("K-2", "second secret");
  rotate(NULL, "third secret");
  expect_setting("lab", "6connect", "api_key", "K-2");
  expect_ok(credence_profile_rotation_undo(NULL, "lab", &undone, &error), &error);
  assert_int_equal(undone, CREDENCE_ROTATION_KEPT);
  /* The second has not worked either. */
  expect_secret("lab", "first secret");
  expect_setting("lab", "6connect", "api_key", "K-1");
  expect_error(credence_profile_rotation_undo(NULL, "lab", &undone, &error), CREDENCE_E_NOT_FOUND, &error,
               "nothing to undo");
}

static void drafts_that_are_no_rotation(void **state)
{
  credence_draft *draft = NULL;
  credence_error *error = NULL;
  (void)state;
  expect_ok(credence_draft_new(NULL, "new", "6connect", &draft, &error), &error);
  expect_error(credence_draft_rotate(draft, NULL, NULL, &error), CREDENCE_E_INVALID, &error, "is new");
  credence_draft_free(&draft);
  add("lab");
  draft = load("lab");
  expect_error(credence_draft_rotate(draft, NULL, NULL, &error), CREDENCE_E_INVALID, &error, "no new secret");
  set_field(draft, "api_key", "K-2");
  expect_error(credence_draft_rotate(draft, NULL, NULL, &error), CREDENCE_E_INVALID, &error, "api_key");
  set_secret(draft, "second secret");
  expect_ok(credence_draft_set_endpoint(draft, "https://b.example", &error), &error);
  expect_error(credence_draft_rotate(draft, NULL, NULL, &error), CREDENCE_E_INVALID, &error, "endpoint");
  credence_draft_free(&draft);
  expect_secret("lab", "first secret");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_first_that_fits_the_file_counts),
      cmocka_unit_test(parts_of_parts_are_left_out),
      cmocka_unit_test(what_is_not_known_is_kept),
      cmocka_unit_test(a_part_that_is_none),
      cmocka_unit_test(too_large_together),
      cmocka_unit_test_setup_teardown(a_program_that_opened_the_profile_before, start, stop),
      cmocka_unit_test_setup_teardown(a_program_that_opened_it_before_it_moved, start, stop),
      cmocka_unit_test_setup_teardown(a_field_that_somebody_changes_by_hand, start, stop),
      cmocka_unit_test_setup_teardown(two_rotations_and_back, start, stop),
      cmocka_unit_test_setup_teardown(drafts_that_are_no_rotation, start, stop),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
