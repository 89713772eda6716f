/* SPDX-License-Identifier: BSD-3-Clause */
/* login-state.c - what is known of a profile's logins without its keyring; see login-state.h */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buf.h"
#include "encode.h"
#include "error.h"
#include "inifile.h"
#include "login-state.h"
#include "paths.h"
#include "files.h"

#define STATE_MAX 4096u
#define LINE_SIZE 100u

static int read_number(const char *text, int64_t *ret_number, credence_error **error)
{
  char *end = NULL;
  errno = 0;
  long long number = strtoll(text, &end, 10);
  if (end == text || *end != '\0' || number < 0 || errno != 0)
    return error_set(error, CREDENCE_E_MALFORMED, NULL, "not a time");
  *ret_number = number;
  return 0;
}

/* A piece in quotes. */
static void append_message(struct login_state *state, const char *piece)
{
  size_t used = strlen(state->message);
  size_t size = strlen(piece);
  if (size >= 2)
    snprintf(state->message + used, sizeof(state->message) - used, "%.*s", (int)(size - 2), piece + 1);
}

/* What a later release may have added is none of our business. */
static int on_value(void *userdata, const char *section, const char *name, const char *value, int continued,
                    credence_error **error)
{
  struct login_state *state = userdata;
  (void)continued;
  if (strcmp(section, "login") != 0)
    return error_set(error, CREDENCE_E_MALFORMED, NULL, "unknown section");
  if (strcmp(name, "session") == 0)
    state->has_session = strcmp(value, "yes") == 0;
  else if (strcmp(name, "expires") == 0)
    return read_number(value, &state->expires, error);
  else if (strcmp(name, "refused") == 0)
    return read_number(value, &state->refused, error);
  else if (strcmp(name, "credential") == 0)
    snprintf(state->fingerprint, sizeof(state->fingerprint), "%s", value);
  else if (strcmp(name, "message") == 0)
    append_message(state, value);
  return 0;
}

/* Not by trust_read(): that a folder is open to others must not make a refusal
 * forgotten.  The file itself has to be the user's. */
static int read_state(const char *path, char *text, size_t size)
{
  struct stat st;
  ssize_t used = -1;
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
  if (fd < 0)
    return errno == ENOENT ? 0 : -1;
  if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == geteuid())
    used = file_read(fd, text, size - 1);
  close(fd);
  text[used < 0 ? 0 : used] = '\0';
  /* What we wrote is shorter, is text, and has its section. */
  return used < 0 || (size_t)used == size - 1 || strlen(text) != (size_t)used ||
                 strstr(text, "[login]") == NULL
             ? -1
             : 0;
}

void login_state_read(const char *profile, struct login_state *ret_state)
{
  char text[STATE_MAX] = "";
  char *folder = path_state("logins");
  char *path = folder == NULL ? NULL : path_join(folder, profile, "");
  memset(ret_state, 0, sizeof(*ret_state));
  if (path != NULL && (read_state(path, text, sizeof(text)) < 0 ||
                       inifile_parse(profile, text, strlen(text), on_value, ret_state, NULL) < 0)) {
    memset(ret_state, 0, sizeof(*ret_state));
    ret_state->is_unreadable = 1;
  }
  free(path);
  free(folder);
}

/* A character that the file can hold: a semicolon may begin a comment. */
static char plain(char c)
{
  if ((unsigned char)c < ' ' || c == 0x7f)
    return ' ';
  return (char)(c == ';' ? ',' : c);
}

/* One character, made plain; one that was cut becomes "?". */
static size_t put_character(struct buf *text, const char *at, size_t left)
{
  size_t length = utf8_length(at, left);
  if (length <= 1)
    buf_char(text, length == 0 ? '?' : plain(*at));
  else
    buf_append(text, at, length);
  return length == 0 ? 1 : length;
}

/* In as many lines as it takes, each in quotes, which keep the spaces at its ends. */
static void put_message(struct buf *text, const char *message)
{
  size_t left = strlen(message);
  size_t line = 0;
  while (left > 0) {
    if (line == 0)
      buf_text(text, "message = \"");
    size_t size = put_character(text, message, left);
    message += size;
    left -= size;
    line += size;
    if (line >= LINE_SIZE || left == 0) {
      buf_text(text, "\"\n");
      line = 0;
    }
  }
}

static void render(const struct login_state *state, struct buf *text)
{
  buf_text(text, "# Written by credence.  Nothing secret stands here.\n[login]\n");
  if (state->has_session)
    buf_format(text, "session = yes\nexpires = %lld\n", (long long)state->expires);
  if (state->refused == 0)
    return;
  buf_format(text, "refused = %lld\ncredential = %s\n", (long long)state->refused, state->fingerprint);
  put_message(text, state->message);
}

int login_state_write(const char *profile, const struct login_state *state, credence_error **error)
{
  struct buf text;
  char *folder = path_state("logins");
  char *path = folder == NULL ? NULL : path_join(folder, profile, "");
  int r = path == NULL ? error_set(error, CREDENCE_E_FAILED, "set HOME", "there is no folder for logins")
                       : path_make_folder(folder, error);
  buf_init(&text, STATE_MAX);
  render(state, &text);
  if (r == 0 && buf_ok(&text) != 0)
    r = error_nomem(error);
  if (r == 0)
    r = file_replace(folder, path, text.data, text.size, error);
  buf_reset(&text);
  free(path);
  free(folder);
  return r;
}

void login_state_remove(const char *profile)
{
  char *folder = path_state("logins");
  char *path = folder == NULL ? NULL : path_join(folder, profile, "");
  if (path != NULL)
    (void)unlink(path);
  free(path);
  free(folder);
}
