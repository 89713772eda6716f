/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * session-state.h - what is known of a profile's session, in words and as JSON
 *
 * The keyring is not touched for it.
 */
#ifndef TOOL_SESSION_STATE_H
#define TOOL_SESSION_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "credence.h"

/* Room for words with a time. */
#define SESSION_WORDS_SIZE 80

/* Such as "held until 2026-11-21 22:10 UTC".  False when the provider does not log
 * in. */
bool session_words(const credence_profile *profile, char words[SESSION_WORDS_SIZE]);

/* "FIRST until 2026-11-21 22:10 UTC"; FIRST alone for the time 0, which is not
 * known.  The time is in microseconds since 1970 UTC. */
void session_until(const char *first, int64_t time, char words[SESSION_WORDS_SIZE]);

/* To standard output: an object, or null when the provider does not log in. */
void put_session(const credence_profile *profile);

#endif
