/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * rotation.h - which of a profile's credentials counts while it gets a new one
 *
 * Keyring and profile file cannot be written in one step.  So the value in the
 * keyring holds up to three credentials, each of which says with which fields of the
 * file it belongs, if with any:
 *
 *   current     signs
 *   next        came in, and waits to be verified
 *   previous    the last that has worked, until a newer one has
 *
 * and the first of these counts whose fields are those of the file.  Whoever renames
 * the file into place thereby changes key and secret at once, and a crash before or
 * after it leaves a pair that belongs together.  The keyring is put in order
 * afterwards, by whoever next writes to it (rotation_arrange()).
 *
 * Where no field changes, nothing says so, current counts, and writing the value is
 * the step that makes the new one current.
 */
#ifndef CORE_ROTATION_H
#define CORE_ROTATION_H

#include "keyring.h"
#include "record.h"

struct rotation {
  struct record whole; /* as it was read; the others are parts of it, or of what the caller keeps */
  struct record current;
  struct record next;     /* all zero: there is none */
  struct record previous; /* the same */
};

/* CORRUPT when text is not a record. */
int rotation_decode(const char *text, struct rotation *ret_rotation, credence_error **error);
void rotation_clear(struct rotation *rotation);
/* What the keyring holds for the profile, and its revision to free(); and put it back.
 * As keyring_get() and keyring_put(). */
int rotation_get(struct keyring *keyring, const char *profile, struct rotation *ret_rotation,
                 char **ret_revision, credence_error **error);
int rotation_put(const struct rotation *rotation, struct keyring *keyring, const char *profile,
                 const char *revision, credence_error **error);

/* What a profile says of a field; NULL or "" when it says nothing. */
typedef const char *(*rotation_value)(const void *userdata, const char *section, const char *name);
/* The same from a file: userdata is a struct profile_file. */
const char *rotation_file_value(const void *userdata, const char *section, const char *name);

enum rotation_order {
  ROTATION_IN_ORDER, /* current counts */
  ROTATION_MOVED,    /* another did, and is current now: the keyring does not know it yet */
  ROTATION_FOREIGN   /* none of them belongs with these fields; current is what it was */
};

/* The next one becomes current.  The one before is kept if it has worked, which it has as
 * well when none is kept for it; else the one that is kept stays so. */
void rotation_advance(struct rotation *rotation);

/* Make the one that counts current. */
enum rotation_order rotation_arrange(struct rotation *rotation, rotation_value value, const void *userdata);

/* The field at index of those that a credential belongs with; both point into text.
 * 1 when found. */
int rotation_field(const struct record *record, size_t index, char text[RECORD_WITH_SIZE],
                   const char **ret_section, const char **ret_name);

/* Make file say what a credential belongs with.  *ret_changed: did it say something
 * else? */
int rotation_restore_fields(const struct record *record, struct profile_file *file, int *ret_changed,
                            credence_error **error);

/* Is this the credential with that stamp? */
int rotation_is(const struct record *record, const char *stamp);

struct credence_profile;
/* A request has worked with the credential that was taken for the profile: when a
 * previous one is kept for that, let it go.  What fails is left to the next program. */
void rotation_settle(struct credence_profile *profile);

#endif
