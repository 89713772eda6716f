/* SPDX-License-Identifier: BSD-3-Clause */
/* rotation.c - which credential counts, and the end of the one before; see rotation.h */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "credential.h"
#include "error.h"
#include "locks.h"
#include "profile.h"
#include "rotation.h"
#include "secret.h"

static const struct record none = {NULL, 0};

int rotation_decode(const char *text, struct rotation *ret_rotation, credence_error **error)
{
  struct rotation new = {none, none, none, none};
  int r = record_decode(text, &new.whole, error);
  if (r < 0)
    return r;
  new.current = new.whole;
  record_next(&new.whole, &new.next);
  record_previous(&new.whole, &new.previous);
  *ret_rotation = new;
  return 0;
}

void rotation_clear(struct rotation *rotation)
{
  record_clear(&rotation->whole);
  *rotation = (struct rotation){none, none, none, none};
}

const char *rotation_file_value(const void *userdata, const char *section, const char *name)
{
  return profile_file_get(userdata, section, name, 0);
}

/* "SECTION.NAME=VALUE", which is copied to text and taken apart there: the name, or NULL
 * when it is none of that. */
static const char *split(const unsigned char *data, size_t size, char text[RECORD_WITH_SIZE],
                         const char **ret_section, char **ret_value)
{
  if (size >= RECORD_WITH_SIZE)
    return NULL;
  memcpy(text, data, size);
  text[size] = '\0';
  char *equals = strchr(text, '=');
  if (equals == NULL)
    return NULL;
  *equals = '\0';
  char *dot = strrchr(text, '.'); /* a provider's name may have some; a field's has none */
  if (dot == NULL)
    return NULL;
  *dot = '\0';
  *ret_section = text;
  *ret_value = equals + 1;
  return dot + 1;
}

/* Is that what the profile says? */
static int holds(const unsigned char *data, size_t size, rotation_value value, const void *userdata)
{
  char text[RECORD_WITH_SIZE];
  char *wanted = NULL;
  const char *section = NULL;
  const char *name = split(data, size, text, &section, &wanted);
  if (name == NULL)
    return 0;
  const char *now = value(userdata, section, name);
  return strcmp(now == NULL ? "" : now, wanted) == 0;
}

/* Are these its fields, of which there have to be least? */
static int belongs(const struct record *record, size_t least, rotation_value value, const void *userdata)
{
  const unsigned char *data = NULL;
  size_t size = 0;
  size_t count = 0;
  while (record_with(record, count, &data, &size)) {
    if (!holds(data, size, value, userdata))
      return 0;
    count++;
  }
  return count >= least;
}

void rotation_advance(struct rotation *rotation)
{
  if (rotation->previous.data == NULL || record_has_worked(&rotation->current))
    rotation->previous = rotation->current;
  rotation->current = rotation->next;
  rotation->next = none;
}

enum rotation_order rotation_arrange(struct rotation *rotation, rotation_value value, const void *userdata)
{
  if (belongs(&rotation->current, 0, value, userdata))
    return ROTATION_IN_ORDER;
  if (belongs(&rotation->next, 1, value, userdata)) {
    /* The file was written, and then the keyring was not. */
    rotation_advance(rotation);
    return ROTATION_MOVED;
  }
  if (belongs(&rotation->previous, 1, value, userdata)) {
    /* The same, while a rotation was undone. */
    rotation->current = rotation->previous;
    rotation->previous = none;
    return ROTATION_MOVED;
  }
  return ROTATION_FOREIGN;
}

int rotation_field(const struct record *record, size_t index, char text[RECORD_WITH_SIZE],
                   const char **ret_section, const char **ret_name)
{
  const unsigned char *data = NULL;
  size_t size = 0;
  char *value = NULL;
  if (!record_with(record, index, &data, &size))
    return 0;
  *ret_name = split(data, size, text, ret_section, &value);
  return *ret_name != NULL;
}

int rotation_restore_fields(const struct record *record, struct profile_file *file, int *ret_changed,
                            credence_error **error)
{
  char text[RECORD_WITH_SIZE];
  char *value = NULL;
  const char *section = NULL;
  const unsigned char *data = NULL;
  size_t size = 0;
  int changed = 0;
  int r = 0;
  for (size_t i = 0; r == 0 && record_with(record, i, &data, &size); i++) {
    const char *name = split(data, size, text, &section, &value);
    if (name == NULL || holds(data, size, rotation_file_value, file))
      continue;
    changed = 1;
    r = profile_file_set(file, section, name, value[0] == '\0' ? NULL : value, error);
  }
  *ret_changed = changed;
  return r;
}

int rotation_is(const struct record *record, const char *stamp)
{
  const unsigned char *data = NULL;
  size_t size = 0;
  return record->data != NULL && record_stamp(record, &data, &size) && size == strlen(stamp) &&
         memcmp(data, stamp, size) == 0;
}

int rotation_put(const struct rotation *rotation, struct keyring *keyring, const char *profile,
                 const char *revision, credence_error **error)
{
  char label[CREDENTIAL_LABEL_SIZE];
  char *text = NULL;
  credential_label(profile, label);
  int r = record_join(&rotation->current, &rotation->next, &rotation->previous, &text, error);
  if (r == 0)
    r = keyring_put(keyring, profile, CREDENTIAL_KIND, label, text, revision, error);
  secret_free(text);
  return r;
}

int rotation_get(struct keyring *keyring, const char *profile, struct rotation *ret_rotation,
                 char **ret_revision, credence_error **error)
{
  char *text = NULL;
  char *revision = NULL;
  int r = keyring_get(keyring, profile, CREDENTIAL_KIND, &text, &revision, error);
  if (r == 0)
    r = rotation_decode(text, ret_rotation, error);
  secret_free(text);
  if (r < 0) {
    free(revision);
    return r;
  }
  *ret_revision = revision;
  return 0;
}

/* --- it has worked -------------------------------------------------------------------- */

/* Another program may have done the same meanwhile, or put another credential there:
 * only what this one has tried lets the previous go. */
static int drop_previous(const credence_profile *p, struct keyring *keyring, const struct profile_file *file)
{
  struct rotation rotation;
  char *revision = NULL;
  int r = rotation_get(keyring, p->name, &rotation, &revision, NULL);
  if (r < 0)
    return r;
  enum rotation_order order = rotation_arrange(&rotation, rotation_file_value, file);
  if (rotation_is(&rotation.current, p->stamp) &&
      (order == ROTATION_MOVED || rotation.previous.data != NULL)) {
    rotation.previous = none;
    r = rotation_put(&rotation, keyring, p->name, revision, NULL);
  }
  rotation_clear(&rotation);
  free(revision);
  return r;
}

void rotation_settle(credence_profile *profile)
{
  struct profile_file file;
  struct keyring *keyring = NULL;
  int lock = -1;
  /* Once per unlocking, so that a keyring that does not answer does not cost every
   * request its deadline. */
  if (!atomic_load_explicit(&profile->has_previous, memory_order_relaxed) ||
      !atomic_exchange(&profile->has_previous, 0) || profile_try_lock_file(profile->name, &lock, NULL) < 0)
    return;
  /* Where it was before, there is a copy at most, which is for whoever left it there. */
  if (!credential_has_moved(profile) && profile_file_read(profile->name, &file, NULL) == 0) {
    if (credential_open_keyring(profile, &keyring, NULL) == 0)
      (void)drop_previous(profile, keyring, &file);
    keyring_close(&keyring);
    profile_file_clear(&file);
  }
  profile_unlock_file(lock);
}
