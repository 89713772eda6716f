/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * flow-judge.c - what the answer to a request means, and what to do about it
 *
 * The providers first: they know what the vendor means.  Everything that is done
 * again is done once.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "flow.h"
#include "host.h"
#include "http-date.h"
#include "rotation.h"

#define RENEWALS_MAX 2
#define SECOND ((int64_t)1000000)
#define MINUTE (60 * SECOND)
#define DAY (86400 * SECOND)

/* --- the server's clock ---------------------------------------------------------- */

struct clock_reading {
  int64_t skew;  /* by how much the server is ahead, microseconds */
  int64_t doubt; /* and how wrong that may be */
};

/* The Date header against the middle of the exchange.  0 when there is none that
 * helps: with Age the answer comes from a cache, and is as old as that. */
static int read_clock(const credence_flow *flow, struct clock_reading *ret_reading)
{
  int64_t seconds = 0;
  const char *date = response_header(flow->response, "Date");
  if (date == NULL || response_header(flow->response, "Age") != NULL ||
      http_date_parse(date, flow->received / SECOND, &seconds) < 0)
    return 0;
  /* Date is cut to the second. */
  ret_reading->skew = seconds * SECOND + SECOND / 2 - (flow->sent / 2 + flow->received / 2);
  ret_reading->doubt = (flow->received - flow->sent) / 2 + SECOND;
  return 1;
}

static int is_off(const struct clock_reading *reading, int64_t by)
{
  return reading->skew > by || reading->skew < -by;
}

/* "this machine's clock is 12 minutes behind the server's" */
static void describe_clock(int64_t skew, char *out, size_t size)
{
  int64_t minutes = ((skew < 0 ? -skew : skew) + MINUTE / 2) / MINUTE;
  const char *unit = minutes >= 2 * 1440 ? "days" : minutes >= 120 ? "hours" : "minutes";
  int64_t count = minutes >= 2 * 1440 ? minutes / 1440 : minutes >= 120 ? minutes / 60 : minutes;
  snprintf(out, size, "this machine's clock is %lld %s %s the server's: set it", (long long)count, unit,
           skew > 0 ? "behind" : "ahead of");
}

/* --- why ---------------------------------------------------------------------------- */

/* The likely cause of a rejection, for somebody who has only this line. */
static void find_cause(const credence_flow *flow, char *out, size_t size)
{
  struct clock_reading reading;
  const char *name = flow->profile->name;
  if (flow->has_logged_in)
    snprintf(out, size,
             "it has only just given that session: is it for this endpoint, and the right account?");
  else if (flow->has_set_clock)
    snprintf(out, size, "it does not take it with its own time either: are key and secret right?");
  else if (flow->request->has_fixed_time)
    snprintf(out, size, "the time was given: sign as of now");
  else if (flow->request->now != 0 && read_clock(flow, &reading) && is_off(&reading, MINUTE))
    describe_clock(reading.skew, out, size);
  else if (flow->blames_clock && read_clock(flow, &reading))
    snprintf(out, size, "this machine's clock and the server's agree: are key and secret right?");
  else if (flow->blames_clock)
    snprintf(out, size, "set this machine's clock; the server does not tell its own in a way that helps");
  else if (flow->response->status == 403)
    snprintf(out, size, "are key and secret right, and does the account have the permission?");
  else if (flow->request->now != 0 && !read_clock(flow, &reading))
    snprintf(out, size, "are key and secret right, and this machine's clock?");
  else if (flow->request->session != NULL)
    snprintf(out, size, "is it the right account and endpoint? credence login %.64s gets a new session",
             name);
  else
    snprintf(out, size, "are key and secret right? credence show %.64s tells which are used", name);
}

/* The code stays: the server did reject, and whoever handles that shall see it.  What has to
 * be done about it is something else, whatever the provider says. */
static int reject_old(const credence_flow *flow, const credence_error *words, credence_error **error)
{
  return error_set(error, CREDENCE_E_REJECTED, "open the profile again, or start the program again",
                   "%s; the credential of profile %s was changed since this program took it",
                   credence_error_message(words), flow->profile->name);
}

/* Take back what the flow believed of the clock, and tell the cause where the error
 * has no remedy. */
static int reject(credence_flow *flow, int code, credence_error **words, credence_error **error)
{
  char cause[REMEDY_SIZE];
  if (flow->has_set_clock && code == CREDENCE_E_REJECTED)
    atomic_store(&flow->profile->skew, flow->old_skew);
  if (code == CREDENCE_E_REJECTED && profile_was_changed(flow->profile))
    return reject_old(flow, *words, error);
  if (code != CREDENCE_E_REJECTED || credence_error_remedy(*words)[0] != '\0')
    return error_pass(error, code, words);
  find_cause(flow, cause, sizeof(cause));
  return error_set(error, code, cause, "%s", credence_error_message(*words));
}

static int judge_status(const credence_flow *flow, credence_error **words)
{
  int status = flow->response->status;
  if (status == 401)
    return error_set(words, CREDENCE_E_REJECTED, NULL,
                     "%s answered 401: it does not accept the credential of profile %s",
                     flow->profile->origin, flow->profile->name);
  /* The server knows the secret, perhaps, and lacks a permission: no reason to drop it. */
  if (status == 403 && flow->profile->is_trial)
    return error_set(words, CREDENCE_E_FAILED, "give it the permission, or name another target",
                     "%s answered 403: it does not let profile %s do this", flow->profile->origin,
                     flow->profile->name);
  if (status == 403)
    return error_set(words, CREDENCE_E_REJECTED, NULL, "%s answered 403: it does not let profile %s do this",
                     flow->profile->origin, flow->profile->name);
  return 0;
}

/* --- once more ------------------------------------------------------------------------ */

static int give_up(const credence_flow *flow, const char *what, credence_error **words)
{
  if (*words != NULL)
    return CREDENCE_E_REJECTED;
  return error_set(words, CREDENCE_E_REJECTED, NULL, "%s answered %d: %s", flow->profile->origin,
                   flow->response->status, what);
}

/* When the server does not take the session that it has just given, another would
 * fare no better.  The first renewal may be one that another program made and that
 * has ended as well. */
static int log_in_again(credence_flow *flow, credence_error **words)
{
  if (flow->has_logged_in || flow->renewals++ == RENEWALS_MAX || flow->profile->login_entry == NULL)
    return give_up(flow, "it does not accept the session", words);
  session_unref(flow->bad);
  flow->bad = session_ref(flow->request->session);
  flow->state = FLOW_LOCK;
  return 0;
}

/* A clock that is off by more than a day is for a person to look at: what is signed
 * for a far-off time is good for whoever keeps it until then. */
static int set_clock(credence_flow *flow, credence_error **words)
{
  struct clock_reading reading;
  long present = atomic_load(&flow->profile->skew);
  flow->blames_clock = 1;
  if (flow->has_set_clock || flow->request->has_fixed_time || !read_clock(flow, &reading) ||
      is_off(&reading, DAY))
    return give_up(flow, "it does not accept the time of the request", words);
  const struct clock_reading change = {reading.skew - 1000 * (int64_t)present, reading.doubt};
  if (!is_off(&change, reading.doubt))
    return give_up(flow, "it does not accept the time of the request, although the clocks agree", words);
  flow->has_set_clock = 1;
  flow->old_skew = present;
  atomic_store(&flow->profile->skew, (long)(reading.skew / 1000));
  flow->state = FLOW_SIGN;
  return 0;
}

static int sign_again(credence_flow *flow, credence_error **words)
{
  if (flow->has_repeated)
    return give_up(flow, "again it wants another signature", words);
  flow->has_repeated = 1;
  flow->state = FLOW_SIGN;
  return 0;
}

static int ask_providers(const credence_flow *flow, int *ret_verdict, credence_error **words)
{
  int r = 0;
  *ret_verdict = CREDENCE_DONE;
  for (size_t i = 0; r == 0 && *ret_verdict == CREDENCE_DONE && i < flow->profile->stack_count; i++)
    r = host_judge(flow->request, flow->response, flow->profile->stack[i], ret_verdict, words);
  return r;
}

/* An answer that the credential was good for. */
static int finish(const credence_flow *flow, credence_error **words)
{
  int r = judge_status(flow, words);
  if (r == 0 && flow->response->status < 400)
    rotation_settle(flow->profile);
  return r;
}

static int follow(credence_flow *flow, int verdict, credence_error **words)
{
  switch (verdict) {
  case CREDENCE_LOG_IN_AGAIN:
    return log_in_again(flow, words);
  case CREDENCE_CLOCK_IS_OFF:
    return set_clock(flow, words);
  case CREDENCE_SIGN_AGAIN:
    return sign_again(flow, words);
  default:
    flow->state = FLOW_DONE;
    return finish(flow, words);
  }
}

int flow_judge(credence_flow *flow, int *ret_step, credence_error **error)
{
  credence_error *words = NULL; /* the provider's, should it come to a rejection */
  int verdict = CREDENCE_DONE;
  (void)ret_step;
  int r = ask_providers(flow, &verdict, &words);
  if (r == 0)
    r = follow(flow, verdict, &words);
  if (r < 0)
    r = reject(flow, r, &words, error);
  credence_error_free(&words);
  return r;
}
