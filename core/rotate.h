/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * rotate.h - a rotation's steps, each of which holds the locks and lets them go
 *
 *   begin   the keyring gets the new credential, as the next one
 *   (verify, without a lock: servers and people take their time)
 *   promote the next one becomes current, and the current one previous
 *   reject  the next one goes
 *   undo    the next one goes; or else the previous one is current again
 *
 * Whoever came in between is noticed by the stamp of the credential.
 */
#ifndef CORE_ROTATE_H
#define CORE_ROTATE_H

#include "draft.h"
#include "rotation.h"

/* A profile's file and what its keyring holds, with the locks of both. */
struct held {
  const char *name;
  int lock;
  int queue;
  struct profile_file file;
  struct keyring *keyring;
  char *revision;
  struct rotation rotation; /* in order */
};

/* REFUSED when what the draft changes lies in a keyring that cannot be written. */
int rotate_check_writable(const credence_draft *draft, credence_error **error);

/* NOT_FOUND when the keyring holds nothing, REFUSED for one that cannot be written. */
int held_open(credence_context *context, const char *name, struct held *ret_held, credence_error **error);
void held_close(struct held *held);

/* REFUSED when the profile's file is the system's. */
int held_check_user_file(const struct held *held, credence_error **error);

/* Put what a draft brings next to the current credential of held.  The draft's file is
 * what the profile's shall be.  Nothing is written yet. */
struct incoming {
  struct record next;     /* secret memory of its own */
  struct record current;  /* the same: current, with the fields it belongs with */
  struct record previous; /* and previous, if there is one */
};
int incoming_make(const credence_draft *draft, struct held *held, struct incoming *ret_incoming,
                  credence_error **error);
void incoming_clear(struct incoming *incoming);
/* Write held's rotation to the keyring. */
int held_put(struct held *held, credence_error **error);

/* CONFLICT when the next credential is not the one with that stamp any more.  verified: has
 * the server accepted it? */
int rotate_promote(credence_context *context, const char *name, const char *stamp, int verified,
                   credence_error **error);
/* The one with that stamp works: let the previous go. */
int rotate_settle(credence_context *context, const char *name, const char *stamp, credence_error **error);
int rotate_reject(credence_context *context, const char *name, const char *stamp, credence_error **error);

#endif
