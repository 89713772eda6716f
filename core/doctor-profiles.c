/* SPDX-License-Identifier: BSD-3-Clause */
/* doctor-profiles.c - each profile, and what its keyring has for it; see doctor.h */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "certificates.h"
#include "doctor.h"
#include "error.h"
#include "profile-file.h"

#define PROBLEM CREDENCE_FINDING_PROBLEM
#define COMMAND CREDENCE_FINDING_COMMAND

/* --- reading them ------------------------------------------------------------------ */

static void report_unreadable(credence_doctor *d, const char *name, int code, const credence_error *why)
{
  const char *id = code == CREDENCE_E_NOT_FOUND ? "profile.no-provider" : "profile.malformed";
  if (!doctor_told(d, credence_error_message(why)))
    doctor_find(d, PROBLEM, id, name, mend_error(why, "see credence-profile(5)"), "profile %s: %s", name,
                credence_error_message(why));
}

static void read_profile(credence_doctor *d, const char *name)
{
  struct profile_file file = {0};
  credence_error *why = NULL;
  struct patient *new = &d->patients[d->patient_count];
  new->profile = NULL;
  new->name = strdup(name);
  if (new->name == NULL) {
    d->failed = 1;
    return;
  }
  d->patient_count++;
  /* By itself first: what the profile then lacks is a provider. */
  int r = profile_file_read(name, &file, &why);
  profile_file_clear(&file);
  if (r == 0)
    r = credence_profile_open(d->context, name, &new->profile, &why);
  else if (r == CREDENCE_E_NOT_FOUND)
    r = CREDENCE_E_MALFORMED; /* a link to nowhere */
  if (r < 0)
    report_unreadable(d, name, r, why);
  credence_error_free(&why);
}

void doctor_read_profiles(credence_doctor *d)
{
  char **names = NULL;
  size_t count = 0;
  if (credence_profile_list(d->context, &names, NULL) < 0) {
    d->failed = 1;
    return;
  }
  while (names[count] != NULL)
    count++;
  d->patients = calloc(count + 1, sizeof(*d->patients));
  d->failed |= d->patients == NULL;
  for (size_t i = 0; d->patients != NULL && i < count; i++)
    read_profile(d, names[i]);
  credence_strings_free(&names);
}

/* --- everything else of a profile ------------------------------------------------------- */

static void check_fields(credence_doctor *d, const credence_profile *profile)
{
  const char *provider = NULL;
  const char *name = NULL;
  const char *value = NULL;
  unsigned flags = 0;
  for (size_t i = 0; credence_profile_field(profile, i, &provider, &name, &value, &flags) == 0; i++)
    if ((flags & CREDENCE_FIELD_REQUIRED) != 0 && (flags & CREDENCE_FIELD_SECRET) == 0 && value == NULL)
      doctor_find(d, PROBLEM, "profile.no-field", profile->name,
                  mend_text("credence set %s %s=VALUE", profile->name, name), "profile %s has no %s",
                  profile->name, name);
}

/* What the library refuses is a file of ours that others can read or write. */
static char *mend_certificate(const credence_profile *profile, int r, const credence_error *why,
                              unsigned *flags)
{
  struct stat st;
  const char *authority = profile->ca_cert;
  int is_authority =
      authority != NULL && strncmp(credence_error_message(why), authority, strlen(authority)) == 0;
  const char *path = is_authority                  ? authority
                     : profile->client_key != NULL ? profile->client_key
                                                   : profile->client_cert;
  if (r != CREDENCE_E_REFUSED || path == NULL || stat(path, &st) < 0 || st.st_uid != geteuid())
    return mend_error(why, "name others with credence set");
  *flags |= COMMAND;
  return mend_path(is_authority ? "chmod go-w" : "chmod 600", path);
}

static void check_certificates(credence_doctor *d, const credence_profile *profile)
{
  struct certificates *certificates = NULL;
  credence_error *why = NULL;
  unsigned flags = PROBLEM;
  int r = certificates_read(profile, &certificates, &why);
  if (r < 0) {
    char *mend = mend_certificate(profile, r, why, &flags);
    doctor_find(d, flags, "profile.certificate", profile->name, mend, "profile %s: %s", profile->name,
                credence_error_message(why));
  }
  credence_error_free(&why);
  certificates_free(certificates);
}

static void check_login(credence_doctor *d, const credence_profile *profile)
{
  struct login_state state;
  if (profile->login_entry == NULL)
    return;
  login_state_read(profile->name, &state);
  if (state.is_unreadable)
    doctor_find(d, PROBLEM | COMMAND, "profile.login-unknown", profile->name,
                mend_text("credence login %s", profile->name),
                "profile %s: the file that says whether its last login was refused cannot be read",
                profile->name);
  else if (state.refused != 0)
    doctor_find(d, COMMAND, "profile.login-refused", profile->name,
                mend_text("credence login %s", profile->name),
                "profile %s: the server refused its last login, and it is not tried again by itself: %s",
                profile->name, state.message);
}

static enum look look_into(credence_doctor *d, credence_profile *profile)
{
  check_fields(d, profile);
  check_login(d, profile);
  enum look look = profile_needs_keyring(profile) ? doctor_look_in_keyring(d, profile) : LOOK_TAKEN;
  /* Without its secrets it is not known whether the key of a certificate is among them. */
  if (look == LOOK_TAKEN || profile->client_key != NULL || profile->client_cert == NULL)
    check_certificates(d, profile);
  return look;
}

void doctor_profiles(credence_doctor *d)
{
  size_t seen = 0;
  for (size_t i = 0; i < d->patient_count; i++)
    if (d->patients[i].profile != NULL && look_into(d, d->patients[i].profile) != LOOK_CLOSED)
      seen++;
  doctor_fact(d, "profile.count", "%zu", d->patient_count);
  doctor_fact(d, "profile.looked-into", "%zu", seen);
}
