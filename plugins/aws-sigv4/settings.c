/* SPDX-License-Identifier: BSD-3-Clause */
/* settings.c - the options of a profile, read once; see settings.h */
#include "settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PRESIGN_MAX 604800 /* a week, which is AWS's own limit */

/* The value of an option as text; "" when it has none. */
static int read_option(credence_call *call, const char *name, char *out, size_t room)
{
  credence_bytes value;
  out[0] = '\0';
  int r = credence_value(call, name, &value);
  if (r == CREDENCE_E_NOT_FOUND)
    return 0;
  if (r < 0)
    return r;
  if (value.size >= room) {
    char text[100];
    snprintf(text, sizeof(text), "%.40s is longer than %zu characters: shorten it", name, room - 1);
    return credence_fail(call, CREDENCE_E_INVALID, text);
  }
  memcpy(out, value.data, value.size + 1);
  return 0;
}

static int read_choice(credence_call *call, const char *name, enum choice *ret_choice)
{
  char text[8];
  int r = read_option(call, name, text, sizeof(text));
  if (r < 0)
    return r;
  if (text[0] == '\0')
    *ret_choice = BY_SERVICE;
  else
    *ret_choice = strcmp(text, "yes") == 0 || strcmp(text, "true") == 0 ? YES : NO;
  return 0;
}

static int read_presign(credence_call *call, struct settings *settings)
{
  int r = read_option(call, "presign", settings->presign, sizeof(settings->presign));
  if (r == 0 && strtol(settings->presign, NULL, 10) > PRESIGN_MAX)
    r = credence_fail(call, CREDENCE_E_INVALID, "presign is longer than a week, which is 604800 seconds");
  return r;
}

static int read_mode(credence_call *call, struct settings *settings)
{
  char mode[8];
  enum choice omits = NO;
  int r = read_option(call, "mode", mode, sizeof(mode));
  if (r == 0)
    r = read_choice(call, "omit_session_token", &omits);
  if (r < 0)
    return r;
  settings->uses_sts = strcmp(mode, "sts") == 0;
  settings->omit_session_token = omits == YES;
  settings->has_session_token = credence_has(call, "session_token") == 1;
  return 0;
}

static int read_all(credence_call *call, struct settings *settings)
{
  int r = read_option(call, "access_key_id", settings->access_key_id, sizeof(settings->access_key_id));
  if (r == 0)
    r = read_option(call, "region", settings->region, sizeof(settings->region));
  if (r == 0)
    r = read_option(call, "service", settings->service, sizeof(settings->service));
  if (r == 0)
    r = read_presign(call, settings);
  if (r == 0)
    r = read_choice(call, "normalize", &settings->normalize);
  if (r == 0)
    r = read_choice(call, "double_encode", &settings->double_encode);
  if (r == 0)
    r = read_choice(call, "sign_body", &settings->sign_body);
  return r < 0 ? r : read_mode(call, settings);
}

int settings_open(const credence_host *host, credence_call *call, void **ret_settings)
{
  struct settings *new = calloc(1, sizeof(*new));
  (void)host;
  if (new == NULL)
    return CREDENCE_E_NOMEM;
  int r = read_all(call, new);
  if (r < 0) {
    free(new);
    return r;
  }
  *ret_settings = new;
  return 0;
}

void settings_close(void *settings)
{
  free(settings);
}
