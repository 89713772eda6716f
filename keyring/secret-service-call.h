/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * secret-service-call.h - one request on its way to the Secret Service
 *
 * Connecting, giving up at the deadline, unlocking, and translating errors are
 * the same for every operation of keyring-secret-service.c, and are here.
 */
#ifndef KEYRING_SECRET_SERVICE_CALL_H
#define KEYRING_SECRET_SERVICE_CALL_H

#include "helper.h"

/* This adds the functions that take the path of an item.  The others make a proxy of
 * each item, which asks the bus and the service three times more.  libsecret calls
 * them unstable, but exports them under the same soname. */
#define SECRET_API_SUBJECT_TO_CHANGE
#include <libsecret/secret.h>

#define SERVICE_NAME "org.freedesktop.secrets"
#define SERVICE_PATH "/org/freedesktop/secrets"
#define SERVICE_INTERFACE "org.freedesktop.Secret."

#define REMEDY_FILE "use a desktop session, or the file keyring with --keyring file"
#define REMEDY_TIMEOUT "try again, or allow more time with --timeout"

struct call {
  const struct keyring_request *request;
  struct keyring_answer *answer;
  GDBusConnection *bus;
  SecretService *service;
  GCancellable *cancellable; /* cancelled shortly before the deadline */
  char *program;             /* see who_is_here(); NULL: nobody has asked yet */
  gboolean homeless;         /* a search found that there is no collection for new items */
  int lock;                  /* descriptor of the lock, or -1 */
  gint64 reserve;            /* milliseconds of the deadline that are kept for the end */
  /* The timer thread, and what tells it that it is not needed. */
  GThread *timer;
  GMutex mutex;
  GCond condition;
  gboolean finished;
};

/* All return CREDENCE_OK or an error that is noted in the answer. */

/* Start the timer and connect to the bus.  call_end() is due whatever this returns. */
int call_begin_bus(struct call *call, const struct keyring_request *request, struct keyring_answer *answer);
/* The same, and connect to the service. */
int call_begin(struct call *call, const struct keyring_request *request, struct keyring_answer *answer);
void call_end(struct call *call);

/* Milliseconds until the call is cancelled, a little before the caller stops waiting. */
gint64 call_time_left(struct call *call);

/* Keep other Credence programs from writing until call_end().  The Secret
 * Service cannot compare and replace in one step. */
int call_lock(struct call *call);

/* Call a method of an object of the service.  The reply, of the given type, is to be
 * unreferenced. */
int call_method(struct call *call, const char *path, const char *interface, const char *method,
                GVariant *arguments, const char *type, GVariant **ret_reply);

/* Translate and free an error of libsecret. */
int call_error(struct call *call, GError *error);

int call_fail_no_collection(struct call *call);

/* The same error, unless the profile was stored in another service than the one
 * that is here: then that is said, as NO_KEYRING. */
int call_explain(struct call *call, int code);

#endif
