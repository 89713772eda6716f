/* SPDX-License-Identifier: BSD-3-Clause */
/* endpoint.c - what a profile's endpoint may be, and which requests it allows */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "encode.h"
#include "error.h"
#include "message.h"
#include "profile.h"

int endpoint_parse(const char *text, struct url *ret_url, credence_error **error)
{
  int r = url_parse(text, ret_url, error);
  if (r < 0)
    return r;
  if (ret_url->query != NULL)
    return error_set(error, CREDENCE_E_INVALID, "leave out ? and what follows it",
                     "the endpoint has a query");
  for (size_t i = 0; i < ret_url->host_size; i++)
    if (ret_url->host[i] != ascii_lower((unsigned char)ret_url->host[i]))
      return error_set(error, CREDENCE_E_INVALID, "write the host in lower case",
                       "the endpoint's host has capital letters");
  if (ret_url->host[ret_url->host_size - 1] == '.')
    return error_set(error, CREDENCE_E_INVALID, "leave it out", "the endpoint's host ends in a dot");
  return 0;
}

char *url_origin(const struct url *url)
{
  char *origin = NULL;
  int r = url->port == url_default_port(url->scheme)
              ? asprintf(&origin, "%s://%.*s", url->scheme, (int)url->host_size, url->host)
              : asprintf(&origin, "%s://%.*s:%u", url->scheme, (int)url->host_size, url->host, url->port);
  return r < 0 ? NULL : origin;
}

char *url_text_origin(const char *text)
{
  struct url url;
  return url_parse(text, &url, NULL) < 0 ? NULL : url_origin(&url);
}

/* '*' stands for any bytes, '/' among them. */
static int glob_matches(const char *pattern, size_t pattern_size, const char *text, size_t size)
{
  size_t p = 0;
  size_t t = 0;
  size_t star = pattern_size; /* where to go on after a mismatch; none yet */
  size_t resume = 0;
  while (t < size) {
    if (p < pattern_size && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (p < pattern_size && pattern[p] == text[t]) {
      p++;
      t++;
    } else if (star < pattern_size) {
      p = star + 1;
      t = ++resume;
    } else {
      return 0;
    }
  }
  while (p < pattern_size && pattern[p] == '*')
    p++;
  return p == pattern_size;
}

static int rule_allows(const char *rule, const char *method, const char *path, size_t size)
{
  size_t method_size = strcspn(rule, " ");
  const char *pattern = rule + method_size + strspn(rule + method_size, " ");
  return glob_matches(rule, method_size, method, strlen(method)) &&
         glob_matches(pattern, strlen(pattern), path, size);
}

/* The one rule that is not about requests: commands may have the secrets themselves. */
static int is_exec_rule(const char *rule)
{
  return strcmp(rule, "exec") == 0;
}

int allow_rule_is_valid(const char *rule)
{
  if (is_exec_rule(rule))
    return 1;
  size_t method_size = strcspn(rule, " ");
  const char *pattern = rule + method_size + strspn(rule + method_size, " ");
  if (method_size == 0 || (pattern[0] != '/' && pattern[0] != '*') || strchr(pattern, ' ') != NULL)
    return 0;
  for (size_t i = 0; i < method_size; i++)
    if ((rule[i] < 'A' || rule[i] > 'Z') && rule[i] != '*' && rule[i] != '-')
      return 0;
  return 1;
}

/* "." or "..", plain or percent-encoded: a server may resolve it to a path that
 * the rule did not mean. */
static int is_dot_segment(const char *segment, size_t size)
{
  return percent_equal(segment, size, ".") || percent_equal(segment, size, "..");
}

/* Two digits behind a percent sign that servers read as more than a byte of a
 * name: the end of a text or line, a separator, the lead of a "/" or "." in UTF-8
 * that is longer than needed. */
static int is_crooked_escape(const char *digits)
{
  static const char *const crooked[] = {"2f", "5c", "3b", "3f", "23", "7f", "c0", "c1"};
  if (digits[0] == '0' || digits[0] == '1')
    return 1;
  for (size_t i = 0; i < sizeof(crooked) / sizeof(crooked[0]); i++)
    if (ascii_equal(digits, 2, crooked[i], 2))
      return 1;
  return 0;
}

/* Some servers decode twice: "%252e" is "%2e" and then ".". */
static int is_double_escape(const char *at, size_t size)
{
  return size >= 5 && percent_equal(at, 3, "%") && strspn(at + 3, "0123456789abcdefABCDEF") >= 2;
}

/* Some take off what stands behind a ";", as in "..;x" or "secret;.json". */
static int path_is_plain(const char *path, size_t size)
{
  size_t start = 0;
  for (size_t i = 0; i <= size; i++) {
    if (i < size && path[i] != '/')
      continue;
    if (is_dot_segment(path + start, i - start))
      return 0;
    start = i + 1;
  }
  for (size_t i = 0; i < size; i++)
    if (path[i] == ';' || (path[i] == '%' && size - i >= 3 &&
                           (is_crooked_escape(path + i + 1) || is_double_escape(path + i, size - i))))
      return 0;
  return 1;
}

int profile_allows_exec(const credence_profile *profile)
{
  for (size_t i = 0; i < profile->allow_count; i++)
    if (is_exec_rule(profile->allow[i]))
      return 1;
  return 0;
}

/* Without rules every request is allowed. */
static int has_rules(const credence_profile *profile)
{
  for (size_t i = 0; i < profile->allow_count; i++)
    if (!is_exec_rule(profile->allow[i]))
      return 1;
  return 0;
}

int profile_check_allowed(const credence_profile *profile, const char *method, const char *path, size_t size,
                          credence_error **error)
{
  if (!has_rules(profile))
    return 0;
  if (!path_is_plain(path, size))
    return error_set(error, CREDENCE_E_REFUSED, "write the path that is meant",
                     "profile %s has rules, and the path has . or .. segments, a ; or an encoded separator",
                     profile->name);
  for (size_t i = 0; i < profile->allow_count; i++)
    if (!is_exec_rule(profile->allow[i]) && rule_allows(profile->allow[i], method, path, size))
      return 0;
  return error_set(error, CREDENCE_E_REFUSED, "credence show lists them; they stand as allow = in its file",
                   "no rule of profile %s allows %s %.*s", profile->name, method,
                   (int)(size > 200 ? 200 : size), path);
}

int profile_check_headers(const credence_profile *profile, const struct message *message,
                          credence_error **error)
{
  static const char *const names[] = {"X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override",
                                      "X-Original-URL", "X-Rewrite-URL"};
  for (size_t i = 0; has_rules(profile) && i < sizeof(names) / sizeof(names[0]); i++) {
    size_t index = 0;
    if (message_find_header(message, names[i], &index) != NULL)
      return error_set(error, CREDENCE_E_REFUSED, "leave it out",
                       "profile %s has rules, and to some servers the header %s is another request",
                       profile->name, names[i]);
  }
  return 0;
}
