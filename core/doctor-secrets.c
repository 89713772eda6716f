/* SPDX-License-Identifier: BSD-3-Clause */
/* doctor-secrets.c - what its keyring has for a profile; see doctor.h */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "credential.h"
#include "doctor.h"
#include "error.h"
#include "secret.h"

#define PROBLEM CREDENCE_FINDING_PROBLEM
#define COMMAND CREDENCE_FINDING_COMMAND

/* --- reports ------------------------------------------------------------------------- */

static char *mend_secret(const credence_profile *profile, unsigned *flags)
{
  const char *field = profile_first_secret(profile);
  if (keyring_is_read_only(profile->keyring))
    return mend_text("put a file there with the secret in it, named %s.%s", profile->name,
                     field == NULL ? "FIELD" : field);
  if (field == NULL)
    return mend_text("add the profile again: credence remove %s, then credence add", profile->name);
  *flags |= COMMAND;
  return mend_text("credence set %s --secret %s=-", profile->name, field);
}

/* Of several secrets one is missing: the error names that one. */
static char *mend_missing(const credence_error *why, unsigned *flags)
{
  static const char intro[] = "store it: ";
  const char *remedy = credence_error_remedy(why);
  if (strncmp(remedy, intro, strlen(intro)) != 0)
    return mend_error(why, "see credence-profile(5)");
  *flags |= COMMAND;
  return mend_text("%s", remedy + strlen(intro));
}

/* Whoever changed the file may want the secret sent elsewhere: the user decides, no command. */
static char *mend_moved(const credence_profile *profile, const credence_error *why)
{
  const char *field = profile_first_secret(profile);
  if (field == NULL || keyring_is_read_only(profile->keyring))
    return mend_error(why, "put the old endpoint back");
  char *words =
      mend_text("if you changed the endpoint, store the secret again (credence set %s --secret %s=-); "
                "if not, put the old endpoint back into",
                profile->name, field);
  char *mend = words == NULL ? NULL : mend_path(words, profile->path);
  free(words);
  return mend;
}

static void report_item(credence_doctor *d, unsigned flags, const char *id, const credence_profile *profile,
                        char *mend, const credence_error *why)
{
  doctor_find(d, flags, id, profile->name, mend, "profile %s: %s", profile->name,
              credence_error_message(why));
}

static void report_secret(credence_doctor *d, const char *id, const credence_profile *profile,
                          const credence_error *why)
{
  unsigned flags = PROBLEM;
  char *mend = mend_secret(profile, &flags);
  report_item(d, flags, id, profile, mend, why);
}

/* The keyring itself is at fault: that is told once. */
static void report_ward(credence_doctor *d, struct ward *ward, const char *id, const char *otherwise,
                        const credence_error *why)
{
  doctor_find(d, PROBLEM, id, ward->name, mend_error(why, otherwise), "%s; not looked into: profile %s",
              credence_error_message(why), ward->users);
  ward->is_closed = 1;
}

static void report_sealed(credence_doctor *d, struct ward *ward, char *mend)
{
  doctor_find(d, 0, "keyring.sealed", ward->name, mend,
              "not looked into: profile %s, whose keyring %s needs its passphrase", ward->users, ward->name);
  ward->is_closed = 1;
}

static int is_service(const struct ward *ward)
{
  return strcmp(ward->name, KEYRING_USUAL) == 0;
}

/* Did the profile record another program than the one that is the Secret Service now? */
static int is_elsewhere(const struct ward *ward, const credence_profile *profile)
{
  const char *service = ward_fact(ward, "service");
  return profile->store != NULL && (service == NULL || strcasecmp(service, profile->store) != 0);
}

/* Someone would have to be asked.  That is a fault only where a passphrase was given. */
static void report_locked(credence_doctor *d, struct ward *ward, const credence_profile *profile,
                          const credence_error *why)
{
  if (strcmp(ward->name, "file") == 0)
    report_ward(d, ward, "keyring.passphrase", "give the right one with CREDENCE_PASSPHRASE_FILE", why);
  else if (!is_service(ward))
    report_sealed(d, ward, mend_error(why, "use it once where it can ask"));
  else if (!doctor_has(d, "service.locked") && !doctor_has(d, "service.plaintext"))
    doctor_find(d, PROBLEM, "profile.locked", profile->name, mend_error(why, "unlock it"), "profile %s: %s",
                profile->name, credence_error_message(why));
}

/* What is wrong with this profile alone. */
static void report_profile(credence_doctor *d, const struct ward *ward, const credence_profile *profile,
                           int r, const credence_error *why)
{
  const char *id = "profile.unreachable";
  if (r == CREDENCE_E_NO_KEYRING && is_service(ward) && is_elsewhere(ward, profile))
    id = "profile.elsewhere";
  else if (r == CREDENCE_E_REFUSED)
    id = "profile.exposed";
  else if (doctor_has(d, "service.no-default"))
    return; /* that is why */
  if (r == CREDENCE_E_NOT_FOUND)
    report_secret(d, "profile.no-secret", profile, why);
  else if (r == CREDENCE_E_CORRUPT || r == CREDENCE_E_MALFORMED)
    report_secret(d, "profile.damaged", profile, why);
  else
    doctor_find(d, PROBLEM | mend_error_flags(why), id, profile->name,
                mend_error(why, "see credence-keyring(7)"), "profile %s: %s", profile->name,
                credence_error_message(why));
}

static void report_failed(credence_doctor *d, struct ward *ward, const credence_profile *profile, int r,
                          const credence_error *why)
{
  int is_file = strcmp(ward->name, "file") == 0;
  if (r == CREDENCE_E_LOCKED || r == CREDENCE_E_PROMPT_REQUIRED || (r == CREDENCE_E_INVALID && is_file))
    report_locked(d, ward, profile, why);
  else if (r == CREDENCE_E_REFUSED && is_file) /* the file with the passphrase */
    report_ward(d, ward, "keyring.passphrase", "make it readable for you alone", why);
  else if (r == CREDENCE_E_CORRUPT && is_file)
    report_ward(d, ward, "keyring.damaged", "restore it from a backup", why);
  else if (r == CREDENCE_E_TIMEOUT || r == CREDENCE_E_SERVICE_LOST)
    report_ward(d, ward, "keyring.unreachable", "see credence-keyring(7)", why);
  else
    report_profile(d, ward, profile, r, why);
}

/* --- looking --------------------------------------------------------------------------- */

/* Deriving the key of the file keyring is slow on purpose: one helper serves all its
 * profiles.  Others may have to be told of each. */
static int get(const struct ward *ward, const credence_profile *profile, char **ret_text,
               credence_error **error)
{
  struct keyring *keyring = NULL;
  char *revision = NULL;
  int is_shared = strcmp(ward->name, "file") == 0;
  int r = is_shared ? 0 : credential_open_keyring(profile, &keyring, error);
  if (r == 0)
    r = keyring_get(is_shared ? ward->keyring : keyring, profile->name, "credential", ret_text, &revision,
                    error);
  free(revision);
  keyring_close(&keyring);
  return r;
}

static void report_record(credence_doctor *d, const credence_profile *profile, int r,
                          const credence_error *why)
{
  unsigned flags = PROBLEM;
  if (r == CREDENCE_E_REFUSED) {
    report_item(d, flags, "profile.moved", profile, mend_moved(profile, why), why);
  } else if (r == CREDENCE_E_NOT_FOUND) {
    char *mend = mend_missing(why, &flags);
    report_item(d, flags, "profile.no-secret", profile, mend, why);
  } else {
    report_secret(d, "profile.damaged", profile, why);
  }
}

/* Take what is there, as a signature would. */
static enum look look_at_record(credence_doctor *d, struct ward *ward, credence_profile *profile)
{
  credence_error *why = NULL;
  char *text = NULL;
  enum look look = LOOK_TAKEN;
  int r = get(ward, profile, &text, &why);
  if (r == CREDENCE_E_NOT_FOUND && profile_first_secret(profile) == NULL) {
    r = 0; /* nothing secret was stored */
  } else if (r < 0) {
    report_failed(d, ward, profile, r, why);
    look = r == CREDENCE_E_NOT_FOUND || r == CREDENCE_E_CORRUPT ? LOOK_FAULTY : LOOK_CLOSED;
  } else if ((r = credential_take(profile, text, &why)) < 0) {
    report_record(d, profile, r, why);
    look = LOOK_FAULTY;
  }
  secret_free(text);
  credence_error_free(&why);
  return look;
}

static int has_passphrase(void)
{
  return secure_getenv("CREDENCE_PASSPHRASE_FD") != NULL || secure_getenv("CREDENCE_PASSPHRASE_FILE") != NULL;
}

/* What was never made is not locked. */
static int is_sealed(const struct ward *ward)
{
  const char *exists = ward_fact(ward, "exists");
  return strcmp(ward->name, "file") == 0 && !has_passphrase() &&
         (exists == NULL || strcmp(exists, "no") != 0);
}

enum look doctor_look_in_keyring(credence_doctor *d, credence_profile *profile)
{
  struct ward *ward = doctor_ward_of(d, profile);
  if (ward == NULL || ward->is_closed)
    return LOOK_CLOSED;
  if (!is_sealed(ward))
    return look_at_record(d, ward, profile);
  report_sealed(d, ward, mend_text("name a file that has it: CREDENCE_PASSPHRASE_FILE=PATH credence doctor"));
  return LOOK_CLOSED;
}
