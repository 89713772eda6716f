/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * token.h - a client and its token: RFC 6749, sections 2.3.1 and 5
 *
 * Shared by the providers that log in with client_id and client_secret.  The
 * manifest has both as fields, the second as a secret, and the secret session
 * value access_token.
 */
#ifndef OAUTH2_TOKEN_H
#define OAUTH2_TOKEN_H

#include "credence-plugin.h"

/* In login: HTTP Basic with the client's id and secret.  encoding is
 * CREDENCE_FORM_BASE64, which is the RFC's, or CREDENCE_BASE64 for servers that
 * decode nothing. */
int token_basic(credence_call *call, uint32_t encoding);

/* In logged_in: keep the token of the answer, or say why there is none. */
int token_take(credence_call *call);

/* In logged_in and judge: the string at pointer of a JSON answer, or NULL. */
const char *json_string(credence_call *call, const char *pointer);

/* The same but for the case of ASCII letters, whatever the locale?  Header names are
 * compared so. */
int same_word(credence_bytes text, const char *word);

/* In sign: send the token (RFC 6750, section 2.1). */
int token_sign(credence_call *call);

#endif
