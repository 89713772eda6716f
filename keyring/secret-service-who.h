/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * secret-service-who.h - which program is the Secret Service, as the bus knows it
 *
 * All programs that speak the Secret Service API answer to one name, and a user
 * who changes from one to the other finds an empty keyring.  So the program's
 * own name is recorded with what is stored, and named when nothing is found.
 */
#ifndef KEYRING_SECRET_SERVICE_WHO_H
#define KEYRING_SECRET_SERVICE_WHO_H

#include "secret-service-call.h"

#define KEEPASSXC "KeePassXC"

/* The connection that owns a name on the bus; NULL when nobody does.  g_free() it. */
char *who_owns(struct call *call, const char *name);

/* The number of the process behind a connection, as the bus sees it; 0 when it
 * does not tell. */
guint32 who_pid(struct call *call, const char *owner);

/* Does the bus see the processes that we see?  Otherwise who_pid() is a stranger's here. */
gboolean who_shares_processes(struct call *call);

/* "gnome-keyring", "KeePassXC", "KWallet" or else the name of the process; NULL
 * when that cannot be known.  g_free() it. */
char *who_name(struct call *call, const char *owner);

/* The same of the program that is the Secret Service; "" when that cannot be known.  Lives
 * as long as the call, and is asked of the bus once. */
const char *who_is_here(struct call *call);

/* Can the bus start a program for this name? */
gboolean who_can_start(struct call *call, const char *name);

/* What the service says of itself, without libsecret: the path behind an alias, "/" for
 * none, and whether a collection is locked.  NULL and -1 with error when it does not
 * answer, within so many milliseconds or until the deadline for -1. */
char *who_reads_alias(struct call *call, const char *alias, int milliseconds, GError **error);
int who_reads_locked(struct call *call, const char *path, int milliseconds, GError **error);

/* Let the bus start the Secret Service, as every use of it would. */
void who_start(struct call *call);

/* Note in the answer which program holds what was stored. */
void who_write_store(struct call *call);

/* When the profile was stored in another program than the one that is here: a
 * sentence that says so, to be g_free()d; otherwise NULL.  Asks the bus, so it is
 * for failures only. */
char *who_differs(struct call *call);

#endif
