/* SPDX-License-Identifier: BSD-3-Clause */
/* login.c - what a program may know and do about a profile's session; see credence.h */
#include "config.h"

#include "locks.h"
#include "login-state.h"
#include "session-store.h"

static void forget(credence_profile *profile)
{
  struct login_state state;
  profile_set_session(profile, NULL);
  login_state_read(profile->name, &state);
  state.has_session = 0;
  if (state.refused != 0)
    (void)login_state_write(profile->name, &state, NULL); /* a refusal stays one */
  else if (!state.is_unreadable)
    login_state_remove(profile->name);
}

int credence_profile_logout(credence_profile *profile, int *ret_held, credence_error **error)
{
  int held = 0;
  int lock = -1;
  /* A login that is under way would bring the session back. */
  int r = profile_lock_login(profile->name, &lock, error);
  if (r == 0)
    r = session_delete(profile, &held, error);
  if (r == 0)
    forget(profile);
  profile_unlock_file(lock);
  if (r == 0 && ret_held != NULL)
    *ret_held = held;
  return r;
}

int credence_profile_session(const credence_profile *profile, int64_t *ret_time)
{
  struct login_state state;
  *ret_time = 0;
  if (profile->login_entry == NULL)
    return CREDENCE_SESSION_UNUSED;
  login_state_read(profile->name, &state);
  *ret_time = state.refused != 0 ? state.refused : state.expires;
  if (state.refused != 0)
    return CREDENCE_SESSION_REFUSED;
  if (!state.has_session)
    return CREDENCE_SESSION_NONE;
  return state.expires != 0 && state.expires <= clock_now() ? CREDENCE_SESSION_EXPIRED
                                                            : CREDENCE_SESSION_HELD;
}

/* The session whose values are told, from the first on. */
static const struct session *pin_session(credence_profile *profile, int is_first)
{
  pthread_mutex_lock(&profile->session_lock);
  if (is_first && profile->shown != profile->session) {
    session_unref(profile->shown);
    profile->shown = session_ref(profile->session);
  }
  const struct session *session = profile->shown;
  pthread_mutex_unlock(&profile->session_lock);
  return session;
}

int credence_profile_session_value(credence_profile *profile, size_t index, const char **ret_name,
                                   const char **ret_label, const char **ret_value)
{
  const struct session *session = pin_session(profile, index == 0);
  const credence_manifest *manifest = session == NULL ? NULL : profile->login_entry->manifest;
  int r = CREDENCE_E_NOT_FOUND;
  for (size_t i = 0; r < 0 && manifest != NULL && i < manifest->session_count; i++) {
    const struct field *field = &manifest->session[i];
    if ((field->flags & CREDENCE_FIELD_SECRET) != 0 || session->values[i].data == NULL || index-- > 0)
      continue;
    *ret_name = field->name;
    *ret_label = field->label == NULL ? field->name : field->label;
    *ret_value = session->values[i].data;
    r = 0;
  }
  return r;
}
