/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * equotix.c - sign requests to Equotix One
 *
 * Every call is a POST with a JSON object.  Four members are added to it:
 * domain, api_key, auth_timestamp and auth_signature.  The signature is the
 * HMAC-SHA256 of the JSON that the server, a PHP program, makes from the
 * members that are neither objects nor lists; canonical.c makes the same text.
 * Objects and lists in the body are therefore not protected by the signature.
 *
 * The caller's text is sent as it is, with the four members before its closing
 * brace.
 */
#include "credence-plugin.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "canonical.h"
#include "quote.h"
#include "text.h"

/* What is signed of most requests fits in here, and so does their body. */
#define TEXT_LENT 2048
#define SECOND 1000000 /* in microseconds */
/* Of what the server says, so many bytes are passed on. */
#define WORDS_MAX 300

/* One request on its way to being signed. */
struct signing {
  credence_call *call;
  credence_bytes body; /* as the caller wrote it */
  bool typed;          /* it has a Content-Type */
  char timestamp[24];
  struct canonical canonical;
  struct text domain, api_key; /* as JSON strings */
  struct text signed_text, sent;
  char domain_lent[128], api_key_lent[128], signed_lent[TEXT_LENT], sent_lent[TEXT_LENT];
};

static int fail_memory(struct signing *signing)
{
  return credence_fail(signing->call, CREDENCE_E_NOMEM, "out of memory (free some and try again)");
}

/* --- looking at the request ------------------------------------------------------ */

static int check_method(struct signing *signing)
{
  credence_bytes method;
  int code = credence_request_part(signing->call, CREDENCE_METHOD, &method);

  if (code == CREDENCE_OK && (method.size != 4 || memcmp(method.data, "POST", 4) != 0))
    code = credence_fail(signing->call, CREDENCE_E_REFUSED,
                         "Equotix One accepts POST requests only (write POST before the target)");
  return code;
}

/* Does text begin with this word, which is in lower case, in whatever case? */
static bool begins_with(const credence_bytes *text, const char *word)
{
  const char *data = text->data;
  size_t size = strlen(word);

  if (text->size < size)
    return false;
  for (size_t i = 0; i < size; i++) {
    char c = data[i] >= 'A' && data[i] <= 'Z' ? (char)(data[i] | 0x20) : data[i];

    if (c != word[i])
      return false;
  }
  return true;
}

static bool is_json_type(const credence_bytes *type)
{
  static const char json[] = "application/json";
  const char *data = type->data;
  size_t at = sizeof json - 1;

  if (!begins_with(type, json))
    return false;
  while (at < type->size && (data[at] == ' ' || data[at] == '\t'))
    at++;
  return at == type->size || data[at] == ';';
}

static int check_media_type(struct signing *signing)
{
  static const char header[] = "content-type";
  credence_bytes name, value;
  int code;

  for (size_t i = 0;; i++) {
    code = credence_header_at(signing->call, i, &name, &value);
    if (code != CREDENCE_OK)
      return code == CREDENCE_E_NOT_FOUND ? CREDENCE_OK : code;
    if (name.size != sizeof header - 1 || !begins_with(&name, header))
      continue;
    if (!is_json_type(&value))
      return credence_fail(
          signing->call, CREDENCE_E_REFUSED,
          "Equotix One takes JSON only (leave Content-Type out or make it application/json)");
    signing->typed = true;
  }
}

static int read_body(struct signing *signing)
{
  static const char *const added[] = {"domain", "api_key", "auth_timestamp", "auth_signature"};
  struct canonical *canonical = &signing->canonical;
  char reason[120];
  int code = credence_request_part(signing->call, CREDENCE_BODY, &signing->body);

  if (code != CREDENCE_OK)
    return code;
  if (signing->body.data == NULL)
    signing->body = credence_text("{}");
  code = canonical_read(canonical, signing->body.data, signing->body.size);
  if (code != CREDENCE_OK)
    return credence_fail(signing->call, code, canonical->reason);
  for (size_t i = 0; i < sizeof added / sizeof added[0]; i++) {
    if (canonical_has(canonical, added[i])) {
      (void)snprintf(reason, sizeof reason,
                     "the body has a member \"%s\" already, which Credence adds (leave it out)", added[i]);
      return credence_fail(signing->call, CREDENCE_E_REFUSED, reason);
    }
  }
  return CREDENCE_OK;
}

/* --- what is added --------------------------------------------------------------- */

static int read_field(struct signing *signing, const char *field, struct text *out)
{
  credence_bytes value;
  char reason[120];
  int code = credence_value(signing->call, field, &value);

  if (code != CREDENCE_OK) {
    (void)snprintf(reason, sizeof reason, "the field %s cannot be read (set it with \"credence set\")",
                   field);
    return credence_fail(signing->call, code, reason);
  }
  if (!quote_utf8(out, value.data, value.size)) {
    (void)snprintf(reason, sizeof reason, "the field %s is not UTF-8 (set it again)", field);
    return credence_fail(signing->call, CREDENCE_E_INVALID, reason);
  }
  return out->failed ? fail_memory(signing) : CREDENCE_OK;
}

static int read_time(struct signing *signing)
{
  int64_t now = credence_now(signing->call);

  if (now < 0)
    return credence_fail(signing->call, CREDENCE_E_INVALID,
                         "the time to sign for lies before 1970 (set the clock)");
  (void)snprintf(signing->timestamp, sizeof signing->timestamp, "%lld", (long long)(now / SECOND));
  return CREDENCE_OK;
}

static int make_signed_text(struct signing *signing)
{
  struct canonical *canonical = &signing->canonical;
  credence_bytes trace;
  int code = canonical_add(canonical, "domain", signing->domain.data, signing->domain.size);

  if (code == CREDENCE_OK)
    code = canonical_add(canonical, "api_key", signing->api_key.data, signing->api_key.size);
  if (code == CREDENCE_OK)
    code = canonical_add(canonical, "auth_timestamp", signing->timestamp, strlen(signing->timestamp));
  if (code == CREDENCE_OK)
    code = canonical_write(canonical, &signing->signed_text);
  if (code != CREDENCE_OK)
    return credence_fail(signing->call, code, canonical->reason);
  trace.data = signing->signed_text.data;
  trace.size = signing->signed_text.size;
  credence_trace(signing->call, "string to sign", &trace);
  return CREDENCE_OK;
}

/* The caller's text, with four members more before its closing brace. */
static void make_body(struct signing *signing, const char *signature, bool alone)
{
  const char *body = signing->body.data;
  size_t close = signing->canonical.close;
  struct text *sent = &signing->sent;

  text_add(sent, body, close);
  text_add_string(sent, alone ? "\"domain\":" : ",\"domain\":");
  text_add(sent, signing->domain.data, signing->domain.size);
  text_add_string(sent, ",\"api_key\":");
  text_add(sent, signing->api_key.data, signing->api_key.size);
  text_add_string(sent, ",\"auth_timestamp\":");
  text_add_string(sent, signing->timestamp);
  text_add_string(sent, ",\"auth_signature\":\"");
  text_add_string(sent, signature);
  text_add_string(sent, "\"");
  text_add(sent, body + close, signing->body.size - close);
}

static int put_signature(struct signing *signing, bool alone)
{
  unsigned char mac[CREDENCE_SHA256_SIZE];
  char signature[CREDENCE_HEX_ROOM(sizeof mac)];
  credence_bytes bytes;
  int code;

  bytes.data = signing->signed_text.data;
  bytes.size = signing->signed_text.size;
  code = credence_hmac(signing->call, CREDENCE_SHA256, "api_secret", &bytes, 1, mac, sizeof mac);
  if (code != CREDENCE_OK)
    return code;
  credence_hex(signature, mac, sizeof mac);
  make_body(signing, signature, alone);
  if (signing->sent.failed)
    return fail_memory(signing);
  bytes.data = signing->sent.data;
  bytes.size = signing->sent.size;
  return credence_edit(signing->call, CREDENCE_SET_BODY, signing->typed ? NULL : "application/json", &bytes);
}

/* --- the provider ---------------------------------------------------------------- */

static int prepare(struct signing *signing)
{
  int code = check_method(signing);

  if (code == CREDENCE_OK)
    code = check_media_type(signing);
  if (code == CREDENCE_OK)
    code = read_body(signing);
  if (code == CREDENCE_OK)
    code = read_field(signing, "domain", &signing->domain);
  if (code == CREDENCE_OK)
    code = read_field(signing, "api_key", &signing->api_key);
  if (code == CREDENCE_OK)
    code = read_time(signing);
  return code;
}

static int equotix_sign(void *instance, credence_call *call)
{
  struct signing signing;
  bool alone;
  int code;

  (void)instance;
  signing.call = call;
  signing.typed = false;
  canonical_begin(&signing.canonical);
  text_begin(&signing.domain, signing.domain_lent, sizeof signing.domain_lent);
  text_begin(&signing.api_key, signing.api_key_lent, sizeof signing.api_key_lent);
  text_begin(&signing.signed_text, signing.signed_lent, sizeof signing.signed_lent);
  text_begin(&signing.sent, signing.sent_lent, sizeof signing.sent_lent);

  code = prepare(&signing);
  if (code != CREDENCE_OK)
    goto out;
  alone = signing.canonical.count == 0;
  code = make_signed_text(&signing);
  if (code == CREDENCE_OK)
    code = put_signature(&signing, alone);

out:
  text_free(&signing.sent);
  text_free(&signing.signed_text);
  text_free(&signing.api_key);
  text_free(&signing.domain);
  canonical_free(&signing.canonical);
  return code;
}

static int fail_with(credence_call *call, int code, const credence_bytes *words)
{
  char reason[400];
  const char *data = words->data;
  size_t size = words->size;

  if (size > WORDS_MAX) {
    size = WORDS_MAX;
    while (size > 0 && ((unsigned char)data[size] & 0xC0) == 0x80) /* not in the middle of a character */
      size--;
  }
  (void)snprintf(reason, sizeof reason, "Equotix One refused the request: %.*s", (int)size, data);
  return credence_fail(call, code, reason);
}

/* The words of the server: {"error":["..."]}, whatever the status is; a message
 * says why only where the status says that something is wrong. */
static bool find_words(credence_call *call, bool rejected, credence_bytes *words)
{
  static const char *const pointers[] = {"/error/0", "/error", "/message"};
  size_t count = rejected ? 3 : 2;
  uint32_t type;

  for (size_t i = 0; i < count; i++) {
    if (credence_response_json(call, pointers[i], &type, words) == CREDENCE_OK &&
        type == CREDENCE_JSON_STRING && words->size > 0)
      return true;
  }
  return false;
}

/* A wrong secret and a wrong clock have the same status. */
static int equotix_judge(void *instance, credence_call *call)
{
  int status = credence_status(call);
  bool rejected = status == 401 || status == 403;
  credence_bytes words;

  (void)instance;
  if (status < 0)
    return status;
  if (find_words(call, rejected, &words))
    return fail_with(call, rejected ? CREDENCE_E_REJECTED : CREDENCE_E_FAILED, &words);
  if (!rejected)
    return CREDENCE_DONE;
  return credence_fail(call, CREDENCE_E_REJECTED,
                       "Equotix One refused the request (check domain, api_key, api_secret and the clock)");
}

static const credence_provider provider = {
    .size = sizeof(credence_provider),
    .needs_minor = CREDENCE_PLUGIN_MINOR,
    .threads = CREDENCE_THREADS_PARALLEL,
    .id = "equotix",
    .sign = equotix_sign,
    .judge = equotix_judge,
};

const credence_provider *credence_provider_v1(const credence_host *host, uint32_t index)
{
  (void)host;
  return index == 0 ? &provider : NULL;
}
