/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * answer.c - what AWS says about a failure; see answer.h
 *
 * Three forms: <Error><Code> and <Message> in XML, alone (S3) or within an <ErrorResponse>;
 * or JSON with "__type" or "code" and "message", where the header x-amzn-ErrorType may
 * name the error instead.
 *
 * Sources: "Common Errors" in the reference of each service; "Error Responses" in the Amazon
 * S3 API Reference; "Troubleshoot AWS API request signing" in the IAM User Guide.
 */
#include "answer.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "settings.h"

static const char *find(credence_bytes in, const char *piece, size_t size)
{
  const char *at = in.data;
  const char *end = at + in.size;
  while (in.size > 0 && (size_t)(end - at) >= size &&
         (at = memchr(at, piece[0], (size_t)(end - at) - size + 1)) != NULL) {
    if (memcmp(at, piece, size) == 0)
      return at;
    at++;
  }
  return NULL;
}

credence_bytes xml_text(credence_bytes from, const char *name)
{
  const credence_bytes none = {NULL, 0};
  char tag[48];
  int size = snprintf(tag, sizeof(tag), "<%s>", name);
  const char *start = find(from, tag, (size_t)size);
  if (start == NULL)
    return none;
  start += size;
  size_t rest = from.size - (size_t)(start - (const char *)from.data);
  const char *end = memchr(start, '<', rest);
  if (end == NULL || (size_t)(end - start) + 1 >= rest || end[1] != '/')
    return none;
  return (credence_bytes){start, (size_t)(end - start)};
}

static void keep(char *out, size_t room, credence_bytes text)
{
  size_t size = text.size < room ? text.size : room - 1;
  if (size > 0)
    memcpy(out, text.data, size);
  out[size] = '\0';
}

static credence_bytes json_text(credence_call *call, const char *pointer)
{
  uint32_t type = 0;
  credence_bytes text = {NULL, 0};
  if (credence_response_json(call, pointer, &type, &text) < 0 || type != CREDENCE_JSON_STRING)
    return (credence_bytes){NULL, 0};
  return text;
}

static credence_bytes first_json(credence_call *call, const char *first, const char *second)
{
  credence_bytes text = json_text(call, first);
  return text.data != NULL ? text : json_text(call, second);
}

static credence_bytes type_header(credence_call *call)
{
  credence_bytes name;
  credence_bytes value;
  for (size_t i = 0; credence_response_header_at(call, i, &name, &value) == 0; i++)
    if (name.size == 16 && strncasecmp(name.data, "x-amzn-ErrorType", 16) == 0)
      return value;
  return (credence_bytes){NULL, 0};
}

/* "com.amazon.coral.service#UnrecognizedClientException:http://..." is the word in the
 * middle. */
static credence_bytes bare_type(credence_bytes type)
{
  const char *text = type.data;
  const char *hash = type.size == 0 ? NULL : memchr(text, '#', type.size);
  if (hash != NULL)
    type = (credence_bytes){hash + 1, type.size - (size_t)(hash + 1 - text)};
  const char *colon = type.size == 0 ? NULL : memchr(type.data, ':', type.size);
  if (colon != NULL)
    type.size = (size_t)(colon - (const char *)type.data);
  return type;
}

void answer_read(credence_call *call, struct answer *ret_answer)
{
  credence_bytes body = {NULL, 0};
  (void)credence_response_content(call, &body);
  credence_bytes code = xml_text(body, "Code");
  credence_bytes message = xml_text(body, "Message");
  if (code.data == NULL)
    code = bare_type(type_header(call));
  if (code.data == NULL)
    code = bare_type(first_json(call, "/__type", "/code"));
  if (message.data == NULL)
    message = first_json(call, "/message", "/Message");
  keep(ret_answer->code, sizeof(ret_answer->code), code);
  keep(ret_answer->message, sizeof(ret_answer->message), message);
}

void answer_words(credence_call *call, const struct answer *answer, char *out, size_t room)
{
  if (answer->code[0] == '\0' && answer->message[0] == '\0')
    snprintf(out, room, "the server answered %d", credence_status(call));
  else if (answer->code[0] == '\0' || answer->message[0] == '\0')
    snprintf(out, room, "%s%s", answer->code, answer->message);
  else
    snprintf(out, room, "%s: %s", answer->code, answer->message);
}

static int is_one_of(const char *code, const char *const *codes)
{
  while (*codes != NULL && strcmp(code, *codes) != 0)
    codes++;
  return *codes != NULL;
}

/* Most services say that the signature is wrong and only in words that it is the time. */
int answer_is_about_clock(const struct answer *answer)
{
  static const char *const codes[] = {"RequestTimeTooSkewed", "RequestExpired", "RequestInTheFuture", NULL};
  static const char *const words[] = {"Signature expired", "Signature not yet current", "Request has expired",
                                      "not yet valid", "not valid yet"};
  if (is_one_of(answer->code, codes))
    return 1;
  for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
    if (strstr(answer->message, words[i]) != NULL)
      return 1;
  return 0;
}

int answer_is_about_session(const struct answer *answer)
{
  static const char *const codes[] = {"ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired",
                                      "RequestExpired", NULL};
  return is_one_of(answer->code, codes);
}

/* Some services answer 400 where others answer 403. */
int answer_is_about_key(const struct answer *answer)
{
  static const char *const codes[] = {"InvalidToken",
                                      "InvalidAccessKeyId",
                                      "InvalidClientTokenId",
                                      "UnrecognizedClientException",
                                      "AuthorizationHeaderMalformed",
                                      "AccessDenied",
                                      "AccessDeniedException",
                                      "SignatureDoesNotMatch",
                                      "InvalidSignatureException",
                                      "IncompleteSignature",
                                      "IncompleteSignatureException",
                                      "MissingAuthenticationToken",
                                      "MissingAuthenticationTokenException",
                                      "AuthFailure",
                                      "InvalidSecurity",
                                      "OptInRequired",
                                      NULL};
  return answer_is_about_session(answer) || is_one_of(answer->code, codes);
}

int judge(void *instance, credence_call *call)
{
  const struct settings *settings = instance;
  struct answer answer;
  char words[sizeof(answer.code) + sizeof(answer.message) + 4];
  int status = credence_status(call);
  if (status < 400)
    return CREDENCE_DONE;
  answer_read(call, &answer);
  answer_words(call, &answer, words, sizeof(words));
  /* A session comes first: RequestExpired may mean either. */
  if (settings->uses_sts && answer_is_about_session(&answer)) {
    (void)credence_fail(call, CREDENCE_E_REJECTED, words);
    return CREDENCE_LOG_IN_AGAIN;
  }
  if (answer_is_about_clock(&answer)) {
    (void)credence_fail(call, CREDENCE_E_REJECTED, words);
    return CREDENCE_CLOCK_IS_OFF;
  }
  if (status == 401 || status == 403 || answer_is_about_key(&answer))
    return credence_fail(call, CREDENCE_E_REJECTED, words);
  return CREDENCE_DONE;
}
