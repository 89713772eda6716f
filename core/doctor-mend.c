/* SPDX-License-Identifier: BSD-3-Clause */
/* doctor-mend.c - commands that can be pasted into a shell; see doctor.h */
#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buf.h"
#include "doctor.h"
#include "encode.h"

#define COMMAND_MAX 32768u /* a path in which every byte needs four */

char *mend_text(const char *format, ...)
{
  char *text = NULL;
  va_list args;
  va_start(args, format);
  int size = vasprintf(&text, format, args);
  va_end(args);
  return size < 0 ? NULL : text;
}

char *mend_error(const credence_error *why, const char *otherwise)
{
  const char *remedy = credence_error_remedy(why);
  return mend_text("%s", remedy[0] != '\0' ? remedy : otherwise);
}

static int is_plain(char c)
{
  return ascii_is_alnum(c) || (c != '\0' && strchr("/._-+=:,@%", c) != NULL);
}

/* $'...' can write any byte, and shows none that would play with a terminal. */
static void quote_bytes(struct buf *out, const char *text)
{
  buf_text(out, "$'");
  for (; *text != '\0'; text++)
    if (is_plain(*text) || *text == ' ')
      buf_char(out, *text);
    else
      buf_format(out, "\\x%02x", (unsigned)(unsigned char)*text);
  buf_char(out, '\'');
}

static void quote_text(struct buf *out, const char *text)
{
  buf_char(out, '\'');
  for (; *text != '\0'; text++)
    if (*text == '\'')
      buf_text(out, "'\\''");
    else
      buf_char(out, *text);
  buf_char(out, '\'');
}

static int has_control(const char *text)
{
  size_t left = strlen(text);
  while (left > 0) {
    size_t length = utf8_length(text, left);
    if (length == 0 || is_control(text, length))
      return 1;
    text += length;
    left -= length;
  }
  return 0;
}

unsigned mend_error_flags(const credence_error *why)
{
  const char *remedy = credence_error_remedy(why);
  for (const char *at = remedy; *at != '\0'; at++)
    if (!is_plain(*at) && *at != ' ')
      return 0;
  return strncmp(remedy, "chmod ", 6) == 0 ? CREDENCE_FINDING_COMMAND : 0;
}

static void quote(struct buf *out, const char *text)
{
  size_t plain = 0;
  while (is_plain(text[plain]))
    plain++;
  if (text[plain] == '\0' && plain > 0)
    buf_text(out, text);
  else if (has_control(text))
    quote_bytes(out, text);
  else
    quote_text(out, text);
}

char *mend_path(const char *command, const char *path)
{
  struct buf out;
  buf_init(&out, COMMAND_MAX);
  buf_text(&out, command);
  if (command[strlen(command) - 1] != '=')
    buf_char(&out, ' ');
  quote(&out, path);
  return buf_take(&out, NULL);
}

const char *mend_sudo(void)
{
  return geteuid() == 0 ? "" : "sudo ";
}

int program_exists(const char *name)
{
  const char *at = secure_getenv("PATH");
  char path[1024];
  struct stat st;
  for (at = at == NULL ? "/usr/bin:/bin" : at; *at != '\0';) {
    size_t size = strcspn(at, ":");
    int length = snprintf(path, sizeof(path), "%.*s/%s", (int)(size < 900 ? size : 900), at, name);
    if (size > 0 && length > 0 && (size_t)length < sizeof(path) && stat(path, &st) == 0 &&
        S_ISREG(st.st_mode) && access(path, X_OK) == 0)
      return 1;
    at += size + (at[size] == ':');
  }
  return 0;
}

char *mend_install(const char *package, unsigned *flags)
{
  static const char *const managers[][2] = {
      {"apt-get", "apt-get install"}, {"dnf", "dnf install"}, {"zypper", "zypper install"},
      {"pacman", "pacman -S"},        {"apk", "apk add"},
  };
  for (size_t i = 0; i < sizeof(managers) / sizeof(managers[0]); i++)
    if (program_exists(managers[i][0])) {
      *flags |= CREDENCE_FINDING_COMMAND;
      return mend_text("%s%s %s", mend_sudo(), managers[i][1], package);
    }
  return mend_text("install the package %s", package);
}
