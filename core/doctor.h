/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * doctor.h - what is wrong here, and what mends it
 *
 * Each doctor-*.c looks at one thing and reports what it finds.  None changes
 * anything, asks anybody or waits longer than a deadline, and what one finds does
 * not keep the next from looking.
 */
#ifndef CORE_DOCTOR_H
#define CORE_DOCTOR_H

#include "keyring.h"
#include "profile.h"

struct finding {
  const char *id;
  unsigned flags; /* CREDENCE_FINDING_* */
  char *subject;
  char *cause;
  char *mend;
};

struct doctor_fact {
  char *name;
  char *value;
};

/* A profile under examination. */
struct patient {
  char *name;
  credence_profile *profile; /* NULL: it cannot be read */
};

/* A keyring that a profile names, asked once for all of them. */
struct ward {
  char *name;
  char *store; /* NULL: the usual one */
  char *users; /* the names of its profiles, with commas */
  struct keyring *keyring;
  char **facts;
  int is_closed; /* it cannot be asked, and that was reported */
};

struct credence_doctor {
  credence_context *context; /* our own: it never prompts */
  struct finding *findings;
  size_t finding_count;
  struct doctor_fact *facts;
  size_t fact_count;
  struct patient *patients;
  size_t patient_count;
  struct ward *wards;
  size_t ward_count;
  int bus_is_dead; /* and that was reported */
  int failed;      /* there was no memory for a finding */
};

/* --- reporting ------------------------------------------------------------- */

/* mend becomes the finding's; NULL stands for having had no memory for it. */
void doctor_find(credence_doctor *doctor, unsigned flags, const char *id, const char *subject, char *mend,
                 const char *format, ...) __attribute__((format(printf, 6, 7)));
void doctor_fact(credence_doctor *doctor, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Is there a finding with this id? */
int doctor_has(const credence_doctor *doctor, const char *id);
/* Is this the message of an error about a file that was reported already? */
int doctor_told(const credence_doctor *doctor, const char *message);

/* --- commands: doctor-mend.c ------------------------------------------------ */

/* All are allocated; NULL without memory. */
char *mend_text(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* "COMMAND PATH", or "NAME=PATH", with the path quoted for the shell where it has to be. */
char *mend_path(const char *command, const char *path);
/* The remedy of an error, or other words where it has none; and CREDENCE_FINDING_COMMAND where it
 * is a command as it stands. */
char *mend_error(const credence_error *why, const char *otherwise);
unsigned mend_error_flags(const credence_error *why);
/* How this system installs a package; adds CREDENCE_FINDING_COMMAND to *flags where that is
 * known. */
char *mend_install(const char *package, unsigned *flags);
/* "sudo ", or "" for root. */
const char *mend_sudo(void);
/* Is there such a program in PATH? */
int program_exists(const char *name);

/* --- what is looked at ------------------------------------------------------- */

void doctor_folders(credence_doctor *doctor);
void doctor_read_profiles(credence_doctor *doctor);
void doctor_list_wards(credence_doctor *doctor);
void doctor_session(credence_doctor *doctor);
void doctor_wards(credence_doctor *doctor);
void doctor_memory(credence_doctor *doctor);
void doctor_profiles(credence_doctor *doctor);
/* How far one gets with the secrets of a profile. */
enum look {
  LOOK_CLOSED, /* its keyring does not let us */
  LOOK_FAULTY, /* there is something wrong with them */
  LOOK_TAKEN   /* they are what the profile needs */
};
enum look doctor_look_in_keyring(credence_doctor *doctor, credence_profile *profile);
void doctor_prompt(credence_doctor *doctor);
void doctor_online(credence_doctor *doctor);

/* What the keyring said of itself; NULL when it did not say that. */
const char *ward_fact(const struct ward *ward, const char *name);
/* The keyring of a profile, which is made to stand in the list. */
struct ward *doctor_ward_of(credence_doctor *doctor, const credence_profile *profile);
/* What the facts of the Secret Service mean.  r and why are what the probe came to. */
void doctor_service(credence_doctor *doctor, struct ward *ward, int r, const credence_error *why);
/* Where this runs, as a bus may be missing for it: "ssh", "container" ...; "" for nowhere special. */
const char *doctor_place(void);
/* "in an SSH session" ...; "here". */
const char *doctor_place_words(const char *place);
/* What to do without a bus, or without a service on it. */
char *mend_place(const char *place);

#endif
