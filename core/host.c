/* SPDX-License-Identifier: BSD-3-Clause */
/* host.c - the services that a plugin sees: values, keys, clock; see credence-plugin.h */
#include "config.h"

#include <openssl/rand.h>
#include <string.h>

#include "body.h"
#include "error.h"
#include "host-call.h"
#include "secret.h"

static int service_value(credence_call *base, const char *name, credence_bytes *out)
{
  struct call *call = call_of(base);
  const struct stack_entry *entry = call->entry;
  int r = 0;
  if (name == NULL)
    return CREDENCE_E_INVALID;
  int field = manifest_find(entry->manifest, name);
  if (field < 0) {
    const struct secret_value *found = host_session_value(call, name, 0, &r);
    if (found != NULL)
      *out = (credence_bytes){found->data, found->size};
    return r;
  }
  if ((entry->manifest->fields[field].flags & CREDENCE_FIELD_SECRET) != 0)
    return error_set(&call->why, CREDENCE_E_REFUSED, "mend the plugin",
                     "%s is a secret, which is placed with edit_secret or used with hmac", name);
  const char *value = stack_entry_value(entry, (size_t)field);
  if (value == NULL)
    return CREDENCE_E_NOT_FOUND;
  *out = credence_text(value);
  return 0;
}

static int service_has(credence_call *base, const char *name)
{
  const struct call *call = call_of(base);
  const struct stack_entry *entry = call->entry;
  if (name == NULL)
    return 0;
  int field = manifest_find(entry->manifest, name);
  if (field >= 0)
    return entry->secrets[field].data != NULL || stack_entry_value(entry, (size_t)field) != NULL;
  return host_session_has(call, name);
}

static int service_digest(credence_call *base, uint32_t algorithm, const credence_bytes *parts, size_t count,
                          void *out, size_t out_size)
{
  const struct call *call = call_of(base);
  if (call->request == NULL)
    return CREDENCE_E_UNSUPPORTED;
  return digest_parts(call->request->scratch, algorithm, parts, count, out, out_size);
}

static int service_body_digest(credence_call *base, uint32_t algorithm, void *out, size_t out_size)
{
  struct call *call = call_of(base);
  if (call->request == NULL)
    return CREDENCE_E_UNSUPPORTED;
  return body_digest(&call->request->attempt, call->request->scratch, algorithm, out, out_size, &call->why);
}

static int64_t service_now(credence_call *base)
{
  credence_request *request = call_of(base)->request;
  if (request == NULL)
    return CREDENCE_E_UNSUPPORTED;
  if (request->has_fixed_time)
    return request->fixed_time;
  if (request->now == 0)
    request->now =
        clock_now() + 1000 * (int64_t)atomic_load_explicit(&request->profile->skew, memory_order_relaxed);
  return request->now;
}

static int service_random(credence_call *base, void *out, size_t size)
{
  const struct call *call = call_of(base);
  const char *nonce = call->request == NULL ? NULL : call->request->nonce;
  if (nonce == NULL)
    return size <= 4096 && RAND_bytes(out, (int)size) == 1 ? 0 : CREDENCE_E_FAILED;
  size_t length = strlen(nonce);
  for (size_t i = 0; i < size; i++)
    ((char *)out)[i] = nonce[i % length];
  return 0;
}

static void *service_memory(credence_call *base, size_t size)
{
  credence_request *request = call_of(base)->request;
  return request == NULL ? NULL : arena_alloc(&request->arena, size);
}

static void service_trace(credence_call *base, const char *label, const credence_bytes *text)
{
  const struct call *call = call_of(base);
  const credence_request *request = call->request;
  if (request == NULL || request->trace == NULL || label == NULL)
    return;
  credence_bytes shown = *text;
  if (host_mask(call, &shown) == 0)
    request->trace(request->trace_userdata, label, shown.data, shown.size);
}

static int service_error(credence_call *base, int code, const char *text)
{
  return error_set(&call_of(base)->why, code, NULL, "%s", text == NULL ? credence_strerror(code) : text);
}

/* Slots that are NULL: services that providers of this version do not need. */
const credence_host host_services = {
    .size = sizeof(credence_host),
    .minor = CREDENCE_PLUGIN_MINOR,
    .value = service_value,
    .hmac = host_hmac,
    .derive = host_derive,
    .digest = service_digest,
    .body_digest = service_body_digest,
    .now = service_now,
    .random = service_random,
    .request_part = host_request_part,
    .request_header = host_request_header,
    .request_query = host_request_query,
    .edit = host_edit,
    .edit_secret = host_edit_secret,
    .response_status = host_response_status,
    .response_header = host_response_header,
    .response_body = host_response_body,
    .response_json = host_response_json,
    .session_put = host_session_put,
    .ask = host_ask,
    .trace = service_trace,
    .error = service_error,
    .response_integer = host_response_integer,
    .derive_chain = host_derive_chain,
    .memory = service_memory,
    .has = service_has,
};

/* --- calls into the plugin ------------------------------------------------ */

void stack_entry_enter(struct stack_entry *entry)
{
  uint32_t threads = entry->provider->table.threads;
  if (threads < CREDENCE_THREADS_INSTANCE)
    pthread_mutex_lock(entry->provider->serial);
  else if (threads < CREDENCE_THREADS_PARALLEL)
    pthread_mutex_lock(&entry->mutex);
}

void stack_entry_leave(struct stack_entry *entry)
{
  uint32_t threads = entry->provider->table.threads;
  if (threads < CREDENCE_THREADS_INSTANCE)
    pthread_mutex_unlock(entry->provider->serial);
  else if (threads < CREDENCE_THREADS_PARALLEL)
    pthread_mutex_unlock(&entry->mutex);
}

static struct call call_make(credence_profile *profile, struct stack_entry *entry)
{
  struct call call = {.base = {&host_services}, .profile = profile, .entry = entry};
  return call;
}

/* What the plugin said about code r, as an error of ours. */
static int report(const struct call *call, int r, credence_error **error)
{
  const char *message = call->why == NULL ? credence_strerror(r) : credence_error_message(call->why);
  /* Servers repeat what they were sent: "the token abc is not valid". */
  if (host_tells_secret(call, message))
    message = "its words are left out, for they have a secret in them";
  return error_set(error, r, credence_error_remedy(call->why), "provider %s: %s", call->entry->manifest->name,
                   message);
}

/* What the plugin answered.  A code that is not ours is a refusal. */
static int conclude(struct call *call, int r, credence_error **error)
{
  if (r < 0 && r >= CREDENCE_E_NO_SESSION)
    r = report(call, r, error);
  else if (r != 0)
    r = error_set(error, CREDENCE_E_REFUSED, "update the plugin",
                  "provider %s: its plugin answered %d, which means nothing", call->entry->manifest->name, r);
  credence_error_free(&call->why);
  return r;
}

int host_open(credence_profile *profile, struct stack_entry *entry, credence_error **error)
{
  struct call call = call_make(profile, entry);
  int r = 0;
  if (entry->provider->table.open == NULL)
    return 0;
  stack_entry_enter(entry);
  r = entry->provider->table.open(&host_services, &call.base, &entry->instance);
  stack_entry_leave(entry);
  return conclude(&call, r, error);
}

typedef int (*callback)(void *instance, credence_call *call);

static int run(callback function, struct call *call)
{
  stack_entry_enter(call->entry);
  int r = function(call->entry->instance, &call->base);
  stack_entry_leave(call->entry);
  return r;
}

int host_sign(credence_request *request, struct stack_entry *entry, credence_error **error)
{
  struct call call = call_make(request->profile, entry);
  call.request = request;
  call.headers_before = request->attempt.header_count;
  return conclude(&call, run(entry->provider->table.sign, &call), error);
}

int host_judge(credence_request *request, credence_response *response, struct stack_entry *entry,
               int *ret_verdict, credence_error **error)
{
  struct call call = call_make(request->profile, entry);
  *ret_verdict = CREDENCE_DONE;
  if (entry->provider->table.judge == NULL)
    return 0;
  call.request = request;
  call.response = response;
  int r = run(entry->provider->table.judge, &call);
  if (r != CREDENCE_SIGN_AGAIN && r != CREDENCE_LOG_IN_AGAIN && r != CREDENCE_CLOCK_IS_OFF)
    return conclude(&call, r, error);
  *ret_verdict = r;
  if (call.why != NULL)
    (void)report(&call, CREDENCE_E_REJECTED, error);
  credence_error_free(&call.why);
  return 0;
}

int host_login(credence_request *request, struct stack_entry *entry, struct questions *questions,
               credence_error **error)
{
  struct call call = call_make(request->profile, entry);
  if (entry->provider->table.login == NULL || entry->provider->table.logged_in == NULL)
    return error_set(error, CREDENCE_E_REFUSED, "update the plugin",
                     "provider %s: its manifest has a session, and its plugin cannot log in",
                     entry->manifest->name);
  call.request = request;
  call.questions = questions;
  return conclude(&call, run(entry->provider->table.login, &call), error);
}

int host_logged_in(credence_request *request, credence_response *response, struct stack_entry *entry,
                   struct questions *questions, struct session **ret_session, credence_error **error)
{
  struct call call = call_make(request->profile, entry);
  call.request = request;
  call.response = response;
  call.questions = questions;
  call.making = session_new();
  if (call.making == NULL)
    return error_nomem(error);
  int r = conclude(&call, run(entry->provider->table.logged_in, &call), error);
  if (r < 0) {
    session_unref(call.making);
    return r;
  }
  session_set_lifetime(call.making, call.lifetime, clock_now());
  *ret_session = call.making; /* transferred */
  return 0;
}
