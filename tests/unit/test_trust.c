/* SPDX-License-Identifier: BSD-3-Clause */
/* Which files are trusted.  Breaks when a file is used that somebody else could
 * have put there, or one is refused that a usual system has.  What needs chown
 * is tested where the tests run as root. */
#include "testing.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "trust.h"

#define NOBODY 65534

static struct sandbox sandbox;

static int start(void **state)
{
  (void)state;
  sandbox_open(&sandbox);
  sandbox_write(&sandbox, "folder/file", "content");
  return 0;
}

static int stop(void **state)
{
  (void)state;
  sandbox_close(&sandbox);
  return 0;
}

static const char *path(const char *name)
{
  return sandbox_path(&sandbox, name);
}

static void expect_trusted(const char *folder, const char *name, int flags)
{
  int fd = -1;
  credence_error *error = NULL;
  expect_ok(trust_open(path(folder), name, flags, &fd, &error), &error);
  assert_true(fd >= 0);
  assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
  close(fd);
}

static void expect_distrusted(const char *folder, const char *name, int flags, const char *words)
{
  int fd = -7;
  credence_error *error = NULL;
  int r = trust_open(path(folder), name, flags, &fd, &error);
  /* No other owner or mode makes a file of what is none. */
  if (strstr(words, "not a regular file") != NULL)
    assert_string_equal(credence_error_remedy(error), "move it away");
  else if (r == CREDENCE_E_REFUSED)
    assert_true(credence_error_remedy(error)[0] != '\0');
  expect_error(r, CREDENCE_E_REFUSED, &error, words);
  assert_int_equal(fd, -7);
}

static void own_files(void **state)
{
  (void)state;
  expect_trusted("folder", "file", 0);
  chmod(path("folder/file"), 0444);
  expect_trusted("folder", "file", 0);
  chmod(path("folder"), 0755);
  expect_trusted("folder", "file", 0);
}

static void files_that_others_may_write(void **state)
{
  (void)state;
  chmod(path("folder/file"), 0602);
  expect_distrusted("folder", "file", 0, "written by everybody");
  chmod(path("folder/file"), 0666);
  expect_distrusted("folder", "file", 0, "written by everybody");
  chmod(path("folder/file"), 0600);
  chmod(path("folder"), 0707);
  expect_distrusted("folder", "file", 0, "written by everybody");
  chmod(path("folder"), 01777); /* sticky, and root's when root runs the tests */
  if (geteuid() == 0)
    expect_trusted("folder", "file", 0);
  else
    expect_distrusted("folder", "file", 0, "written by everybody");
  chmod(path("folder"), 0700);
  chmod(sandbox.root, 0777);
  expect_distrusted("folder", "file", 0, "written by everybody");
  chmod(sandbox.root, 0700);
  expect_trusted("folder", "file", 0);
}

static void files_that_a_group_may_write(void **state)
{
  (void)state;
  if (geteuid() != 0)
    return;
  chmod(path("folder/file"), 0660);
  expect_trusted("folder", "file", 0); /* root's own group */
  assert_int_equal(chown(path("folder/file"), 0, NOBODY), 0);
  chmod(path("folder/file"), 0660);
  expect_distrusted("folder", "file", 0, "written by its group");
  chmod(path("folder/file"), 0640);
  expect_trusted("folder", "file", 0);
  assert_int_equal(chown(path("folder"), 0, NOBODY), 0);
  chmod(path("folder"), 0770);
  expect_distrusted("folder", "file", 0, "written by its group");
}

static void files_of_somebody_else(void **state)
{
  (void)state;
  if (geteuid() != 0)
    return;
  assert_int_equal(chown(path("folder/file"), NOBODY, NOBODY), 0);
  expect_distrusted("folder", "file", 0, "another user");
  assert_int_equal(chown(path("folder/file"), 0, 0), 0);
  assert_int_equal(chown(path("folder"), NOBODY, NOBODY), 0);
  expect_distrusted("folder", "file", 0, "another user");
  assert_int_equal(chown(path("folder"), 0, 0), 0);
  assert_int_equal(chown(sandbox.root, NOBODY, NOBODY), 0);
  expect_distrusted("folder", "file", 0, "another user");
  assert_int_equal(chown(sandbox.root, 0, 0), 0);
  expect_trusted("folder", "file", 0);
}

static void the_sticky_bit_does_not_help_others(void **state)
{
  (void)state;
  if (geteuid() != 0)
    return;
  assert_int_equal(chown(path("folder"), NOBODY, NOBODY), 0);
  chmod(path("folder"), 01777);
  expect_distrusted("folder", "file", 0, "another user");
}

/* A user's own things, when root looks at them, are somebody else's; root's are
 * everybody's. */
static void another_user_trusts_root(void **state)
{
  (void)state;
  if (geteuid() != 0)
    return;
  chmod(sandbox.root, 0755);
  chmod(path("folder"), 0755);
  chmod(path("folder/file"), 0644);
  sandbox_write(&sandbox, "theirs/file", "content");
  assert_int_equal(chown(path("theirs"), NOBODY, NOBODY), 0);
  assert_int_equal(chown(path("theirs/file"), NOBODY, NOBODY), 0);
  expect_distrusted("theirs", "file", 0, "another user");
  assert_int_equal(seteuid(NOBODY), 0);
  expect_trusted("folder", "file", 0);
  expect_trusted("theirs", "file", 0);
  assert_int_equal(seteuid(0), 0);
  chmod(sandbox.root, 0711); /* to be passed, not to be listed, as /home often is */
  assert_int_equal(seteuid(NOBODY), 0);
  expect_trusted("theirs", "file", 0);
  assert_int_equal(seteuid(0), 0);
}

static void links(void **state)
{
  (void)state;
  assert_int_equal(symlink("file", path("folder/link")), 0);
  expect_distrusted("folder", "link", 0, "symbolic link");
  expect_trusted("folder", "link", TRUST_FOLLOW);
  assert_int_equal(symlink("folder", path("also")), 0);
  expect_trusted("also", "file", 0); /* the folder that it leads to is what is checked */
  chmod(path("folder"), 0777);
  expect_distrusted("also", "file", 0, "written by everybody");
  chmod(path("folder"), 0700);
  chmod(path("folder/file"), 0666);
  expect_distrusted("folder", "link", TRUST_FOLLOW, "written by everybody");
}

/* Who may write a folder may point a link in it at any file that is trusted. */
static void links_in_open_folders(void **state)
{
  (void)state;
  assert_int_equal(mkdir(path("open"), 0700), 0);
  assert_int_equal(symlink("../folder/file", path("open/link")), 0);
  expect_trusted("open", "link", TRUST_FOLLOW);
  chmod(path("open"), 0777);
  expect_distrusted("open", "link", TRUST_FOLLOW, "written by everybody");
}

static void what_is_not_a_file(void **state)
{
  (void)state;
  assert_int_equal(mkfifo(path("folder/fifo"), 0600), 0);
  alarm(30); /* opening must not wait for a writer */
  expect_distrusted("folder", "fifo", 0, "not a regular file");
  alarm(0);
  assert_int_equal(mkdir(path("folder/sub"), 0700), 0);
  expect_distrusted("folder", "sub", 0, "not a regular file");
}

static void what_is_not_there(void **state)
{
  int fd = -7;
  credence_error *error = NULL;
  (void)state;
  expect_error(trust_open(path("folder"), "none", 0, &fd, &error), CREDENCE_E_NOT_FOUND, &error,
               "no such file");
  expect_error(trust_open(path("none"), "file", 0, &fd, &error), CREDENCE_E_NOT_FOUND, &error,
               "no such file");
  expect_error(trust_open(path("folder/file"), "x", 0, &fd, &error), CREDENCE_E_NOT_FOUND, &error,
               "no such file");
  assert_int_equal(symlink("loop", path("folder/loop")), 0);
  expect_error(trust_open(path("folder"), "loop", TRUST_FOLLOW, &fd, &error), CREDENCE_E_REFUSED, &error,
               "link");
  assert_int_equal(fd, -7);
}

static void reading(void **state)
{
  char *text = NULL;
  size_t size = 0;
  credence_error *error = NULL;
  (void)state;
  expect_ok(trust_read(path("folder"), "file", 0, 7, &text, &size, &error), &error);
  assert_int_equal(size, 7);
  assert_string_equal(text, "content");
  free(text);
  text = NULL;
  expect_error(trust_read(path("folder"), "file", 0, 6, &text, &size, &error), CREDENCE_E_TOO_LARGE, &error,
               "larger than 6");
  assert_null(text);
  sandbox_write(&sandbox, "folder/empty", "");
  expect_ok(trust_read(path("folder"), "empty", 0, 7, &text, &size, &error), &error);
  assert_int_equal(size, 0);
  assert_string_equal(text, "");
  free(text);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(own_files, start, stop),
      cmocka_unit_test_setup_teardown(files_that_others_may_write, start, stop),
      cmocka_unit_test_setup_teardown(files_that_a_group_may_write, start, stop),
      cmocka_unit_test_setup_teardown(files_of_somebody_else, start, stop),
      cmocka_unit_test_setup_teardown(the_sticky_bit_does_not_help_others, start, stop),
      cmocka_unit_test_setup_teardown(another_user_trusts_root, start, stop),
      cmocka_unit_test_setup_teardown(links, start, stop),
      cmocka_unit_test_setup_teardown(links_in_open_folders, start, stop),
      cmocka_unit_test_setup_teardown(what_is_not_a_file, start, stop),
      cmocka_unit_test_setup_teardown(what_is_not_there, start, stop),
      cmocka_unit_test_setup_teardown(reading, start, stop),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
