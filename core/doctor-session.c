/* SPDX-License-Identifier: BSD-3-Clause */
/* doctor-session.c - the session that this runs in, and its bus; see doctor.h */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "doctor.h"
#include "encode.h"
#include "sessionbus.h"

#define ADDRESS_SIZE 1024u

/* Where the bus of this session is, and where another of this user's is. */
struct bus {
  const char *named;           /* DBUS_SESSION_BUS_ADDRESS; NULL: not set */
  const char *runtime;         /* XDG_RUNTIME_DIR; NULL: not set */
  const char *runtime_fault;   /* why that is not to be used; NULL: it is fine */
  char beside[ADDRESS_SIZE];   /* in XDG_RUNTIME_DIR; "": there is none */
  char usual[64];              /* the folder that a login makes, "/run/user/UID" */
  char at_usual[ADDRESS_SIZE]; /* the bus in there; "": there is none */
};

static const char *set_or_null(const char *name)
{
  const char *value = secure_getenv(name);
  return value != NULL && value[0] != '\0' ? value : NULL;
}

/* --- the folder of the session ---------------------------------------------------- */

/* "unix:path=FOLDER/bus", in the escapes of D-Bus addresses, when a bus listens there. */
static void bus_in(const char *folder, char out[ADDRESS_SIZE])
{
  char path[ADDRESS_SIZE / 4];
  int size = snprintf(path, sizeof(path), "unix:path=%s/bus", folder);
  out[0] = '\0';
  if (size < 0 || (size_t)size >= sizeof(path) || !session_bus_answers(path, 0))
    return;
  size_t used = (size_t)snprintf(out, ADDRESS_SIZE, "unix:path=");
  for (const char *at = path + used; *at != '\0'; at++)
    used += (size_t)snprintf(out + used, ADDRESS_SIZE - used,
                             ascii_is_alnum(*at) || strchr("-_/.", *at) != NULL ? "%c" : "%%%02x",
                             (unsigned)(unsigned char)*at);
}

/* NULL, or what is wrong with XDG_RUNTIME_DIR. */
static const char *fault_of(const char *folder)
{
  struct stat st;
  if (folder[0] != '/')
    return "is not an absolute path";
  if (stat(folder, &st) < 0)
    return errno == ENOENT || errno == ENOTDIR ? "is not there" : "cannot be reached";
  if (!S_ISDIR(st.st_mode))
    return "is not a folder";
  if (st.st_uid != geteuid())
    return "belongs to another user";
  return (st.st_mode & 022) != 0 ? "can be written by others" : NULL;
}

static void look_around(struct bus *bus)
{
  memset(bus, 0, sizeof(*bus));
  bus->named = set_or_null("DBUS_SESSION_BUS_ADDRESS");
  bus->runtime = set_or_null("XDG_RUNTIME_DIR");
  bus->runtime_fault = bus->runtime == NULL ? NULL : fault_of(bus->runtime);
  if (bus->runtime != NULL && bus->runtime_fault == NULL)
    bus_in(bus->runtime, bus->beside);
  snprintf(bus->usual, sizeof(bus->usual), "/run/user/%lu", (unsigned long)geteuid());
  if (fault_of(bus->usual) == NULL)
    bus_in(bus->usual, bus->at_usual);
}

static void report_runtime(credence_doctor *d, const struct bus *bus)
{
  unsigned flags = CREDENCE_FINDING_PROBLEM | CREDENCE_FINDING_COMMAND;
  char *mend = NULL;
  if (strcmp(bus->runtime_fault, "can be written by others") == 0)
    mend = mend_path("chmod 700", bus->runtime);
  else if (fault_of(bus->usual) == NULL)
    mend = mend_text("export XDG_RUNTIME_DIR=%s", bus->usual);
  else
    mend = mend_text("unset XDG_RUNTIME_DIR");
  doctor_find(d, flags, "session.runtime-dir", "XDG_RUNTIME_DIR", mend, "XDG_RUNTIME_DIR, %s, %s",
              bus->runtime, bus->runtime_fault);
}

/* --- the bus ------------------------------------------------------------------------ */

/* Without a bus, only what is kept in the Secret Service does not work; nor does a first
 * profile, which would go there. */
static unsigned severity(const credence_doctor *d)
{
  for (size_t i = 0; i < d->ward_count; i++)
    if (strcmp(d->wards[i].name, KEYRING_USUAL) == 0)
      return CREDENCE_FINDING_PROBLEM;
  return d->patient_count == 0 ? CREDENCE_FINDING_PROBLEM : 0;
}

/* Where a person is at a terminal, a bus and a keyring can be had for the time of a shell. */
static char *mend_bus(unsigned *flags)
{
  const char *place = doctor_place();
  int is_terminal = place[0] == '\0' || strcmp(place, "ssh") == 0;
  if (!is_terminal || !program_exists("dbus-run-session") || !program_exists("gnome-keyring-daemon"))
    return mend_place(place);
  *flags |= CREDENCE_FINDING_COMMAND;
  return mend_text("dbus-run-session -- \"${SHELL:-sh}\"");
}

static void report_stale(credence_doctor *d, const struct bus *bus)
{
  unsigned flags = severity(d);
  const char *live = bus->beside[0] != '\0' ? bus->beside : bus->at_usual;
  char *mend = NULL;
  if (live[0] != '\0') {
    flags |= CREDENCE_FINDING_COMMAND;
    mend = mend_text("export DBUS_SESSION_BUS_ADDRESS=%s", live);
  } else {
    mend = mend_bus(&flags);
  }
  doctor_find(d, flags, "bus.stale", "DBUS_SESSION_BUS_ADDRESS", mend,
              "nothing answers at DBUS_SESSION_BUS_ADDRESS, %s: it was set in a session that has ended",
              bus->named);
}

static void report_none(credence_doctor *d, const struct bus *bus)
{
  unsigned flags = severity(d);
  if (bus->runtime_fault != NULL)
    return; /* which is why, and was reported */
  if (bus->at_usual[0] != '\0') {
    doctor_find(d, flags | CREDENCE_FINDING_COMMAND, "bus.none", "session bus",
                mend_text("export XDG_RUNTIME_DIR=%s", bus->usual),
                "there is a session bus in %s, and XDG_RUNTIME_DIR does not say so", bus->usual);
    return;
  }
  char *mend = mend_bus(&flags);
  doctor_find(d, flags, "bus.none", "session bus", mend, "there is no session bus %s",
              doctor_place_words(doctor_place()));
}

static void report_mute(credence_doctor *d, const char *address)
{
  doctor_find(d, severity(d), "bus.mute", "session bus",
              mend_text("log out of the session and in again, which starts a new bus"),
              "the session bus at %s takes connections and does not answer", address);
}

void doctor_session(credence_doctor *d)
{
  struct bus bus;
  const char *place = doctor_place();
  int patience = (int)context_keyring_timeout(d->context);
  look_around(&bus);
  doctor_fact(d, "session.place", "%s", place[0] == '\0' ? "nowhere special" : place);
  if (bus.runtime_fault != NULL)
    report_runtime(d, &bus);
  const char *address = bus.named != NULL ? bus.named : bus.beside;
  int listens = address[0] != '\0' && session_bus_answers(address, 0);
  int speaks = listens && session_bus_answers(address, patience);
  d->bus_is_dead = !speaks;
  doctor_fact(d, "bus.address", "%s", address[0] == '\0' ? "none" : address);
  if (bus.named != NULL && !listens)
    report_stale(d, &bus);
  else if (!listens)
    report_none(d, &bus);
  else if (!speaks)
    report_mute(d, address);
}

void doctor_prompt(credence_doctor *d)
{
  unsigned flags = 0;
  int has_display = set_or_null("DISPLAY") != NULL || set_or_null("WAYLAND_DISPLAY") != NULL;
  int has_pinentry = program_exists("pinentry");
  doctor_fact(d, "prompt.pinentry", "%s", has_pinentry ? "yes" : "no");
  if (!has_display || has_pinentry)
    return;
  char *mend = mend_install("pinentry-gnome3", &flags);
  doctor_find(d, flags, "prompt.no-pinentry", "pinentry", mend,
              "there is no program pinentry: where there is no terminal, nothing can be asked");
}
