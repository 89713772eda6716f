/* SPDX-License-Identifier: BSD-3-Clause */
/* url.c - endpoints and targets; see url.h */
#include "config.h"

#include <arpa/inet.h>
#include <string.h>

#include "encode.h"
#include "error.h"
#include "url.h"

unsigned url_default_port(const char *scheme)
{
  return strcmp(scheme, "https") == 0 ? 443 : 80;
}

int url_is_absolute(const char *text)
{
  size_t i = 0;
  while (ascii_is_alnum(text[i]) || (i > 0 && text[i] != '\0' && strchr("+.-", text[i]) != NULL))
    i++;
  return i > 0 && strncmp(text + i, "://", 3) == 0;
}

/* RFC 3986: unreserved, sub-delims, ":" "@" "/" "?".  "[" and "]" stand raw in
 * many query strings (PHP's lists) and every server takes them. */
static int is_url_byte(char c)
{
  return ascii_is_alnum(c) || (c != '\0' && strchr("-._~!$&'()*+,;=:@/?[]", c) != NULL);
}

static int is_hex(char c)
{
  return (c >= '0' && c <= '9') || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'f');
}

int url_check_bytes(const char *text, size_t size, const char *what, credence_error **error)
{
  for (size_t i = 0; i < size; i++) {
    unsigned char byte = (unsigned char)text[i];
    if (byte == '%') {
      if (size - i < 3 || !is_hex(text[i + 1]) || !is_hex(text[i + 2]))
        return error_set(error, CREDENCE_E_INVALID, "write a percent sign as %25",
                         "the %s has a %% without two hexadecimal digits", what);
    } else if (byte == '#') {
      return error_set(error, CREDENCE_E_INVALID, "leave it out, or write # as %23",
                       "the %s has a fragment (#), which is never sent", what);
    } else if (!is_url_byte(text[i])) {
      char remedy[64] = "percent-encode it: %";
      static const char digits[] = "0123456789ABCDEF";
      size_t end = strlen(remedy);
      remedy[end] = digits[byte >> 4];
      remedy[end + 1] = digits[byte & 15];
      remedy[end + 2] = '\0';
      return error_set(error, CREDENCE_E_INVALID, remedy,
                       "the %s has a byte that cannot stand in a URL (0x%02x)", what, byte);
    }
  }
  return 0;
}

int url_parse_target(const char *text, struct url *ret_url, credence_error **error)
{
  size_t size = strnlen(text, URL_MAX + 1);
  if (size > URL_MAX)
    return error_set(error, CREDENCE_E_TOO_LARGE, "send long data in the body",
                     "the target is longer than %u bytes", URL_MAX);
  int r = url_check_bytes(text, size, "target", error);
  if (r < 0)
    return r;
  const char *mark = memchr(text, '?', size);
  memset(ret_url, 0, sizeof(*ret_url));
  ret_url->path = text;
  ret_url->path_size = mark == NULL ? size : (size_t)(mark - text);
  if (mark != NULL) {
    ret_url->query = mark + 1;
    ret_url->query_size = size - ret_url->path_size - 1;
  }
  return 0;
}

static int host_is_name(const char *host, size_t size)
{
  if (size == 0 || size > 253)
    return 0;
  for (size_t i = 0; i < size; i++)
    if (!ascii_is_alnum(host[i]) && host[i] != '-' && host[i] != '.' && host[i] != '_')
      return 0;
  return host[0] != '.' && host[0] != '-';
}

/* Does the last label look like a number?  Many programs take 127.1, 0x7f000001
 * and the like for an IPv4 address, others for a name. */
static int host_ends_in_number(const char *host, size_t size)
{
  size_t end = size > 0 && host[size - 1] == '.' ? size - 1 : size;
  size_t start = end;
  while (start > 0 && host[start - 1] != '.')
    start--;
  const char *label = host + start;
  size_t length = end - start;
  if (length > 1 && label[0] == '0' && ascii_lower(label[1]) == 'x')
    return 1;
  for (size_t i = 0; i < length; i++)
    if (label[i] < '0' || label[i] > '9')
      return 0;
  return length > 0;
}

/* Is it an address, written in the one usual way? */
static int is_address(int family, const char *text, size_t size)
{
  unsigned char address[sizeof(struct in6_addr)];
  char given[INET6_ADDRSTRLEN];
  char usual[INET6_ADDRSTRLEN];
  if (size >= sizeof(given))
    return 0;
  memcpy(given, text, size);
  given[size] = '\0';
  return inet_pton(family, given, address) == 1 && inet_ntop(family, address, usual, sizeof(usual)) != NULL &&
         strcmp(given, usual) == 0;
}

static int host_is_usable(const char *host, size_t size)
{
  if (size > 2 && host[0] == '[' && host[size - 1] == ']')
    return is_address(AF_INET6, host + 1, size - 2);
  return host_is_name(host, size) && (!host_ends_in_number(host, size) || is_address(AF_INET, host, size));
}

static int parse_port(const char *text, size_t size, unsigned *ret_port)
{
  unsigned port = 0;
  if (size == 0 || size > 5)
    return -1;
  for (size_t i = 0; i < size; i++) {
    if (text[i] < '0' || text[i] > '9')
      return -1;
    port = port * 10 + (unsigned)(text[i] - '0');
  }
  if (port == 0 || port > 65535)
    return -1;
  *ret_port = port;
  return 0;
}

static int parse_authority(const char *text, size_t size, struct url *url, credence_error **error)
{
  if (memchr(text, '@', size) != NULL)
    return error_set(error, CREDENCE_E_REFUSED, "leave it out; the profile holds the credential",
                     "the URL has a user name or password in front of the host");
  const char *bracket = memchr(text, ']', size);
  size_t search = bracket == NULL ? 0 : (size_t)(bracket - text);
  const char *colon = memchr(text + search, ':', size - search);
  url->host = text;
  url->host_size = colon == NULL ? size : (size_t)(colon - text);
  url->port = url_default_port(url->scheme);
  if (colon != NULL && parse_port(colon + 1, size - url->host_size - 1, &url->port) < 0)
    return error_set(error, CREDENCE_E_INVALID, "a port is a number from 1 to 65535",
                     "the URL has a bad port");
  if (!host_is_usable(url->host, url->host_size))
    return error_set(
        error, CREDENCE_E_INVALID,
        "write the name in ASCII (xn--... for other alphabets), an address in its usual form, IPv6 in [ ]",
        "the URL has no host that can be used");
  return 0;
}

int url_parse(const char *text, struct url *ret_url, credence_error **error)
{
  struct url url;
  const char *rest = strstr(text, "://");
  if (!url_is_absolute(text) || rest == NULL)
    return error_set(error, CREDENCE_E_INVALID, "write https://HOST/PATH", "the URL has no scheme");
  size_t scheme_size = (size_t)(rest - text);
  const char *scheme = NULL;
  if (scheme_size == 5 && memcmp(text, "https", 5) == 0)
    scheme = "https";
  else if (scheme_size == 4 && memcmp(text, "http", 4) == 0)
    scheme = "http";
  if (scheme == NULL)
    return error_set(error, CREDENCE_E_REFUSED, "write https:// or http:// in lower case",
                     "the URL has a scheme other than https and http");
  rest += 3;
  size_t authority = strcspn(rest, "/?#\\");
  int r = url_parse_target(rest + authority, &url, error);
  if (r < 0)
    return r;
  url.scheme = scheme;
  r = parse_authority(rest, authority, &url, error);
  if (r == 0)
    *ret_url = url;
  return r;
}
