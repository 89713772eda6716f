/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * credence-plugin.h - how to write a provider plugin for Credence
 *
 * A provider is a way to authenticate to an API.  It is two files: a manifest
 * NAME.provider that describes its fields (see credence-provider(5)) and a
 * shared object with the code.  This header is all that the code needs: a
 * plugin links to nothing of Credence.  The services it may use come through
 * the table that credence_provider_v1() is given.
 *
 * A provider is pure.  It opens no file and no socket, reads no clock and
 * draws no random numbers.  It is given one request at a time, asks the host
 * for what it needs, and tells the host how to change the request.  It never
 * sees a secret: it names one, and the host computes with it or places it.
 *
 * The smallest useful plugin is plugins/bearer/bearer.c.
 *
 * Stability.  Both tables begin with their size.  Slots are only ever added at
 * the end; none is removed, moved or given another meaning.  A plugin built
 * with this header runs with every later Credence that knows version 1, and
 * with every older one whose minor number is at least what it says it needs.
 * The inline functions below look at the size of the host's table, so that
 * calling a service that an older host lacks answers CREDENCE_E_UNSUPPORTED.
 *
 * Return values.  0 (CREDENCE_OK) is success, a negative CREDENCE_E_* code an
 * error.  The host treats every code that it does not know as a refusal.
 *
 * Memory.  What the host hands out through credence_bytes belongs to the host.
 * It stays valid until the callback returns, also when the request changes
 * meanwhile.  What a plugin hands in is copied before the service returns.
 * credence_bytes are not terminated with NUL unless a service says so.
 *
 * The header compiles alone as C89 with <stdint.h>, C99 and later, and C++.
 */
#ifndef CREDENCE_PLUGIN_H
#define CREDENCE_PLUGIN_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The minor number of the interface that this header describes. */
#define CREDENCE_PLUGIN_MINOR 2u

/* --- codes (the same numbers as in credence.h) ------------------------- */

#define CREDENCE_OK 0
#define CREDENCE_E_FAILED (-1)          /* something else went wrong */
#define CREDENCE_E_NOMEM (-2)           /* out of memory */
#define CREDENCE_E_INVALID (-3)         /* an argument or field makes no sense */
#define CREDENCE_E_NOT_FOUND (-4)       /* no such field, header, secret ... */
#define CREDENCE_E_PROMPT_REQUIRED (-6) /* somebody has to be asked first */
#define CREDENCE_E_MALFORMED (-20)      /* data is not in the form it should have */
#define CREDENCE_E_TOO_LARGE (-14)      /* over a limit of the host */
#define CREDENCE_E_REFUSED (-16)        /* a rule forbids it */
#define CREDENCE_E_UNSUPPORTED (-17)    /* this host or provider cannot do it */
#define CREDENCE_E_REJECTED (-18)       /* the server did not accept the credential */
#define CREDENCE_E_NO_SESSION (-21)     /* the provider wants a login first */

/* --- words of the border ----------------------------------------------- */

/* A run of bytes.  data is NULL for a value that is missing, and not NULL for
 * a value that is present and empty. */
typedef struct credence_bytes {
  const void *data;
  size_t size;
} credence_bytes;

/* One operation: a callback that the host is making right now, and the request
 * it is about.  Opaque but for its first member, through which the inline
 * functions below reach the services.  Valid until the callback returns; used
 * only on the thread of the callback. */
struct credence_host;
typedef struct credence_call {
  const struct credence_host *host;
} credence_call;

/* Digest algorithms, for digest, body_digest and hmac. */
#define CREDENCE_SHA1 1u
#define CREDENCE_SHA256 2u
#define CREDENCE_SHA512 3u
#define CREDENCE_MD5 4u

/* Sizes of their results in bytes. */
#define CREDENCE_SHA1_SIZE 20u
#define CREDENCE_SHA256_SIZE 32u
#define CREDENCE_SHA512_SIZE 64u
#define CREDENCE_MD5_SIZE 16u

/* Parts of the request, for request_part.  They show the request as it is now,
 * with the changes made so far by this provider and by those before it. */
#define CREDENCE_METHOD 1u    /* "GET", as the caller wrote it */
#define CREDENCE_SCHEME 2u    /* "https" or "http" */
#define CREDENCE_AUTHORITY 3u /* what the Host header says: host, and port unless it is the scheme's own */
#define CREDENCE_PATH 4u      /* path as sent, never empty, without "?" */
#define CREDENCE_BASE_PATH 5u /* the path of the profile's endpoint */
#define CREDENCE_QUERY 6u     /* query as sent, without "?"; missing when there is none */
#define CREDENCE_BODY 7u      /* body as sent; missing when there is none */
#define CREDENCE_CONTENT_LENGTH \
  8u /* what the Content-Length header says; missing when there is no body.  Minor 2 */

/* Changes to the request, for edit and edit_secret. */
#define CREDENCE_SET_HEADER 1u   /* replace all headers of this name (any case) by one */
#define CREDENCE_ADD_HEADER 2u   /* add one after those of the same name */
#define CREDENCE_APPEND_QUERY 3u /* put name=value at the very end of the query; percent-encodes both */
#define CREDENCE_SET_QUERY \
  4u /* replace the first parameter of this name in its place, drop others; or append */
#define CREDENCE_APPEND_FORM 5u /* put name=value at the end of a form body; encodes both */
#define CREDENCE_SET_BODY 6u    /* replace the body; name is its media type, or NULL to leave that */
#define CREDENCE_SET_METHOD 7u  /* in login alone: another method than POST; name is NULL.  Minor 1 */
#define CREDENCE_SET_TARGET 8u  /* in login alone: where the login goes; name is NULL.  Minor 1 */

/* How edit_secret writes lead and secret. */
#define CREDENCE_PLAIN 1u  /* as they are */
#define CREDENCE_BASE64 2u /* RFC 4648 with padding */
#define CREDENCE_FORM_BASE64                                                     \
  3u /* the secret form-encoded (RFC 6749, 2.3.1), then both in base64.  Minor 1 \
      */

/* Threading: how the callbacks of a provider may run. */
#define CREDENCE_THREADS_SERIAL 1000u   /* one callback of the plugin at a time */
#define CREDENCE_THREADS_INSTANCE 2000u /* one callback of an instance at a time */
#define CREDENCE_THREADS_PARALLEL 3000u /* any number at once; right for providers without state */

/* What judge may answer besides an error. */
#define CREDENCE_DONE 0         /* the response is the answer to give to the caller */
#define CREDENCE_SIGN_AGAIN 1   /* sign a fresh copy of the request and send that */
#define CREDENCE_LOG_IN_AGAIN 2 /* the session is no longer good: log in, then sign again */
#define CREDENCE_CLOCK_IS_OFF \
  3 /* the time in the request was wrong: take the server's, sign again.  Minor 1 */

/* Types of a value in a JSON response, for response_json. */
#define CREDENCE_JSON_NULL 1u
#define CREDENCE_JSON_BOOLEAN 2u /* text is "true" or "false" */
#define CREDENCE_JSON_NUMBER 3u  /* text is the number as JSON */
#define CREDENCE_JSON_STRING 4u  /* text is the decoded string */
#define CREDENCE_JSON_ARRAY 5u   /* text is missing */
#define CREDENCE_JSON_OBJECT 6u  /* text is missing */

/* Kinds of question, for ask. */
#define CREDENCE_ASK_TEXT 1u   /* the answer is shown while it is typed, and read with value */
#define CREDENCE_ASK_SECRET 2u /* hidden, and used through edit_secret and hmac */
#define CREDENCE_ASK_OTP 3u    /* a one-time password; used as a secret is */
#define CREDENCE_ASK_CHOICE 4u /* one of the lines behind the first of the question; read with value */

/* --- services: what the host does for a plugin -------------------------- */

/* Use the inline functions further down rather than these slots.  Each comment
 * there is the contract. */
typedef struct credence_host {
  size_t size;    /* of the table of this host */
  uint32_t minor; /* of the interface that this host has */
  uint32_t reserved;
  const void *(*extension)(const struct credence_host *host, const char *id);

  int (*value)(credence_call *call, const char *field, credence_bytes *out);

  int (*hmac)(credence_call *call, uint32_t algorithm, const char *secret, const credence_bytes *parts,
              size_t count, void *mac, size_t mac_size);
  int (*derive)(credence_call *call, uint32_t algorithm, const char *from, const credence_bytes *data,
                const char *as);
  int (*digest)(credence_call *call, uint32_t algorithm, const credence_bytes *parts, size_t count, void *out,
                size_t out_size);
  int (*body_digest)(credence_call *call, uint32_t algorithm, void *out, size_t out_size);
  int (*sign)(credence_call *call, uint32_t algorithm, const char *key, const credence_bytes *parts,
              size_t count, void *out, size_t *size);

  int64_t (*now)(credence_call *call);
  int (*random)(credence_call *call, void *out, size_t size);
  int (*counter)(credence_call *call, const char *name, uint64_t *out);

  int (*request_part)(credence_call *call, uint32_t part, credence_bytes *out);
  int (*request_header)(credence_call *call, size_t index, credence_bytes *name, credence_bytes *value);
  int (*request_query)(credence_call *call, size_t index, credence_bytes *name, credence_bytes *value);

  int (*edit)(credence_call *call, uint32_t change, const char *name, const credence_bytes *value);
  int (*edit_secret)(credence_call *call, uint32_t change, const char *name, const credence_bytes *prefix,
                     const credence_bytes *lead, const char *secret, uint32_t encoding);

  int (*response_status)(credence_call *call);
  int (*response_header)(credence_call *call, size_t index, credence_bytes *name, credence_bytes *value);
  int (*response_body)(credence_call *call, credence_bytes *out);
  int (*response_json)(credence_call *call, const char *pointer, uint32_t *type, credence_bytes *text);

  int (*session_put)(credence_call *call, const char *name, const credence_bytes *value, int64_t lifetime);
  int (*ask)(credence_call *call, uint32_t kind, const char *name, const char *question);

  void (*trace)(credence_call *call, const char *label, const credence_bytes *text);
  int (*error)(credence_call *call, int code, const char *text);
  void (*log)(credence_call *call, uint32_t level, const char *text);

  /* Minor 1. */
  int (*response_integer)(credence_call *call, const char *pointer, int64_t *out);

  /* Minor 2. */
  int (*derive_chain)(credence_call *call, uint32_t algorithm, const char *from, const credence_bytes *lead,
                      const credence_bytes *data, size_t count, const char *as);
  void *(*memory)(credence_call *call, size_t size);
  int (*has)(credence_call *call, const char *name);
} credence_host;

/* --- what a plugin gives to the host ------------------------------------ */

/* One provider, a static const table of the plugin.  A slot that a provider
 * does not need is NULL; only sign is always there. */
typedef struct credence_provider {
  size_t size;          /* sizeof(credence_provider) */
  uint32_t needs_minor; /* oldest host that will do; CREDENCE_PLUGIN_MINOR when in doubt */
  uint32_t threads;     /* CREDENCE_THREADS_* */
  uint32_t flags;       /* 0 */
  uint32_t reserved;    /* 0 */
  const char *id;       /* the word after "provider =" in the manifest; [a-z0-9-] */

  /* Look at fields and options once, before a profile's first signature: value,
   * has and error are the services that work here.  What it stores in *instance is
   * handed to the other callbacks.  An error makes every signature fail. */
  int (*open)(const credence_host *host, credence_call *call, void **instance);
  void (*close)(void *instance);

  /* Change the request so that it carries the credential.  Called once per
   * attempt, each time on a fresh copy of the caller's request. */
  int (*sign)(void *instance, credence_call *call);

  /* Build the request that logs in, on an empty POST to the endpoint.  Called
   * when sign used a session value that is not there, or judge said
   * LOG_IN_AGAIN.  CREDENCE_SET_TARGET may name another origin when a field of
   * kind login-url of the manifest names it.  Hosts of minor 0 do not log in:
   * they call neither this nor logged_in. */
  int (*login)(void *instance, credence_call *call);
  /* Read the answer to it and put the session's values.  REJECTED when the
   * server does not accept the credential: the host remembers that and does not
   * try again by itself, for vendors lock accounts.  It may also ask, and
   * return the PROMPT_REQUIRED that it gets: then login is called again. */
  int (*logged_in)(void *instance, credence_call *call);

  /* Look at the response of a signed request: CREDENCE_DONE,
   * CREDENCE_SIGN_AGAIN, CREDENCE_LOG_IN_AGAIN, CREDENCE_CLOCK_IS_OFF or an
   * error.  Each of these is done once per request, but for a session that
   * another program left and that is tried before a login; when the server then says
   * the same, the request fails with REJECTED and with the text that credence_fail
   * left, if it was called.  Hosts of minor 0 repeat nothing: all make the request
   * fail. */
  int (*judge)(void *instance, credence_call *call);

  const void *(*extension)(void *instance, const char *id);
} credence_provider;

#if defined(__GNUC__)
#define CREDENCE_EXPORT __attribute__((visibility("default")))
#else
#define CREDENCE_EXPORT
#endif

/* The one symbol that a plugin exports.  Called once with index 0, 1, 2 ...
 * until it answers NULL.  host stays valid as long as the process lives. */
CREDENCE_EXPORT const credence_provider *credence_provider_v1(const credence_host *host, uint32_t index);

/* --- services, as a plugin calls them ----------------------------------- */

#if defined(__GNUC__)
#define CREDENCE_INLINE static __inline__ __attribute__((unused))
#else
#define CREDENCE_INLINE static inline
#endif

/* Does the table reach as far as this slot, and is the slot filled? */
#define CREDENCE_HOST_HAS(host, slot) \
  ((host)->size >= offsetof(credence_host, slot) + sizeof((host)->slot) && (host)->slot != NULL)

/* Wrap text that ends in NUL. */
CREDENCE_INLINE credence_bytes credence_text(const char *text)
{
  credence_bytes bytes;
  bytes.data = text;
  bytes.size = text == NULL ? 0 : strlen(text);
  return bytes;
}

/* Room for size bytes in hexadecimal and in base64, with the NUL at the end. */
#define CREDENCE_HEX_ROOM(size) (2 * (size) + 1)
#define CREDENCE_BASE64_ROOM(size) (((size) + 2) / 3 * 4 + 1)

/* Write size bytes in lower-case hexadecimal, and a NUL. */
CREDENCE_INLINE void credence_hex(char *out, const void *data, size_t size)
{
  static const char digits[] = "0123456789abcdef";
  const unsigned char *in = (const unsigned char *)data;
  size_t i;
  for (i = 0; i < size; i++) {
    out[2 * i] = digits[in[i] >> 4];
    out[2 * i + 1] = digits[in[i] & 15];
  }
  out[2 * size] = '\0';
}

/* Write size bytes in base64 with padding (RFC 4648), and a NUL. */
CREDENCE_INLINE void credence_base64(char *out, const void *data, size_t size)
{
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const unsigned char *in = (const unsigned char *)data;
  size_t i;
  for (i = 0; i < size; i += 3) {
    unsigned second = i + 1 < size ? in[i + 1] : 0u;
    unsigned third = i + 2 < size ? in[i + 2] : 0u;
    *out++ = digits[in[i] >> 2];
    *out++ = digits[(in[i] & 3u) << 4 | second >> 4];
    *out++ = i + 1 < size ? digits[(second & 15u) << 2 | third >> 6] : '=';
    *out++ = i + 2 < size ? digits[third & 63u] : '=';
  }
  *out = '\0';
}

/* The value of a field or option of this provider that is not secret; also, since
 * minor 1, of such a value of the session, and the answer to a question of the
 * kinds TEXT and CHOICE.  It is followed by a NUL byte that size does not count.
 * NOT_FOUND when it has no value and no default, NO_SESSION when there is no
 * session; REFUSED for a secret. */
CREDENCE_INLINE int credence_value(credence_call *call, const char *field, credence_bytes *out)
{
  if (!CREDENCE_HOST_HAS(call->host, value))
    return CREDENCE_E_UNSUPPORTED;
  return call->host->value(call, field, out);
}

/* 1 when the profile or its session has a value of that name, secret or not, or the
 * manifest a default; 0 when not.  Works in open, too.  Minor 2. */
CREDENCE_INLINE int credence_has(credence_call *call, const char *name)
{
  if (!CREDENCE_HOST_HAS(call->host, has))
    return CREDENCE_E_UNSUPPORTED;
  return call->host->has(call, name);
}

/* HMAC (RFC 2104) of the parts, one after the other, under the secret of that
 * name: a field, and since minor 1 a secret value of the session, or the answer
 * to a question.  mac_size must be the size of the digest.  NOT_FOUND when the
 * profile has no such secret, NO_SESSION when the session has none: return it,
 * and the host logs in and calls again. */
CREDENCE_INLINE int credence_hmac(credence_call *call, uint32_t algorithm, const char *secret,
                                  const credence_bytes *parts, size_t count, void *mac, size_t mac_size)
{
  if (!CREDENCE_HOST_HAS(call->host, hmac))
    return CREDENCE_E_UNSUPPORTED;
  return call->host->hmac(call, algorithm, secret, parts, count, mac, mac_size);
}

/* Make a key: the HMAC of data under the secret called from.  hmac and the two
 * services that derive know it as as until the callback returns, rather than a
 * field of that name.  The host keeps such keys, so that making one again costs
 * little: use it for what stays the same over many requests.  At most 4 in a
 * callback.  Minor 2: hosts before that answer UNSUPPORTED. */
CREDENCE_INLINE int credence_derive(credence_call *call, uint32_t algorithm, const char *from,
                                    const credence_bytes *data, const char *as)
{
  if (!CREDENCE_HOST_HAS(call->host, derive))
    return CREDENCE_E_UNSUPPORTED;
  return call->host->derive(call, algorithm, from, data, as);
}

/* The same by a chain: lead (or NULL) and the secret together are the first key,
 * its HMAC of data[0] is the key for data[1], and so on.  1 to 8 data.  AWS's signing
 * key is lead "AWS4", data date, region, service, "aws4_request".  Minor 2. */
CREDENCE_INLINE int credence_derive_chain(credence_call *call, uint32_t algorithm, const char *from,
                                          const credence_bytes *lead, const credence_bytes *data,
                                          size_t count, const char *as)
{
  if (!CREDENCE_HOST_HAS(call->host, derive_chain))
    return CREDENCE_E_UNSUPPORTED;
  return call->host->derive_chain(call, algorithm, from, lead, data, count, as);
}

/* Memory for this callback, aligned for any type and not zeroed; the host takes it
 * back, and wipes it.  NULL when there is none, and in open and close.  Minor 2. */
CREDENCE_INLINE void *credence_memory(credence_call *call, size_t size)
{
  if (!CREDENCE_HOST_HAS(call->host, memory))
    return NULL;
  return call->host->memory(call, size);
}

/* Digest of the parts, one after the other. */
CREDENCE_INLINE int credence_digest(credence_call *call, uint32_t algorithm, const credence_bytes *parts,
                                    size_t count, void *out, size_t out_size)
{
  if (!CREDENCE_HOST_HAS(call->host, digest))
    return CREDENCE_E_UNSUPPORTED;
  return call->host->digest(call, algorithm, parts, count, out, out_size);
}

/* Digest of the body as it is now; of no bytes where there is none.  Works for any
 * body, also one that is read from a file while it is hashed: sign this rather than
 * CREDENCE_BODY where the vendor lets you choose. */
CREDENCE_INLINE int credence_body_digest(credence_call *call, uint32_t algorithm, void *out, size_t out_size)
{
  if (!CREDENCE_HOST_HAS(call->host, body_digest))
    return CREDENCE_E_UNSUPPORTED;
  return call->host->body_digest(call, algorithm, out, out_size);
}

/* Now, in microseconds since 1970-01-01 00:00 UTC.  The same reading however
 * often it is asked for in one attempt; the server's clock, once judge has said
 * CREDENCE_CLOCK_IS_OFF. */
CREDENCE_INLINE int64_t credence_now(credence_call *call)
{
  if (!CREDENCE_HOST_HAS(call->host, now))
    return CREDENCE_E_UNSUPPORTED;
  return call->host->now(call);
}

/* Random bytes fit for nonces; or the nonce that the caller has fixed, cut or
 * repeated to size. */
CREDENCE_INLINE int credence_random(credence_call *call, void *out, size_t size)
{
  if (!CREDENCE_HOST_HAS(call->host, random))
    return CREDENCE_E_UNSUPPORTED;
  return call->host->random(call, out, size);
}

/* One part of the request as it is now: CREDENCE_METHOD ... CREDENCE_CONTENT_LENGTH.
 * OK with out->data NULL when the part is missing.  UNSUPPORTED for a part that this
 * host does not know, and for CREDENCE_BODY when the body is not in memory. */
CREDENCE_INLINE int credence_request_part(credence_call *call, uint32_t part, credence_bytes *out)
{
  if (!CREDENCE_HOST_HAS(call->host, request_part))
    return CREDENCE_E_UNSUPPORTED;
  return call->host->request_part(call, part, out);
}

/* The header at index, in the order sent, duplicates and case kept.
 * NOT_FOUND behind the last. */
CREDENCE_INLINE int credence_header_at(credence_call *call, size_t index, credence_bytes *name,
                                       credence_bytes *value)
{
  if (!CREDENCE_HOST_HAS(call->host, request_header))
    return CREDENCE_E_UNSUPPORTED;
  return call->host->request_header(call, index, name, value);
}

/* The query parameter at index, in the order sent, still percent-encoded.
 * value->data is NULL for "name", not NULL for "name=".  NOT_FOUND behind the
 * last. */
CREDENCE_INLINE int credence_query_at(credence_call *call, size_t index, credence_bytes *name,
                                      credence_bytes *value)
{
  if (!CREDENCE_HOST_HAS(call->host, request_query))
    return CREDENCE_E_UNSUPPORTED;
  return call->host->request_query(call, index, name, value);
}

/* Change the request: CREDENCE_SET_HEADER ... CREDENCE_SET_BODY.  INVALID for
 * bytes that may not stand there, TOO_LARGE over the host's limits, REFUSED
 * when the caller's request has a header, parameter or form field of that name:
 * what a provider sets is the provider's alone. */
CREDENCE_INLINE int credence_edit(credence_call *call, uint32_t change, const char *name,
                                  const credence_bytes *value)
{
  if (!CREDENCE_HOST_HAS(call->host, edit))
    return CREDENCE_E_UNSUPPORTED;
  return call->host->edit(call, change, name, value);
}

/* The same with a value that holds a secret: prefix, then lead and the secret
 * written in encoding.  prefix and lead may be NULL.  HTTP Basic is prefix
 * "Basic ", lead "USER:", secret "password", CREDENCE_BASE64. */
CREDENCE_INLINE int credence_edit_secret(credence_call *call, uint32_t change, const char *name,
                                         const credence_bytes *prefix, const credence_bytes *lead,
                                         const char *secret, uint32_t encoding)
{
  if (!CREDENCE_HOST_HAS(call->host, edit_secret))
    return CREDENCE_E_UNSUPPORTED;
  return call->host->edit_secret(call, change, name, prefix, lead, secret, encoding);
}

/* In judge and logged_in: the HTTP status, for instance 200. */
CREDENCE_INLINE int credence_status(credence_call *call)
{
  if (!CREDENCE_HOST_HAS(call->host, response_status))
    return CREDENCE_E_UNSUPPORTED;
  return call->host->response_status(call);
}

/* In judge and logged_in: the response header at index. */
CREDENCE_INLINE int credence_response_header_at(credence_call *call, size_t index, credence_bytes *name,
                                                credence_bytes *value)
{
  if (!CREDENCE_HOST_HAS(call->host, response_header))
    return CREDENCE_E_UNSUPPORTED;
  return call->host->response_header(call, index, name, value);
}

/* In judge and logged_in: the body. */
CREDENCE_INLINE int credence_response_content(credence_call *call, credence_bytes *out)
{
  if (!CREDENCE_HOST_HAS(call->host, response_body))
    return CREDENCE_E_UNSUPPORTED;
  return call->host->response_body(call, out);
}

/* In judge and logged_in: a value of a JSON body by its JSON Pointer
 * (RFC 6901), "/message" for instance.  Text is followed by a NUL byte that its
 * size does not count.  MALFORMED when the body is not JSON,
 * NOT_FOUND when it has no such value. */
CREDENCE_INLINE int credence_response_json(credence_call *call, const char *pointer, uint32_t *type,
                                           credence_bytes *text)
{
  if (!CREDENCE_HOST_HAS(call->host, response_json))
    return CREDENCE_E_UNSUPPORTED;
  return call->host->response_json(call, pointer, type, text);
}

/* In judge and logged_in: an integer of a JSON body, also when it stands there as
 * a string, as in {"expires_in":"3600"}; a fraction is cut off.  NOT_FOUND when
 * there is no such value or it is null, MALFORMED when it is something else or
 * does not fit 53 bits.  Minor 1. */
CREDENCE_INLINE int credence_response_integer(credence_call *call, const char *pointer, int64_t *out)
{
  if (!CREDENCE_HOST_HAS(call->host, response_integer))
    return CREDENCE_E_UNSUPPORTED;
  return call->host->response_integer(call, pointer, out);
}

/* In logged_in: keep a value of the new session under a name that the manifest
 * has as [session NAME].  lifetime is for how many microseconds from now the
 * session is good; 0 when the server does not say; the shortest of all calls
 * counts.  MALFORMED for a value that is empty, longer than 16 KiB or has control
 * characters, and for a lifetime that is negative or over ten years.  Minor 1. */
CREDENCE_INLINE int credence_session_put(credence_call *call, const char *name, const credence_bytes *value,
                                         int64_t lifetime)
{
  if (!CREDENCE_HOST_HAS(call->host, session_put))
    return CREDENCE_E_UNSUPPORTED;
  return call->host->session_put(call, name, value, lifetime);
}

/* In login and logged_in: ask the user.  OK when the answer is there, under name,
 * for value or edit_secret.  PROMPT_REQUIRED when it is not: return that, and
 * the host asks and calls login again.  Ask all that is needed before
 * returning, so that the user sees the questions together.  Minor 1. */
CREDENCE_INLINE int credence_ask(credence_call *call, uint32_t kind, const char *name, const char *question)
{
  if (!CREDENCE_HOST_HAS(call->host, ask))
    return CREDENCE_E_UNSUPPORTED;
  return call->host->ask(call, kind, name, question);
}

/* Show the user what is being signed, for instance ("string to sign", text).
 * Costs nothing when nobody asked for a trace.  Secrets that the host knows are
 * replaced by their names; keep signatures out. */
CREDENCE_INLINE void credence_trace(credence_call *call, const char *label, const credence_bytes *text)
{
  if (CREDENCE_HOST_HAS(call->host, trace))
    call->host->trace(call, label, text);
}

/* Say why: one line for the person at the terminal, best with what to do
 * about it.  Returns code, so that "return credence_fail(...)" reads well. */
CREDENCE_INLINE int credence_fail(credence_call *call, int code, const char *text)
{
  if (CREDENCE_HOST_HAS(call->host, error))
    (void)call->host->error(call, code, text);
  return code;
}

#ifdef __cplusplus
}
#endif

#endif
