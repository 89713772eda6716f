/* SPDX-License-Identifier: BSD-3-Clause */
/* Starting helpers.  Breaks when a program around the library would notice one:
 * as a child of its own, as a zombie, or by a signal. */
#include "testing.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "spawn.h"

static volatile sig_atomic_t child_signals;

static void on_child(int number)
{
  (void)number;
  child_signals++;
}

static void expect_no_child(void)
{
  errno = 0;
  assert_int_equal(waitpid(-1, NULL, WNOHANG | (int)__WALL), -1);
  assert_int_equal(errno, ECHILD);
}

/* It runs: what is written comes back. */
static void start_and_end(void)
{
  char byte = 'x';
  int fd = -1;
  pid_t pid = -1;
  assert_int_equal(spawn_helper("/bin/cat", &fd, &pid), 0);
  assert_true(pid > 1);
  assert_int_equal(write(fd, &byte, 1), 1);
  byte = 0;
  assert_int_equal(read(fd, &byte, 1), 1);
  assert_int_equal(byte, 'x');
  close(fd);
  spawn_kill(pid);
}

static void a_usual_program(void **state)
{
  struct sigaction action = {.sa_handler = on_child};
  (void)state;
  sigaction(SIGCHLD, &action, NULL);
  start_and_end();
  expect_no_child();
  assert_int_equal(child_signals, 0);
  action.sa_handler = SIG_DFL;
  sigaction(SIGCHLD, &action, NULL);
}

/* As process 1 of a container is: orphans come to it. */
static void a_program_that_adopts_orphans(void **state)
{
  (void)state;
  assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
  for (int i = 0; i < 3; i++)
    start_and_end();
  expect_no_child();
  assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0), 0);
}

static void a_program_that_is_not_there(void **state)
{
  int fd = -7;
  pid_t pid = -7;
  const char *preload = getenv("LD_PRELOAD");
  (void)state;
  /* valgrind makes a fork of our clone, whose memory we do not share: there a
   * helper that cannot be started is one that has died. */
  if (preload != NULL && strstr(preload, "vgpreload") != NULL)
    return;
  assert_int_equal(spawn_helper("/nonesuch/helper", &fd, &pid), ENOENT);
  assert_int_equal(fd, -7);
  assert_int_equal(pid, -7);
  expect_no_child();
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_usual_program),
      cmocka_unit_test(a_program_that_adopts_orphans),
      cmocka_unit_test(a_program_that_is_not_there),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
