/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * doctor-clock.c - is each endpoint there, and do its clock and ours agree?
 *
 * A request for the time carries nothing of the profile's: no path, no query, no
 * credential and no client certificate.  See doctor.h.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "doctor.h"
#include "error.h"
#include "http-date.h"
#include "paths.h"
#include "request.h"
#include "transport.h"

#define PROBLEM CREDENCE_FINDING_PROBLEM
#define COMMAND CREDENCE_FINDING_COMMAND
#define PATIENCE_MS 10000u
#define APART_MAX 60 /* seconds; the strictest of the servers take a few minutes */

struct visit {
  const struct transport *transport;
  CURL *curl;
  char detail[CURL_ERROR_SIZE];
  CURLcode failed; /* the first option that libcurl did not take */
};

static void set_long(struct visit *v, CURLoption option, long value)
{
  v->failed = v->failed != CURLE_OK ? v->failed : v->transport->functions.easy_setopt(v->curl, option, value);
}

static void set_pointer(struct visit *v, CURLoption option, const void *value)
{
  v->failed = v->failed != CURLE_OK ? v->failed : v->transport->functions.easy_setopt(v->curl, option, value);
}

/* As for a request that is signed: TLS is verified, and nobody stands in between. */
static void set_options(struct visit *v, const credence_doctor *d, const credence_profile *profile,
                        const char *url)
{
  set_long(v, CURLOPT_NOSIGNAL, 1);
  set_long(v, CURLOPT_NOBODY, 1);
  set_long(v, CURLOPT_FOLLOWLOCATION, 0);
  set_pointer(v, CURLOPT_PROTOCOLS_STR, "http,https");
  set_pointer(v, CURLOPT_PROXY, "");
  set_long(v, CURLOPT_NETRC, CURL_NETRC_IGNORED);
  set_long(v, CURLOPT_SSL_VERIFYPEER, 1);
  set_long(v, CURLOPT_SSL_VERIFYHOST, 2);
  set_long(v, CURLOPT_TIMEOUT_MS, d->context->timeout > 0 ? (long)d->context->timeout : (long)PATIENCE_MS);
  set_pointer(v, CURLOPT_ERRORBUFFER, v->detail);
  set_pointer(v, CURLOPT_USERAGENT, "credence/" PACKAGE_VERSION);
  set_pointer(v, CURLOPT_URL, url);
  if (profile->ca_cert != NULL) {
    set_pointer(v, CURLOPT_CAINFO, profile->ca_cert);
    set_pointer(v, CURLOPT_CAPATH, NULL);
  }
  if (v->failed == CURLE_OK)
    v->failed =
        v->transport->functions.easy_setopt(v->curl, CURLOPT_SSL_CTX_FUNCTION, v->transport->forget_keylog);
}

static const char *header(const credence_response *response, const char *wanted)
{
  const char *name = NULL;
  const char *value = NULL;
  for (size_t i = 0; credence_response_header(response, i, &name, &value) == 0; i++)
    if (strcasecmp(name, wanted) == 0)
      return value;
  return NULL;
}

static char *mend_clock(unsigned *flags)
{
  if (!program_exists("timedatectl"))
    return mend_text("set the clock of this machine, or of the host that this container runs on");
  *flags |= COMMAND;
  return mend_text("%stimedatectl set-ntp true", mend_sudo());
}

/* The server's clock stood at some second between begin and end. */
static void compare(credence_doctor *d, const credence_profile *profile, const char *date, time_t begin,
                    time_t end)
{
  int64_t theirs = 0;
  unsigned flags = PROBLEM;
  if (date == NULL || http_date_parse(date, end, &theirs) < 0) {
    doctor_find(d, 0, "endpoint.no-date", profile->origin, mend_text("compare with another clock: date -u"),
                "%s does not say what time it is", profile->origin);
    return;
  }
  int64_t ahead = theirs < begin ? begin - theirs : theirs > end ? end - theirs : 0;
  char *name = mend_text("clock.ahead of %s", profile->origin);
  doctor_fact(d, name == NULL ? "clock.ahead" : name, "%lld s", (long long)ahead);
  free(name);
  if (llabs(ahead) <= APART_MAX)
    return;
  char *mend = mend_clock(&flags);
  doctor_find(d, flags, "clock.off", profile->origin, mend,
              "the clock here is %lld s %s that of %s: signatures may be refused as too old or too new",
              llabs(ahead), ahead > 0 ? "ahead of" : "behind", profile->origin);
}

/* A server that wants our certificate ends the connection: we do not show it. */
static void report_failed(credence_doctor *d, const credence_profile *profile, const struct visit *v,
                          CURLcode code)
{
  const char *why = v->detail[0] != '\0' ? v->detail : v->transport->easy_strerror(code);
  int is_tls = code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE;
  if (is_tls)
    doctor_find(
        d, PROBLEM, "endpoint.tls", profile->origin,
        mend_text("install the server's certificate authority on this system, or name it: credence set %s "
                  "--ca-cert=PATH",
                  profile->name),
        "%s: %s", profile->origin, why);
  else
    doctor_find(d, profile->client_cert != NULL ? 0 : PROBLEM, "endpoint.unreachable", profile->origin,
                mend_text("see the network, and the endpoint: credence show %s", profile->name), "%s: %s",
                profile->origin, why);
}

static void perform(credence_doctor *d, const credence_profile *profile, struct visit *v)
{
  char *url = path_join(profile->origin, "", "");
  credence_response *response = NULL;
  if (url == NULL || credence_response_new(&response, NULL) < 0) {
    d->failed = 1;
  } else {
    set_options(v, d, profile, url);
    (void)credence_curl_receive_with(v->curl, response, &v->transport->functions, NULL);
    time_t begin = time(NULL);
    CURLcode code = v->failed != CURLE_OK ? v->failed : v->transport->easy_perform(v->curl);
    if (code == CURLE_OK)
      compare(d, profile, header(response, "Date"), begin, time(NULL));
    else
      report_failed(d, profile, v, code);
  }
  credence_response_free(&response);
  free(url);
}

static void visit(credence_doctor *d, const struct transport *transport, const credence_profile *profile)
{
  struct visit v = {.transport = transport, .failed = CURLE_OK};
  v.curl = transport->easy_init();
  if (v.curl == NULL) {
    d->failed = 1;
    return;
  }
  perform(d, profile, &v);
  transport->easy_cleanup(v.curl);
}

/* Did a profile before this one name the same server? */
static int was_visited(const credence_doctor *d, size_t index)
{
  for (size_t i = 0; i < index; i++)
    if (d->patients[i].profile != NULL &&
        strcmp(d->patients[i].profile->origin, d->patients[index].profile->origin) == 0)
      return 1;
  return 0;
}

void doctor_online(credence_doctor *d)
{
  const struct transport *transport = NULL;
  credence_error *why = NULL;
  int r = transport_get(&transport, &why);
  if (r < 0)
    doctor_find(d, PROBLEM, "transport.missing", "libcurl", mend_text("%s", credence_error_remedy(why)), "%s",
                credence_error_message(why));
  credence_error_free(&why);
  for (size_t i = 0; r == 0 && i < d->patient_count; i++)
    if (d->patients[i].profile != NULL && !was_visited(d, i))
      visit(d, transport, d->patients[i].profile);
}
