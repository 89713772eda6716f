/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * secret-service-facts.c - look at the Secret Service without using it
 *
 * What the bus knows comes first, so that there is something to tell about a
 * service that hangs.  libsecret is not needed for any of this.
 */
#include "secret-service-facts.h"

#include "secret-service-prompt.h"
#include "secret-service-who.h"

#include "../core/credence.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define PROMPTER "org.gnome.keyring.SystemPrompter"

static void write_truth(struct call *call, const char *name, gboolean truth)
{
  keyring_fact(call->answer, name, truth ? "yes" : "no");
}

/* --- the program -------------------------------------------------------------- */

/* Can somebody be asked?  The window of gnome-keyring is another program's. */
static const char *find_prompter(struct call *call, const char *program)
{
  char *owner;
  gboolean there;

  if (!prompt_has_display())
    return "no";
  if (!program)
    return "unknown";
  if (strcmp(program, "gnome-keyring") != 0)
    return "yes";
  owner = who_owns(call, PROMPTER);
  there = owner || who_can_start(call, PROMPTER);
  g_free(owner);
  return there ? "yes" : "no";
}

/* *ret_program is to be g_free()d; NULL when it is not known. */
static void write_program(struct call *call, const char *owner, char **ret_program)
{
  char *program = who_name(call, owner);
  char *pid = g_strdup_printf("%u", who_pid(call, owner));

  keyring_fact(call->answer, "service", program ? program : "unknown");
  /* It may be ended by this number. */
  if (who_shares_processes(call))
    keyring_fact(call->answer, "pid", pid);
  keyring_fact(call->answer, "prompter", find_prompter(call, program));
  if (program) {
    keyring_fact(call->answer, "store", program);
    g_strlcpy(call->answer->store, program, sizeof call->answer->store);
  }
  g_free(pid);
  *ret_program = program;
}

/* --- on the disk ------------------------------------------------------------------ */

/* The last part of a collection's path, in which gnome-keyring writes what is no
 * letter or digit as _ and two digits.  g_free() it. */
static char *collection_name(const char *path)
{
  GString *name = g_string_new(NULL);
  const char *slash = strrchr(path, '/');

  for (const char *at = slash ? slash + 1 : path; *at; at++)
    if (at[0] == '_' && g_ascii_isxdigit(at[1]) && g_ascii_isxdigit(at[2])) {
      g_string_append_c(name, (gchar)(g_ascii_xdigit_value(at[1]) * 16 + g_ascii_xdigit_value(at[2])));
      at += 2;
    } else {
      g_string_append_c(name, *at);
    }
  return g_string_free(name, FALSE);
}

/* gnome-keyring writes a collection that has no password as readable text. */
static gboolean is_plain_text(const char *path)
{
  static const char begin[] = "[keyring]";
  char head[sizeof begin - 1];
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  ssize_t size;

  if (fd < 0)
    return FALSE;
  size = read(fd, head, sizeof head);
  close(fd);
  return size == (ssize_t)sizeof head && memcmp(head, begin, sizeof head) == 0;
}

static void write_plaintext(struct call *call, const char *collection)
{
  char *name = collection_name(collection);
  char *file = g_strconcat(name, ".keyring", NULL);
  char *path = g_build_filename(g_get_user_data_dir(), "keyrings", file, NULL);

  if (!strchr(name, '/') && is_plain_text(path))
    keyring_fact(call->answer, "plaintext", path);
  g_free(path);
  g_free(file);
  g_free(name);
}

/* --- all of it ---------------------------------------------------------------------- */

/* What is to be said about the default collection; FALSE when the service does not answer. */
static gboolean write_default(struct call *call, const char *program, const char **ret_state, GError **error)
{
  char *path = who_reads_alias(call, SECRET_COLLECTION_DEFAULT, -1, error);
  int locked = path && strcmp(path, "/") != 0 ? who_reads_locked(call, path, -1, error) : 0;

  if (path && locked >= 0) {
    *ret_state = strcmp(path, "/") == 0 ? "none" : locked ? "locked" : "unlocked";
    keyring_fact(call->answer, "default", *ret_state);
    if (strcmp(path, "/") != 0)
      keyring_fact(call->answer, "default_path", path);
    if (g_strcmp0(program, "gnome-keyring") == 0)
      write_plaintext(call, path);
  }
  g_free(path);
  return !*error;
}

static gboolean write_session(struct call *call, GError **error)
{
  char *path = who_reads_alias(call, SECRET_COLLECTION_SESSION, -1, error);

  if (path)
    write_truth(call, "session", strcmp(path, "/") != 0);
  g_free(path);
  return !*error;
}

static int tell_about(struct call *call, const char *owner)
{
  char *program = NULL;
  const char *state = "none";
  GError *error = NULL;
  gboolean answers;

  write_program(call, owner, &program);
  answers = write_default(call, program, &state, &error) && write_session(call, &error);
  write_truth(call, "answers", answers);
  if (!answers)
    keyring_fail(call->answer, CREDENCE_OK, "", "the Secret Service (%s) does not answer: %s",
                 program ? program : "unknown", error ? error->message : "");
  else if (strcmp(state, "none") == 0)
    keyring_fail(call->answer, CREDENCE_OK, "", "the Secret Service (%s) has no default keyring",
                 program ? program : "unknown");
  else
    keyring_fail(call->answer, CREDENCE_OK, "", "the default keyring of the Secret Service (%s) is %s",
                 program ? program : "unknown", state);
  g_clear_error(&error);
  g_free(program);
  return CREDENCE_OK;
}

int facts_write(struct call *call)
{
  char *owner;

  write_truth(call, "display", prompt_has_display());
  write_truth(call, "activatable", who_can_start(call, SERVICE_NAME));
  who_start(call);
  owner = who_owns(call, SERVICE_NAME);
  if (owner)
    tell_about(call, owner);
  else {
    keyring_fact(call->answer, "service", "none");
    keyring_fact(call->answer, "default", "none");
    keyring_fail(call->answer, CREDENCE_OK, "", "nothing on the session bus is a Secret Service");
  }
  g_free(owner);
  return CREDENCE_OK;
}
