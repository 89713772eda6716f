/* SPDX-License-Identifier: BSD-3-Clause */
/* doctor-service.c - what is behind org.freedesktop.secrets; see doctor.h */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "doctor.h"
#include "error.h"

#define PROBLEM CREDENCE_FINDING_PROBLEM
#define COMMAND CREDENCE_FINDING_COMMAND

/* Starts a gnome-keyring, in the place of one that runs, with its login keyring unlocked or
 * newly made: no other of its options gets an open keyring from a running one.  The password
 * goes from the terminal through a pipe. */
#define UNLOCK                                                                                               \
  "(printf 'Password of the keyring: ' >&2; stty -echo 2>/dev/null; IFS= read -r p; stty echo 2>/dev/null; " \
  "printf %s \"$p\") | gnome-keyring-daemon --replace --unlock --components=pkcs11,secrets"

static int says(const struct ward *ward, const char *name, const char *value)
{
  const char *fact = ward_fact(ward, name);
  return fact != NULL && strcmp(fact, value) == 0;
}

static int ends_in(const char *text, const char *end)
{
  size_t size = text == NULL ? 0 : strlen(text);
  return size >= strlen(end) && strcmp(text + size - strlen(end), end) == 0;
}

/* --- none ---------------------------------------------------------------------- */

static void report_none(credence_doctor *d, const struct ward *ward)
{
  const char *place = doctor_place();
  unsigned flags = PROBLEM;
  char *mend = NULL;
  if (strcmp(place, "flatpak") == 0 || strcmp(place, "snap") == 0) {
    mend = mend_place(place);
  } else if (program_exists("gnome-keyring-daemon")) {
    flags |= COMMAND;
    mend = mend_text("%s", UNLOCK);
  } else {
    mend = mend_install("gnome-keyring", &flags);
  }
  doctor_find(
      d, flags, "service.none", "org.freedesktop.secrets", mend,
      says(ward, "activatable", "yes")
          ? "no program on the session bus is the Secret Service, and the one that the bus can start "
            "does not come up"
          : "no program on the session bus is the Secret Service, and the bus knows of none to start");
}

/* --- silent -------------------------------------------------------------------- */

/* 'T' for a process that was stopped; '?' for one that cannot be looked at. */
static char state_of(long pid)
{
  char path[64];
  char line[512] = "";
  snprintf(path, sizeof(path), "/proc/%ld/stat", pid);
  FILE *file = fopen(path, "re");
  if (file == NULL)
    return '?';
  const char *end = fgets(line, sizeof(line), file) == NULL ? NULL : strrchr(line, ')');
  fclose(file);
  return end != NULL && end[1] == ' ' ? end[2] : '?';
}

static void report_silent(credence_doctor *d, const struct ward *ward, const credence_error *why)
{
  const char *service = ward_fact(ward, "service");
  const char *number = ward_fact(ward, "pid");
  long pid = number == NULL ? 0 : strtol(number, NULL, 10);
  const char *name = service == NULL || strcmp(service, "none") == 0 ? "the Secret Service" : service;
  if (pid > 0 && state_of(pid) == 'T')
    doctor_find(d, PROBLEM | COMMAND, "service.stopped", name, mend_text("kill -CONT %ld", pid),
                "%s, process %ld, was stopped and answers nobody", name, pid);
  else if (pid > 0 && strcmp(name, "gnome-keyring") == 0)
    doctor_find(d, PROBLEM | COMMAND, "service.silent", name, mend_text("kill %ld", pid),
                "%s, process %ld, does not answer in time; once it is ended, it can be started anew", name,
                pid);
  else if (pid > 0) /* what was not saved would be lost */
    doctor_find(d, PROBLEM, "service.silent", name,
                mend_text("save what it has open if its window answers, then end it: kill %ld", pid),
                "%s, process %ld, does not answer in time; once it is ended, it can be started anew", name,
                pid);
  else
    doctor_find(d, PROBLEM, "service.silent", name,
                mend_text("log out of the session and in again, or allow more time with --timeout"), "%s",
                why == NULL ? "the Secret Service does not answer in time" : credence_error_message(why));
}

/* --- its default keyring ---------------------------------------------------------- */

static char *mend_default(const char *service, unsigned *flags)
{
  if (strcmp(service, "gnome-keyring") == 0 && program_exists("gnome-keyring-daemon")) {
    *flags |= COMMAND;
    return mend_text("%s", UNLOCK);
  }
  if (strcmp(service, "KeePassXC") == 0)
    return mend_text(
        "open a database in KeePassXC, and choose the group that it shares in Database Settings, "
        "Secret Service Integration");
  if (strcmp(service, "KWallet") == 0)
    return mend_text("make a wallet in the settings of KDE Wallet, and choose it as the default");
  return mend_text("make a keyring in the program that manages passwords, and choose it as the default");
}

static void report_no_default(credence_doctor *d, const char *service)
{
  unsigned flags = PROBLEM;
  char *mend = mend_default(service, &flags);
  doctor_find(d, flags, "service.no-default", service, mend,
              "%s has no default keyring to keep secrets in; a new one opens by itself where its password is "
              "that of your login",
              service);
}

static char *mend_locked(const struct ward *ward, const char *service, unsigned *flags)
{
  if (strcmp(service, "gnome-keyring") == 0 && ends_in(ward_fact(ward, "default_path"), "/login") &&
      program_exists("gnome-keyring-daemon")) {
    *flags |= COMMAND;
    return mend_text("%s", UNLOCK);
  }
  if (strcmp(service, "KeePassXC") == 0)
    return mend_text("unlock the database in the window of KeePassXC");
  return mend_text("unlock it in the program that manages passwords");
}

/* On a desktop that can ask, a locked keyring is in order: the next use of it asks. */
static void report_locked(credence_doctor *d, const struct ward *ward, const char *service)
{
  int can_ask = says(ward, "display", "yes") && !says(ward, "prompter", "no");
  unsigned flags = can_ask ? 0 : PROBLEM;
  char *mend = mend_locked(ward, service, &flags);
  doctor_find(d, flags, "service.locked", service, mend, "the default keyring of %s is locked%s", service,
              can_ask ? "; the next use of it asks for its password" : ", and nobody can be asked here");
  if (says(ward, "display", "yes") && says(ward, "prompter", "no"))
    doctor_find(d, COMMAND, "service.no-prompter", service,
                mend_text("dbus-update-activation-environment --systemd DISPLAY WAYLAND_DISPLAY XAUTHORITY"),
                "%s has no program that can show its question, or the session bus does not know the display",
                service);
}

static void report_plaintext(credence_doctor *d, const char *path)
{
  doctor_find(
      d, PROBLEM, "service.plaintext", path,
      mend_text("give the keyring a password: in Passwords and Keys (seahorse), with Change Password in "
                "its menu"),
      "the default keyring has no password: %s holds every secret as plain text", path);
}

void doctor_service(credence_doctor *d, struct ward *ward, int r, const credence_error *why)
{
  const char *service = ward_fact(ward, "service");
  const char *plaintext = ward_fact(ward, "plaintext");
  int is_none = service != NULL && strcmp(service, "none") == 0;
  int knows_default = ward_fact(ward, "default") != NULL && !says(ward, "default", "unknown");
  ward->is_closed = is_none || r < 0 || !knows_default;
  if (is_none)
    report_none(d, ward);
  else if (r == CREDENCE_E_TIMEOUT || r == CREDENCE_E_SERVICE_LOST || (r == 0 && !knows_default))
    report_silent(d, ward, why);
  else if (r < 0)
    doctor_find(d, PROBLEM, "bus.unusable", "session bus", mend_place(doctor_place()), "%s",
                credence_error_message(why));
  if (ward->is_closed)
    return;
  if (says(ward, "default", "none"))
    report_no_default(d, service);
  else if (plaintext != NULL)
    report_plaintext(d, plaintext); /* its lock is none, and opens for everybody */
  else if (says(ward, "default", "locked"))
    report_locked(d, ward, service);
}
