/* SPDX-License-Identifier: BSD-3-Clause */
/* send.c - take the steps of a flow with libcurl, and with the host's questions */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "error.h"
#include "flow.h"
#include "login-state.h"
#include "secret.h"
#include "session-store.h"
#include "transport.h"

#define ANSWER_MAX 1025u

static int transfer_failed(const struct transport *t, CURLcode code, const char *detail,
                           const struct place *place, credence_error **error)
{
  const char *why = detail[0] != '\0' ? detail : t->easy_strerror(code);
  const char *failure = place->failure;
  const char *origin = place->origin;
  if (code == CURLE_OUT_OF_MEMORY)
    return error_nomem(error);
  if (code == CURLE_OPERATION_TIMEDOUT)
    return error_set(error, CREDENCE_E_TIMEOUT, "--timeout=SECONDS waits longer", "%s%s: %s", failure, origin,
                     why);
  if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE)
    return error_set(error, CREDENCE_E_NETWORK,
                     "install the server's certificate authority on this system, or name it with ca_cert",
                     "%s%s: %s", failure, origin, why);
  if (code == CURLE_SSL_CERTPROBLEM)
    return error_set(error, CREDENCE_E_INVALID,
                     "do certificate and key belong together, and are both in PEM?",
                     "%s%s: the client certificate cannot be used: %s", failure, origin, why);
  if (code == CURLE_SSL_CONNECT_ERROR)
    return error_set(error, CREDENCE_E_NETWORK,
                     "does the server speak TLS there, or does it want a client certificate?", "%s: %s",
                     origin, why);
  if (code == CURLE_RECV_ERROR && strncmp(origin, "https", 5) == 0)
    return error_set(error, CREDENCE_E_NETWORK, "does the server want a client certificate, or another?",
                     "%s%s: %s", failure, origin, why);
  return error_set(error, CREDENCE_E_NETWORK, "is the server reachable from here?", "%s%s: %s", failure,
                   origin, why);
}

static int set_options(const struct transport *t, CURL *curl, char *detail, const credence_request *request)
{
  const long timeout = (long)context_network_timeout(request->profile->context);
  size_t index = 0;
  CURLcode code = t->functions.easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  code |= t->functions.easy_setopt(curl, CURLOPT_TIMEOUT_MS, timeout);
  code |= t->functions.easy_setopt(curl, CURLOPT_ERRORBUFFER, detail);
  code |= t->functions.easy_setopt(curl, CURLOPT_SSL_CTX_FUNCTION, t->forget_keylog);
  if (message_find_header(request_current(request), "User-Agent", &index) == NULL)
    code |= t->functions.easy_setopt(curl, CURLOPT_USERAGENT, "credence/" PACKAGE_VERSION);
  return code == CURLE_OK ? 0 : CREDENCE_E_UNSUPPORTED;
}

/* A line of headers that is longer than libcurl takes is "out of memory" for many
 * releases; what it needs of its own it has taken before it sends. */
static int was_sent(const struct transport *t, CURL *curl)
{
  long size = 0;
  (void)t->easy_getinfo(curl, CURLINFO_REQUEST_SIZE, &size);
  return size > 0;
}

static int perform(const struct transport *t, CURL *curl, credence_request *request,
                   credence_response *response, credence_error **error)
{
  char detail[CURL_ERROR_SIZE] = "";
  int r = credence_curl_apply_with(curl, request, &t->functions, error);
  if (r == 0)
    r = credence_curl_receive_with(curl, response, &t->functions, error);
  if (r < 0)
    return r;
  if (set_options(t, curl, detail, request) < 0)
    return error_set(error, CREDENCE_E_UNSUPPORTED, "install libcurl with OpenSSL",
                     "libcurl lacks an option");
  CURLcode code = t->easy_perform(curl);
  if (code != CURLE_OK && request->upload_failed != NULL)
    return error_pass(error, credence_error_code(request->upload_failed), &request->upload_failed);
  if (code == CURLE_OUT_OF_MEMORY && was_sent(t, curl))
    response->failed = CREDENCE_E_TOO_LARGE;
  /* What ended early by our own doing is told by the flow. */
  if (code == CURLE_OK || response->failed != 0)
    return 0;
  return transfer_failed(t, code, detail, &request->place, error);
}

static int exchange(credence_request *request, credence_response **ret_response, credence_error **error)
{
  const struct transport *t = NULL;
  credence_response *response = NULL;
  int r = transport_get(&t, error);
  if (r == 0)
    r = credence_response_new(&response, error);
  if (r < 0)
    return r;
  CURL *curl = t->easy_init();
  r = curl == NULL ? error_nomem(error) : perform(t, curl, request, response, error);
  t->easy_cleanup(curl);
  if (r < 0) {
    credence_response_free(&response);
    return r;
  }
  *ret_response = response;
  return 0;
}

static int send_step(credence_flow *flow, credence_error **error)
{
  credence_response *response = NULL;
  int r = exchange(credence_flow_request(flow), &response, error);
  return r < 0 ? r : credence_flow_respond(flow, &response, error);
}

/* --- questions ------------------------------------------------------------------- */

static int no_answer(const credence_flow *flow, int code, const char *question, credence_error **error)
{
  const char *provider = flow->profile->login_entry->manifest->name;
  if (code == CREDENCE_E_DISMISSED)
    return error_set(error, code, NULL, "provider %s asked, and there was no answer: %s", provider, question);
  return error_set(error, code, "run credence login where it can ask", "provider %s asks: %s", provider,
                   question);
}

static int ask_one(credence_flow *flow, size_t index, const char *question, unsigned kind,
                   credence_error **error)
{
  const credence_context *context = flow->profile->context;
  if (context->ask == NULL)
    return no_answer(flow, CREDENCE_E_PROMPT_REQUIRED, question, error);
  char *answer = secret_alloc(ANSWER_MAX);
  if (answer == NULL)
    return error_nomem(error);
  int r = context->ask(context->ask_userdata, kind, question, answer, ANSWER_MAX);
  if (r == 0 && answer[0] == '\0')
    r = CREDENCE_E_DISMISSED;
  r = r < 0 ? no_answer(flow, r, question, error) : credence_flow_answer(flow, index, answer, error);
  secret_free(answer);
  return r;
}

static int ask_step(credence_flow *flow, credence_error **error)
{
  const char *question = NULL;
  unsigned kind = 0;
  int r = 0;
  for (size_t i = 0; r == 0 && (question = credence_flow_question(flow, i, &kind)) != NULL; i++)
    r = ask_one(flow, i, question, kind, error);
  return r;
}

/* --- the loop ---------------------------------------------------------------------- */

static void wait_step(const credence_flow *flow)
{
  const struct timespec pause = {0, (long)credence_flow_delay(flow) * 1000000};
  (void)nanosleep(&pause, NULL);
}

static int run(credence_flow *flow, credence_error **error)
{
  int step = CREDENCE_STEP_WAIT;
  int r = 0;
  while (r == 0 && step != CREDENCE_STEP_DONE) {
    r = credence_flow_step(flow, &step, error);
    if (r == 0 && step == CREDENCE_STEP_SEND)
      r = send_step(flow, error);
    else if (r == 0 && step == CREDENCE_STEP_ASK)
      r = ask_step(flow, error);
    else if (r == 0 && step == CREDENCE_STEP_WAIT)
      wait_step(flow);
  }
  return r;
}

int credence_request_send(credence_request *request, credence_response **ret_response, credence_error **error)
{
  credence_flow *flow = NULL;
  int r = credence_flow_new(request, &flow, error);
  if (r < 0)
    return r;
  r = run(flow, error);
  credence_response *response = credence_flow_take_response(flow);
  credence_flow_free(&flow);
  if (response != NULL && response->failed == 0)
    *ret_response = response;
  else
    credence_response_free(&response);
  return r;
}

int credence_profile_login(credence_profile *profile, credence_error **error)
{
  credence_flow *flow = NULL;
  int r = credence_flow_new_login(profile, &flow, error);
  if (r == 0)
    r = run(flow, error);
  credence_flow_free(&flow);
  return r;
}
