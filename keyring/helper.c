/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * helper.c - the life of a helper: close the doors, then serve requests
 *
 * Secrets pass through two buffers, one for requests and one for answers,
 * which are kept out of swap and core dumps and are wiped after each answer.
 * A caller that sends nonsense gets no answer: the helper ends.
 */
#include "helper.h"

#include "big-endian.h"
#include "full-io.h"
#include "../core/credence.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define PREFIX_SIZE 4u
#define INPUT_SIZE (KEYRING_MESSAGE_MAX + 1u) /* room for the NUL behind the last field */
#define OUTPUT_SIZE (PREFIX_SIZE + KEYRING_MESSAGE_MAX)
#define WATCHDOG_GRACE 2 /* seconds that an operation may take beyond its deadline */
#define LOCK_POLL 10     /* milliseconds between two attempts */

/* --- memory ---------------------------------------------------------------- */

void *keyring_secret_alloc(size_t size)
{
  void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

  if (memory == MAP_FAILED)
    return NULL;
  /* Both may be forbidden; working without them is better than not at all. */
  (void)mlock(memory, size);
  (void)madvise(memory, size, MADV_DONTDUMP);
  return memory;
}

void keyring_secret_free(void *memory, size_t size)
{
  if (!memory)
    return;
  explicit_bzero(memory, size);
  munmap(memory, size);
}

/* --- the process ------------------------------------------------------------ */

/* Descriptors that leaked from the program that started us are none of our
 * business, and might keep its pipes open. */
static void close_other_files(void)
{
  struct rlimit limit;

#ifdef SYS_close_range
  if (syscall(SYS_close_range, 3u, ~0u, 0u) == 0)
    return;
#endif
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur > 65536)
    limit.rlim_cur = 65536;
  for (int fd = 3; fd < (int)limit.rlim_cur; fd++)
    close(fd);
}

/* Signal settings are inherited, and the watchdog needs its own. */
static void reset_alarm(void)
{
  sigset_t alarm_only;

  signal(SIGALRM, SIG_DFL);
  sigemptyset(&alarm_only);
  sigaddset(&alarm_only, SIGALRM);
  sigprocmask(SIG_UNBLOCK, &alarm_only, NULL);
}

static void harden_process(void)
{
  const struct rlimit no_core = {0, 0};

  close_other_files();
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  setrlimit(RLIMIT_CORE, &no_core);
  umask(077);
  reset_alarm();
}

/* --- answers ----------------------------------------------------------------- */

static void replace_control_characters(char *text)
{
  for (; *text; text++)
    if ((unsigned char)*text < 0x20 || *text == 0x7f)
      *text = '?';
}

int keyring_fail(struct keyring_answer *answer, int code, const char *remedy, const char *format, ...)
{
  va_list arguments;

  va_start(arguments, format);
  vsnprintf(answer->message, sizeof answer->message, format, arguments);
  va_end(arguments);
  /* A command that is cut off would act on something else. */
  if ((size_t)snprintf(answer->remedy, sizeof answer->remedy, "%s", remedy) >= sizeof answer->remedy)
    answer->remedy[0] = '\0';
  replace_control_characters(answer->message);
  replace_control_characters(answer->remedy);
  return code;
}

void keyring_fact(struct keyring_answer *answer, const char *name, const char *value)
{
  char text[KEYRING_STORE_MAX + 64];

  snprintf(text, sizeof text, "%s=%s", name, value);
  replace_control_characters(text);
  keyring_write_text(&answer->fields, KEYRING_FACT, text);
}

int keyring_check_expect(const struct keyring_request *request, const char *revision,
                         struct keyring_answer *answer)
{
  static const char remedy[] = "read it again, then decide";

  if (!request->expect || strcmp(request->expect, revision ? revision : "") == 0)
    return CREDENCE_OK;
  if (request->expect[0] == '\0')
    return keyring_fail(answer, CREDENCE_E_CONFLICT, remedy,
                        "the keyring already holds a %s for profile '%s'", request->kind, request->profile);
  return keyring_fail(answer, CREDENCE_E_CONFLICT, remedy, "somebody else changed the %s of profile '%s'",
                      request->kind, request->profile);
}

/* Complete the answer in the output buffer.  Returns its size. */
static size_t finish_answer(struct keyring_answer *answer, int code)
{
  struct keyring_writer *fields = &answer->fields;

  if (code != CREDENCE_OK)
    keyring_write_begin(fields, fields->data, fields->size);
  keyring_write_number(fields, KEYRING_STATUS, -(long)code);
  if (answer->message[0])
    keyring_write_text(fields, KEYRING_MESSAGE, answer->message);
  if (answer->remedy[0])
    keyring_write_text(fields, KEYRING_REMEDY, answer->remedy);
  if (answer->store[0])
    keyring_write_text(fields, KEYRING_STORE, answer->store);
  if (answer->wants)
    keyring_write_text(fields, KEYRING_WANTS, answer->wants);
  return keyring_write_end(fields);
}

static size_t finish_or_shorten(struct keyring_answer *answer, int code)
{
  size_t size = finish_answer(answer, code);

  if (size > 0)
    return size;
  keyring_fail(answer, CREDENCE_E_TOO_LARGE, "", "the answer does not fit a message");
  return finish_answer(answer, CREDENCE_E_TOO_LARGE);
}

/* --- requests ------------------------------------------------------------------ */

static keyring_operation *find_operation(const struct keyring_store *store, const char *op)
{
  const struct {
    const char *name;
    keyring_operation *run;
  } operations[] = {
      {"probe", store->probe},   {"list", store->list},     {"get", store->get},   {"put", store->put},
      {"delete", store->delete}, {"unlock", store->unlock}, {"lock", store->lock},
  };

  for (size_t i = 0; i < sizeof operations / sizeof *operations; i++)
    if (strcmp(op, operations[i].name) == 0)
      return operations[i].run;
  return NULL;
}

static int run(const struct keyring_store *store, const struct keyring_request *request,
               struct keyring_answer *answer)
{
  keyring_operation *operation = find_operation(store, request->op);
  int code;

  if (!operation)
    return keyring_fail(answer, CREDENCE_E_UNSUPPORTED, "use another keyring or a newer version",
                        "keyring %s cannot do '%s'", store->name, request->op);
  /* Should the caller have died, nobody else ends a stuck operation. */
  alarm((unsigned)((keyring_time_left(request) + 999) / 1000) + WATCHDOG_GRACE);
  code = operation(request, answer);
  alarm(0);
  return code;
}

int keyring_flock(int fd, const struct keyring_request *request, struct keyring_answer *answer)
{
  const struct timespec pause = {0, LOCK_POLL * 1000000L};

  while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR)
      return keyring_fail(answer, CREDENCE_E_FAILED, "", "cannot lock the keyring: %s", strerror(errno));
    if (keyring_time_left(request) == 0)
      return keyring_fail(answer, CREDENCE_E_TIMEOUT, "try again, or allow more time with --timeout",
                          "another program is writing to the keyring");
    nanosleep(&pause, NULL);
  }
  return CREDENCE_OK;
}

/* --- the loop -------------------------------------------------------------------- */

/* 1, 0 at the end of input, -1 when it ends too early. */
static int read_exactly(void *data, size_t size)
{
  size_t done = 0;

  while (done < size) {
    ssize_t n = read(STDIN_FILENO, (unsigned char *)data + done, size - done);

    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return n == 0 && done == 0 ? 0 : -1;
    done += (size_t)n;
  }
  return 1;
}

/* 1, 0 at the end of input, -1 for what is no message. */
static int read_message(unsigned char *message, size_t *ret_size)
{
  unsigned char prefix[PREFIX_SIZE];
  size_t size;
  int r = read_exactly(prefix, sizeof prefix);

  if (r != 1)
    return r;
  size = load_length(prefix);
  if (size > KEYRING_MESSAGE_MAX || (size > 0 && read_exactly(message, size) != 1) ||
      !keyring_message_valid(message, size))
    return -1;
  *ret_size = size;
  return 1;
}

/* As read_message(); 0 also after the last answer. */
static int serve_one(const struct keyring_store *store, unsigned char *input, unsigned char *output)
{
  struct keyring_request request;
  struct keyring_answer answer = {0};
  size_t input_size = 0, output_size;
  int code, r = read_message(input, &input_size);

  if (r != 1)
    return r;
  keyring_write_begin(&answer.fields, output, OUTPUT_SIZE);
  code = keyring_request_parse(&request, input, input_size, &answer);
  if (code == CREDENCE_OK)
    code = run(store, &request, &answer);
  output_size = finish_or_shorten(&answer, code);
  r = write_full(STDOUT_FILENO, output, output_size) == 0 ? 1 : -1;
  return r == 1 && answer.last ? 0 : r;
}

int keyring_serve(const struct keyring_store *store)
{
  unsigned char *input, *output;
  int r = -1;

  if (isatty(STDIN_FILENO)) {
    fprintf(stderr, "keyring-%s: this program is run by libcredence; see credence-keyring(7)\n", store->name);
    return 2;
  }
  harden_process();
  input = keyring_secret_alloc(INPUT_SIZE);
  output = keyring_secret_alloc(OUTPUT_SIZE);
  if (!input || !output)
    goto out;
  do {
    r = serve_one(store, input, output);
    explicit_bzero(input, INPUT_SIZE);
    explicit_bzero(output, OUTPUT_SIZE);
  } while (r == 1);
  /* The caller waits for the end of the connection, not of the process, which takes a
   * while to tear down. */
  shutdown(STDOUT_FILENO, SHUT_RDWR);
out:
  keyring_secret_free(input, INPUT_SIZE);
  keyring_secret_free(output, OUTPUT_SIZE);
  return r == 0 ? 0 : 1;
}
