/* SPDX-License-Identifier: BSD-3-Clause */
/* doctor-wards.c - the keyrings that profiles name; see doctor.h */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "doctor.h"
#include "error.h"
#include "trust.h"

#define PROBLEM CREDENCE_FINDING_PROBLEM
#define COMMAND CREDENCE_FINDING_COMMAND

/* --- the list ------------------------------------------------------------------- */

static int is_same(const struct ward *ward, const char *name, const char *store)
{
  if (strcmp(ward->name, name) != 0)
    return 0;
  return store == NULL || ward->store == NULL ? store == ward->store : strcmp(store, ward->store) == 0;
}

static struct ward *ward_find(credence_doctor *d, const char *name, const char *store)
{
  for (size_t i = 0; i < d->ward_count; i++)
    if (is_same(&d->wards[i], name, store))
      return &d->wards[i];
  struct ward *list = reallocarray(d->wards, d->ward_count + 1, sizeof(*list));
  if (list == NULL) {
    d->failed = 1;
    return NULL;
  }
  d->wards = list;
  struct ward *new = &list[d->ward_count];
  memset(new, 0, sizeof(*new));
  new->name = strdup(name);
  new->store = store == NULL ? NULL : strdup(store);
  if (new->name == NULL || (store != NULL && new->store == NULL)) {
    free(new->name);
    free(new->store);
    d->failed = 1;
    return NULL;
  }
  d->ward_count++;
  return new;
}

struct ward *doctor_ward_of(credence_doctor *d, const credence_profile *profile)
{
  /* A store of the Secret Service is the program that was it then.  Now there is one. */
  int is_service = strcmp(profile->keyring, KEYRING_USUAL) == 0;
  return ward_find(d, profile->keyring, is_service ? NULL : profile->store);
}

static void add_user(credence_doctor *d, struct ward *ward, const char *profile)
{
  char *users = ward->users == NULL ? mend_text("%s", profile) : mend_text("%s, %s", ward->users, profile);
  if (users == NULL) {
    d->failed = 1;
    return;
  }
  free(ward->users);
  ward->users = users;
}

void doctor_list_wards(credence_doctor *d)
{
  for (size_t i = 0; i < d->patient_count; i++) {
    const credence_profile *profile = d->patients[i].profile;
    if (profile == NULL || !profile_needs_keyring(profile))
      continue;
    struct ward *ward = doctor_ward_of(d, profile);
    if (ward != NULL)
      add_user(d, ward, profile->name);
  }
  if (d->patient_count == 0)
    (void)ward_find(d, KEYRING_USUAL, NULL); /* the first profile will want it */
}

const char *ward_fact(const struct ward *ward, const char *name)
{
  size_t size = strlen(name);
  for (char **fact = ward->facts; fact != NULL && *fact != NULL; fact++)
    if (strncmp(*fact, name, size) == 0 && (*fact)[size] == '=')
      return *fact + size + 1;
  return NULL;
}

static int ward_says(const struct ward *ward, const char *name, const char *value)
{
  const char *fact = ward_fact(ward, name);
  return fact != NULL && strcmp(fact, value) == 0;
}

/* --- asking them ------------------------------------------------------------------ */

static void close_ward(struct ward *ward)
{
  keyring_close(&ward->keyring);
  ward->is_closed = 1;
}

/* The packages are ours for the keyrings that are. */
static char *mend_missing(const char *name, unsigned *flags)
{
  static const char *const ours[] = {"secret-service", "file", "directory", "pass"};
  char package[64];
  for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
    if (strcmp(name, ours[i]) == 0) {
      snprintf(package, sizeof(package), "credence-keyring-%s", name);
      return mend_install(package, flags);
    }
  return mend_text("install the package that brings %s/keyring-%s", KEYRING_DIR, name);
}

/* 0 when the helper can be started; what is wrong with its file stands in the findings
 * already, but that it is not there. */
static int check_helper(credence_doctor *d, const struct ward *ward)
{
  char file[80];
  int fd = -1;
  unsigned flags = PROBLEM;
  snprintf(file, sizeof(file), "keyring-%.64s", ward->name);
  int r = trust_open(KEYRING_DIR, file, 0, &fd, NULL);
  if (fd >= 0)
    close(fd);
  if (r == CREDENCE_E_NOT_FOUND) {
    char *mend = mend_missing(ward->name, &flags);
    doctor_find(d, flags, "keyring.missing", ward->name, mend, "there is no keyring %s in %s%s%s", ward->name,
                KEYRING_DIR, ward->users == NULL ? "" : ", which is wanted by profile ",
                ward->users == NULL ? "" : ward->users);
  }
  return r;
}

static void tell_facts(credence_doctor *d, const struct ward *ward)
{
  char name[200];
  for (char **fact = ward->facts; fact != NULL && *fact != NULL; fact++) {
    const char *equals = strchr(*fact, '=');
    if (equals == NULL)
      continue;
    snprintf(name, sizeof(name), "%s.%.*s%s%s", ward->name, (int)(equals - *fact), *fact,
             ward->store == NULL ? "" : " of ", ward->store == NULL ? "" : ward->store);
    doctor_fact(d, name, "%s", equals + 1);
  }
}

static void judge_file(credence_doctor *d, struct ward *ward)
{
  const char *path = ward_fact(ward, "store");
  if (!ward_says(ward, "private", "no"))
    return;
  doctor_find(d, PROBLEM | COMMAND, "keyring.exposed", path == NULL ? ward->name : path,
              mend_path("chmod go-rwx", path == NULL ? "" : path),
              "others have access to what the keyring %s is kept in", ward->name);
  close_ward(ward);
}

/* What is there can be read all the same.  The files may be another's, so that the command
 * need not be all. */
static void judge_pass_writers(credence_doctor *d, const struct ward *ward)
{
  const char *path = ward_fact(ward, "store");
  if (!ward_says(ward, "private", "no"))
    return;
  doctor_find(d, PROBLEM | COMMAND, "keyring.exposed", path == NULL ? ward->name : path,
              mend_path("chmod -R go-w", path == NULL ? "" : path),
              "others can write to the password store, and so choose who can read what is stored next");
}

static void judge_pass(credence_doctor *d, struct ward *ward)
{
  unsigned flags = PROBLEM;
  const char *path = ward_fact(ward, "store");
  char *mend = NULL;
  if (ward_says(ward, "program", "no")) {
    mend = mend_install("pass", &flags);
    doctor_find(d, flags, "keyring.no-program", ward->name, mend, "pass or gpg is not installed");
  } else if (ward_says(ward, "exists", "no")) {
    doctor_find(d, flags, "keyring.no-store", ward->name,
                mend_text("pass init, with the identity of your key: gpg --list-secret-keys"),
                "there is no password store%s%s", path == NULL ? "" : " in ", path == NULL ? "" : path);
  } else if (ward_says(ward, "key", "no")) {
    doctor_find(d, flags, "keyring.no-key", ward->name,
                mend_text("bring the key here, gpg --import FILE, or name another: pass init IDENTITY"),
                "the key of the password store%s%s is not here", path == NULL ? "" : " in ",
                path == NULL ? "" : path);
  } else {
    judge_pass_writers(d, ward);
    return;
  }
  close_ward(ward);
}

/* Who may reach which file of it is seen when each is read. */
static void judge_directory(credence_doctor *d, struct ward *ward)
{
  const char *path = ward_fact(ward, "store");
  if (!ward_says(ward, "exists", "no"))
    return;
  doctor_find(d, PROBLEM, "keyring.no-store", ward->name,
              mend_text("mount the folder there, or give the service LoadCredential="),
              "the folder %s is not there", path == NULL ? "of the secrets" : path);
  close_ward(ward);
}

static void judge(credence_doctor *d, struct ward *ward, int r, const credence_error *why)
{
  if (strcmp(ward->name, KEYRING_USUAL) == 0) {
    doctor_service(d, ward, r, why);
  } else if (r < 0) {
    const char *id = r == CREDENCE_E_NO_KEYRING ? "keyring.no-store" : "keyring.unreachable";
    if (!doctor_told(d, credence_error_message(why)))
      doctor_find(d, PROBLEM, id, ward->name, mend_error(why, "see credence-keyring(7)"), "%s",
                  credence_error_message(why));
    close_ward(ward);
  } else if (strcmp(ward->name, "pass") == 0) {
    judge_pass(d, ward);
  } else if (strcmp(ward->name, "directory") == 0) {
    judge_directory(d, ward);
  } else {
    judge_file(d, ward);
  }
}

static void ask(credence_doctor *d, struct ward *ward)
{
  credence_error *why = NULL;
  int is_service = strcmp(ward->name, KEYRING_USUAL) == 0;
  ward->is_closed = check_helper(d, ward) < 0 || (is_service && d->bus_is_dead);
  if (ward->is_closed)
    return;
  int r = keyring_open(d->context, ward->name, ward->store, &ward->keyring, &why);
  if (r == 0)
    r = keyring_probe(ward->keyring, &ward->facts, &why);
  tell_facts(d, ward);
  judge(d, ward, r, why);
  credence_error_free(&why);
}

void doctor_wards(credence_doctor *d)
{
  for (size_t i = 0; i < d->ward_count; i++)
    ask(d, &d->wards[i]);
}
