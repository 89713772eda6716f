/* SPDX-License-Identifier: BSD-3-Clause */
/* The state of a session in words and as JSON. */
#include "config.h"

#include <stdio.h>
#include <time.h>

#include "session-state.h"

enum { TIME_SIZE = 32 };

/* False for a time that is not known, or has no date. */
static bool split_time(int64_t microseconds, struct tm *ret_parts)
{
  const time_t seconds = (time_t)(microseconds / 1000000);

  return microseconds > 0 && gmtime_r(&seconds, ret_parts);
}

/* The words, and behind them the time if there is one. */
static void put_words(const char *first, const char *between, int64_t time, const char *last,
                      char words[SESSION_WORDS_SIZE])
{
  char text[TIME_SIZE] = "";
  struct tm parts;
  bool dated = split_time(time, &parts) && strftime(text, sizeof text, "%Y-%m-%d %H:%M UTC", &parts) > 0;

  snprintf(words, SESSION_WORDS_SIZE, "%s%s%s%s", first, dated ? between : "", text, last);
}

void session_until(const char *first, int64_t time, char words[SESSION_WORDS_SIZE])
{
  put_words(first, " until ", time, "", words);
}

bool session_words(const credence_profile *profile, char words[SESSION_WORDS_SIZE])
{
  int64_t time = 0;

  switch (credence_profile_session(profile, &time)) {
  case CREDENCE_SESSION_NONE:
    put_words("none", "", 0, "", words);
    return true;
  case CREDENCE_SESSION_HELD:
    session_until("held", time, words);
    return true;
  case CREDENCE_SESSION_EXPIRED:
    put_words("expired", " ", time, "", words);
    return true;
  case CREDENCE_SESSION_REFUSED:
    put_words("refused", " ", time, " (credence login tries again)", words);
    return true;
  default:
    return false;
  }
}

void put_session(const credence_profile *profile)
{
  static const char *const names[] = {[CREDENCE_SESSION_NONE] = "none",
                                      [CREDENCE_SESSION_HELD] = "held",
                                      [CREDENCE_SESSION_EXPIRED] = "expired",
                                      [CREDENCE_SESSION_REFUSED] = "refused"};
  int64_t time = 0;
  int state = credence_profile_session(profile, &time);
  bool ends = state == CREDENCE_SESSION_HELD || state == CREDENCE_SESSION_EXPIRED;
  char text[TIME_SIZE];
  struct tm parts;

  if (state < 0 || state >= (int)(sizeof names / sizeof names[0]) || !names[state]) {
    fputs("null", stdout);
    return;
  }
  printf("{\"state\":\"%s\",\"expires\":", names[state]);
  if (ends && split_time(time, &parts) && strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts) > 0)
    printf("\"%s\"}", text);
  else
    fputs("null}", stdout);
}
