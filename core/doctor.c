/* SPDX-License-Identifier: BSD-3-Clause */
/* doctor.c - collect what is found, and hand it out; see doctor.h */
#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "doctor.h"
#include "error.h"

#define FINDINGS_MAX 1000u /* nobody reads more, and a folder may hold anything */

/* Text as an error would show it: without control characters, and not too long. */
static char *plain(const char *text)
{
  credence_error *error = NULL;
  error_set(&error, CREDENCE_E_FAILED, NULL, "%s", text);
  int code = credence_error_code(error);
  char *copy = code == CREDENCE_E_NOMEM ? NULL : strdup(credence_error_message(error));
  credence_error_free(&error);
  return copy;
}

__attribute__((format(printf, 1, 0))) static char *plain_format(const char *format, va_list args)
{
  char *raw = NULL;
  if (vasprintf(&raw, format, args) < 0)
    return NULL;
  char *text = plain(raw);
  free(raw);
  return text;
}

/* Room for one more at the end of a list; NULL without memory. */
static void *grow(void *list, size_t count, size_t size)
{
  return reallocarray(list, count + 1, size);
}

void doctor_find(credence_doctor *d, unsigned flags, const char *id, const char *subject, char *mend,
                 const char *format, ...)
{
  va_list args;
  struct finding new = {.id = id, .flags = flags, .subject = plain(subject), .mend = mend};
  va_start(args, format);
  new.cause = plain_format(format, args);
  va_end(args);
  struct finding *list =
      d->finding_count < FINDINGS_MAX ? grow(d->findings, d->finding_count, sizeof(*list)) : NULL;
  if (list != NULL)
    d->findings = list;
  if (list == NULL || new.subject == NULL || new.cause == NULL || new.mend == NULL) {
    free(new.subject);
    free(new.cause);
    free(new.mend);
    d->failed |= d->finding_count < FINDINGS_MAX;
    return;
  }
  d->findings[d->finding_count++] = new; /* transferred */
}

void doctor_fact(credence_doctor *d, const char *name, const char *format, ...)
{
  va_list args;
  struct doctor_fact new = {.name = strdup(name)};
  va_start(args, format);
  new.value = plain_format(format, args);
  va_end(args);
  struct doctor_fact *list = grow(d->facts, d->fact_count, sizeof(*list));
  if (list != NULL)
    d->facts = list;
  if (list == NULL || new.name == NULL || new.value == NULL) {
    free(new.name);
    free(new.value);
    d->failed = 1;
    return;
  }
  d->facts[d->fact_count++] = new; /* transferred */
}

int doctor_has(const credence_doctor *d, const char *id)
{
  for (size_t i = 0; i < d->finding_count; i++)
    if (strcmp(d->findings[i].id, id) == 0)
      return 1;
  return 0;
}

/* Does the text name this path, or something below it? */
static int names_path(const char *text, const char *path)
{
  size_t size = strlen(path);
  for (const char *at = text; (at = strstr(at, path)) != NULL; at++)
    if (strchr("/: ", at[size]) != NULL) /* or the end */
      return 1;
  return 0;
}

/* Only what keeps a file from being read is the reason that it was not. */
static int hides_files(const char *id)
{
  return strcmp(id, "folder.untrusted") == 0 || strcmp(id, "file.untrusted") == 0 ||
         strcmp(id, "folder.unreadable") == 0;
}

int doctor_told(const credence_doctor *d, const char *message)
{
  for (size_t i = 0; i < d->finding_count; i++) {
    const struct finding *finding = &d->findings[i];
    if (finding->subject[0] == '/' && hides_files(finding->id) && names_path(message, finding->subject))
      return 1;
  }
  return 0;
}

static void examine(credence_doctor *d, unsigned flags)
{
  doctor_fact(d, "credence.version", "%s", PACKAGE_VERSION);
  doctor_folders(d); /* first: what is wrong with a file is no fault of its profile */
  doctor_read_profiles(d);
  doctor_list_wards(d);
  doctor_session(d);
  doctor_wards(d);
  doctor_memory(d);
  doctor_profiles(d);
  doctor_prompt(d);
  if ((flags & CREDENCE_DOCTOR_ONLINE) != 0)
    doctor_online(d);
}

static int new_doctor(const credence_context *context, credence_doctor **ret_doctor, credence_error **error)
{
  credence_doctor *new = calloc(1, sizeof(*new));
  if (new == NULL)
    return error_nomem(error);
  int r = credence_context_new(&new->context, error);
  if (r < 0) {
    free(new);
    return r;
  }
  credence_context_set_timeout(new->context, context == NULL ? 0 : context->timeout);
  *ret_doctor = new;
  return 0;
}

int credence_doctor_new(credence_context *context, unsigned flags, credence_doctor **ret_doctor,
                        credence_error **error)
{
  credence_doctor *new = NULL;
  if ((flags & ~CREDENCE_DOCTOR_ONLINE) != 0)
    return error_set(error, CREDENCE_E_INVALID, "use CREDENCE_DOCTOR_ONLINE or 0",
                     "unknown flags for an examination: %u", flags);
  int r = new_doctor(context, &new, error);
  if (r < 0)
    return r;
  examine(new, flags);
  if (new->failed) {
    credence_doctor_free(&new);
    return error_nomem(error);
  }
  *ret_doctor = new;
  return 0;
}

static void ward_clear(struct ward *ward)
{
  keyring_close(&ward->keyring);
  credence_strings_free(&ward->facts);
  free(ward->name);
  free(ward->store);
  free(ward->users);
}

void credence_doctor_free(credence_doctor **doctor)
{
  if (doctor == NULL || *doctor == NULL)
    return;
  credence_doctor *d = *doctor;
  for (size_t i = 0; i < d->finding_count; i++) {
    free(d->findings[i].subject);
    free(d->findings[i].cause);
    free(d->findings[i].mend);
  }
  for (size_t i = 0; i < d->fact_count; i++) {
    free(d->facts[i].name);
    free(d->facts[i].value);
  }
  for (size_t i = 0; i < d->patient_count; i++) {
    credence_profile_free(&d->patients[i].profile);
    free(d->patients[i].name);
  }
  for (size_t i = 0; i < d->ward_count; i++)
    ward_clear(&d->wards[i]);
  free(d->findings);
  free(d->facts);
  free(d->patients);
  free(d->wards);
  credence_context_free(&d->context);
  free(d);
  *doctor = NULL;
}

int credence_doctor_finding(const credence_doctor *doctor, size_t index, unsigned *ret_flags,
                            const char **ret_id, const char **ret_subject, const char **ret_cause,
                            const char **ret_mend)
{
  if (index >= doctor->finding_count)
    return CREDENCE_E_NOT_FOUND;
  const struct finding *finding = &doctor->findings[index];
  *ret_flags = finding->flags;
  *ret_id = finding->id;
  *ret_subject = finding->subject;
  *ret_cause = finding->cause;
  *ret_mend = finding->mend;
  return 0;
}

int credence_doctor_fact(const credence_doctor *doctor, size_t index, const char **ret_name,
                         const char **ret_value)
{
  if (index >= doctor->fact_count)
    return CREDENCE_E_NOT_FOUND;
  *ret_name = doctor->facts[index].name;
  *ret_value = doctor->facts[index].value;
  return 0;
}
