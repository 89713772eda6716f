/* SPDX-License-Identifier: BSD-3-Clause */
/* token.c - a client and its token; see token.h */
#include "token.h"

#include <stdio.h>
#include <string.h>

#define CLIENT_ID_MAX 255u
#define WORDS_SIZE 400u
#define TEN_YEARS (INT64_C(3650) * 24 * 60 * 60)

/* --- the client ------------------------------------------------------------- */

/* application/x-www-form-urlencoded (RFC 6749, appendix B), with the fewest characters
 * left as they are and a space as %20, which all decoders read alike. */
static size_t form_encode(credence_bytes in, char *out)
{
  static const char digits[] = "0123456789ABCDEF";
  size_t size = 0;
  for (size_t i = 0; i < in.size; i++) {
    unsigned char c = ((const unsigned char *)in.data)[i];
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
        (c != '\0' && strchr("-._~", c) != NULL)) {
      out[size++] = (char)c;
    } else {
      out[size++] = '%';
      out[size++] = digits[c >> 4];
      out[size++] = digits[c & 15];
    }
  }
  return size;
}

int token_basic(credence_call *call, uint32_t encoding)
{
  const credence_bytes prefix = credence_text("Basic ");
  char text[3 * CLIENT_ID_MAX + 1];
  credence_bytes id;
  size_t size = 0;
  int r = credence_value(call, "client_id", &id);
  if (r < 0)
    return r;
  if (id.size > CLIENT_ID_MAX)
    return credence_fail(call, CREDENCE_E_INVALID, "client_id is longer than 255 bytes");
  if (encoding == CREDENCE_FORM_BASE64) {
    size = form_encode(id, text);
  } else if (memchr(id.data, ':', id.size) != NULL) {
    return credence_fail(call, CREDENCE_E_INVALID,
                         "client_id has a colon, which the server would take for its end");
  } else {
    memcpy(text, id.data, id.size);
    size = id.size;
  }
  text[size] = ':';
  const credence_bytes lead = {text, size + 1};
  return credence_edit_secret(call, CREDENCE_SET_HEADER, "Authorization", &prefix, &lead, "client_secret",
                              encoding);
}

static int lower(int c)
{
  return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
}

int same_word(credence_bytes text, const char *word)
{
  const char *in = text.data;
  size_t size = strlen(word);
  if (text.size != size)
    return 0;
  for (size_t i = 0; i < size; i++)
    if (lower(in[i]) != lower(word[i]))
      return 0;
  return 1;
}

int token_sign(credence_call *call)
{
  const credence_bytes prefix = credence_text("Bearer ");
  return credence_edit_secret(call, CREDENCE_SET_HEADER, "Authorization", &prefix, NULL, "access_token",
                              CREDENCE_PLAIN);
}

/* --- no token ---------------------------------------------------------------- */

const char *json_string(credence_call *call, const char *pointer)
{
  uint32_t type = 0;
  credence_bytes text;
  if (credence_response_json(call, pointer, &type, &text) < 0 || type != CREDENCE_JSON_STRING)
    return NULL;
  return text.data;
}

/* Does this error of RFC 6749, section 5.2, mean the credential? */
static int is_about_client(const char *error)
{
  return error != NULL && (strcmp(error, "invalid_client") == 0 ||
                           strcmp(error, "unauthorized_client") == 0 || strcmp(error, "invalid_grant") == 0);
}

/* error, or NULL, is the server's own word for it.  Asking again with a credential
 * that was refused serves nothing, whatever words the server has for a 401. */
static int refused(credence_call *call, int status, const char *error)
{
  char words[WORDS_SIZE];
  int rejected = status == 401 || status == 403 || is_about_client(error);
  const char *what =
      rejected ? "the token server does not accept the client" : "the token server gives no token";
  const char *description = json_string(call, "/error_description");
  if (error == NULL)
    snprintf(words, sizeof(words), "%s: it answered %d", what, status);
  else if (description == NULL)
    snprintf(words, sizeof(words), "%s: %.80s", what, error);
  else
    snprintf(words, sizeof(words), "%s: %.80s: %.240s", what, error, description);
  return credence_fail(call, rejected ? CREDENCE_E_REJECTED : CREDENCE_E_FAILED, words);
}

/* --- a token ------------------------------------------------------------------- */

/* The type is missing from the answers of some servers, which all mean Bearer. */
static int check_type(credence_call *call)
{
  char words[WORDS_SIZE];
  uint32_t type = 0;
  credence_bytes text;
  if (credence_response_json(call, "/token_type", &type, &text) < 0 || type == CREDENCE_JSON_NULL)
    return 0;
  if (type != CREDENCE_JSON_STRING)
    return credence_fail(call, CREDENCE_E_MALFORMED, "the token server's token_type is not a string");
  if (same_word(text, "Bearer"))
    return 0;
  snprintf(words, sizeof(words), "the token server gave a token of the type %.40s, and only Bearer is known",
           (const char *)text.data);
  return credence_fail(call, CREDENCE_E_UNSUPPORTED, words);
}

/* In microseconds; 0 when the server does not say. */
static int read_lifetime(credence_call *call, int64_t *ret_lifetime)
{
  int64_t seconds = 0;
  int r = credence_response_integer(call, "/expires_in", &seconds);
  if (r == CREDENCE_E_NOT_FOUND) {
    *ret_lifetime = 0;
    return 0;
  }
  if (r < 0 || seconds <= 0 || seconds > TEN_YEARS)
    return credence_fail(call, CREDENCE_E_MALFORMED,
                         "the token server's expires_in is not a number of seconds from 1 to ten years");
  *ret_lifetime = seconds * 1000000;
  return 0;
}

int token_take(credence_call *call)
{
  uint32_t type = 0;
  credence_bytes token;
  int64_t lifetime = 0;
  int status = credence_status(call);
  const char *error = json_string(call, "/error");
  /* Some servers send errors with status 200. */
  if (status < 200 || status >= 300 || error != NULL)
    return refused(call, status, error);
  if (credence_response_json(call, "/access_token", &type, &token) < 0 || type != CREDENCE_JSON_STRING)
    return credence_fail(call, CREDENCE_E_MALFORMED,
                         "the token server's answer is not JSON with an access_token: check the URL of the "
                         "login");
  int r = check_type(call);
  if (r == 0)
    r = read_lifetime(call, &lifetime);
  return r < 0 ? r : credence_session_put(call, "access_token", &token, lifetime);
}
