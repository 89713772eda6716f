/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pass-git.c - keep the history of a password store that is a git repository
 *
 * Only our folder is looked at, so that nothing that the user has staged goes out
 * under our name; all of it, so that what an earlier commit missed is made good.
 * git never asks: not for a passphrase to sign with, since a question that
 * outlives its deadline would stay on the screen, and not for a password in a
 * hook that pushes.  What cannot be committed without a question is left staged.
 */
#include "pass-git.h"
#include "pass-child.h"

#include "../core/credence.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define WORDS_MAX 24

static int has_git(const char *folder)
{
  char path[PASS_PATH_MAX + 8];
  struct stat status;

  snprintf(path, sizeof path, "%s/.git", folder);
  return stat(path, &status) == 0;
}

int git_is_used(const struct pass *pass)
{
  return has_git(pass->folder) || has_git(pass->store);
}

/* git is to find the repository by the folder alone, and to be quiet. */
static void prepare_environment(const struct pass *pass)
{
  static const char *const dropped[] = {"GIT_DIR",        "GIT_WORK_TREE",     "GIT_NAMESPACE",
                                        "GIT_INDEX_FILE", "GIT_INDEX_VERSION", "GIT_OBJECT_DIRECTORY",
                                        "GIT_COMMON_DIR"};
  char ceiling[PASS_PATH_MAX];

  for (size_t i = 0; i < sizeof dropped / sizeof *dropped; i++)
    unsetenv(dropped[i]);
  snprintf(ceiling, sizeof ceiling, "%s/..", pass->store);
  setenv("GIT_CEILING_DIRECTORIES", ceiling, 1);
  setenv("GIT_TERMINAL_PROMPT", "0", 1);
  setenv("GIT_ASKPASS", "", 1);
  setenv("SSH_ASKPASS_REQUIRE", "never", 1);
}

/* Run git with words that end with NULL.  Its output, when there is room for it,
 * ends with NUL.  1 when it succeeds. */
static int git(struct pass *pass, const char *const *words, char *output, size_t size)
{
  const char *argv[WORDS_MAX + 1] = {"git", "-C", has_git(pass->folder) ? pass->folder : pass->store};
  struct child child = {.argv = argv, .output = output, .output_max = size ? size - 1 : 0, .is_group = 1};
  size_t count = 3;

  for (; *words && count < WORDS_MAX; words++)
    argv[count++] = *words;
  if (child_run(&child, pass->request) != CREDENCE_OK || child.exit_code != 0)
    return 0;
  if (output)
    output[child.output_size] = '\0';
  return 1;
}

/* This program with arguments is a gpg that does not ask. */
static int own_program(char *setting, size_t size)
{
  char path[PATH_MAX];
  ssize_t length = readlink("/proc/self/exe", path, sizeof path);

  if (length <= 0 || (size_t)length >= sizeof path)
    return 0;
  snprintf(setting, size, "gpg.program=%.*s", (int)length, path);
  return 1;
}

static const char *subject(const struct pass *pass)
{
  return has_git(pass->folder) ? "." : PASS_FOLDER;
}

static int add_and_commit(struct pass *pass, const char *message)
{
  static const char *const ask_signing[] = {"config", "--bool", "--get", "pass.signcommits", NULL};
  char program[PATH_MAX + 32], sign[16] = "";
  const char *const add[] = {"add", "--all", "--", subject(pass), NULL};
  const char *commit[] = {"-c", "gc.auto=0", "-c",     "maintenance.auto=false",
                          "-c", program,     "commit", "--quiet",
                          "-m", message,     "--",     subject(pass),
                          NULL, NULL};

  if (!own_program(program, sizeof program))
    return 0;
  if (git(pass, ask_signing, sign, sizeof sign) && strcmp(sign, "true\n") == 0) {
    commit[10] = "--gpg-sign";
    commit[11] = "--";
    commit[12] = subject(pass);
  }
  return git(pass, add, NULL, 0) && git(pass, commit, NULL, 0);
}

void git_commit(struct pass *pass, const char *what)
{
  char message[192];

  /* Sessions come and go, and are hidden from git. */
  if (!git_is_used(pass) || strcmp(pass->request->kind, "session") == 0)
    return;
  prepare_environment(pass);
  snprintf(message, sizeof message, "%s %s with Credence.", what, pass->entry);
  if (!add_and_commit(pass, message))
    keyring_fail(pass->answer, CREDENCE_OK, "pass git commit", "git did not commit what was done to %s",
                 pass->entry);
}
