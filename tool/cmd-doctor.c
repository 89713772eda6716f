/* SPDX-License-Identifier: BSD-3-Clause */
/* credence doctor: what is wrong here, and the command that mends it. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "options.h"
#include "output.h"
#include "text.h"

struct finding {
  unsigned flags;
  const char *id, *subject, *cause, *mend;
};

static bool finding_at(const credence_doctor *doctor, size_t index, struct finding *ret)
{
  return credence_doctor_finding(doctor, index, &ret->flags, &ret->id, &ret->subject, &ret->cause,
                                 &ret->mend) == CREDENCE_OK;
}

static size_t count_problems(const credence_doctor *doctor)
{
  struct finding finding;
  size_t count = 0;

  for (size_t i = 0; finding_at(doctor, i, &finding); i++)
    count += finding.flags & CREDENCE_FINDING_PROBLEM ? 1 : 0;
  return count;
}

/* --- for programs ----------------------------------------------------------------- */

static void put_member(const char *name, const char *value)
{
  printf(",\"%s\":", name);
  put_json(stdout, value);
}

static void put_json_findings(const credence_doctor *doctor)
{
  struct finding finding;

  for (size_t i = 0; finding_at(doctor, i, &finding); i++) {
    printf("%s\n{\"id\":", i ? "," : "");
    put_json(stdout, finding.id);
    put_member("severity", finding.flags & CREDENCE_FINDING_PROBLEM ? "problem" : "note");
    put_member("subject", finding.subject);
    put_member("cause", finding.cause);
    put_member("mend", finding.mend);
    printf(",\"command\":%s}", finding.flags & CREDENCE_FINDING_COMMAND ? "true" : "false");
  }
}

static void put_json_facts(const credence_doctor *doctor)
{
  const char *name, *value;

  for (size_t i = 0; credence_doctor_fact(doctor, i, &name, &value) == CREDENCE_OK; i++) {
    fputs(i ? ",\n" : "\n", stdout);
    put_json(stdout, name);
    putchar(':');
    put_json(stdout, value);
  }
}

static void print_json(const credence_doctor *doctor)
{
  printf("{\"problems\":%zu,\n\"findings\":[", count_problems(doctor));
  put_json_findings(doctor);
  fputs("],\n\"facts\":{", stdout);
  put_json_facts(doctor);
  fputs("}}\n", stdout);
}

/* --- for people -------------------------------------------------------------------- */

static void put_line(const char *text)
{
  put_escaped(stdout, text, strlen(text));
  putchar('\n');
}

/* Is the fact one of what the finding is about?  "pass.exists" is, of one about the keyring
 * pass; "secret-service.pid" is, of "service.stopped". */
static bool is_about(const struct finding *finding, const char *fact)
{
  size_t size = strcspn(fact, "."), part = strcspn(finding->id, ".");

  return (size >= part && strncmp(fact + size - part, finding->id, part) == 0) ||
         (strlen(finding->subject) == size && strncmp(finding->subject, fact, size) == 0);
}

static bool is_in_doubt(const credence_doctor *doctor, const char *fact)
{
  struct finding finding;

  for (size_t i = 0; finding_at(doctor, i, &finding); i++)
    if (is_about(&finding, fact))
      return true;
  return false;
}

static void print_facts(const credence_doctor *doctor)
{
  const char *name, *value;

  for (size_t i = 0; credence_doctor_fact(doctor, i, &name, &value) == CREDENCE_OK; i++) {
    printf("%-8s ", is_in_doubt(doctor, name) ? "fact" : "ok");
    put_escaped(stdout, name, strlen(name));
    fputs(": ", stdout);
    put_line(value);
  }
}

/* Those of one severity: problems go first. */
static void print_findings(const credence_doctor *doctor, unsigned severity)
{
  struct finding finding;

  for (size_t i = 0; finding_at(doctor, i, &finding); i++) {
    if ((finding.flags & CREDENCE_FINDING_PROBLEM) != severity)
      continue;
    printf("%-8s %s  ", severity ? "problem" : "note", finding.id);
    put_line(finding.cause);
    printf("         %s: ", finding.flags & CREDENCE_FINDING_COMMAND ? "mend" : "advice");
    put_line(finding.mend);
  }
}

static void print_text(const credence_doctor *doctor)
{
  size_t problems = count_problems(doctor);

  print_facts(doctor);
  print_findings(doctor, CREDENCE_FINDING_PROBLEM);
  print_findings(doctor, 0);
  if (problems)
    printf("\n%zu problem%s\n", problems, problems > 1 ? "s" : "");
  else
    printf("\nnothing is wrong here\n");
}

static int run_doctor(const struct session *session, const struct arguments *arguments)
{
  unsigned flags = option_value(arguments, "online") ? CREDENCE_DOCTOR_ONLINE : 0;
  credence_doctor *doctor = NULL;
  credence_error *error = NULL;
  int code = credence_doctor_new(session->context, flags, &doctor, &error);

  if (code != CREDENCE_OK)
    return complain_library(code, &error);
  if (option_value(arguments, "json"))
    print_json(doctor);
  else
    print_text(doctor);
  code = count_problems(doctor) ? EXIT_FAILED : EXIT_DONE;
  credence_doctor_free(&doctor);
  return code;
}

static const struct option_spec options[] = {
    {"json", NULL, "one object, with all findings and facts", 0},
    {"online", NULL, "also ask each endpoint for the time; no credential is sent", 0},
    {0},
};

const struct command command_doctor = {
    .name = "doctor",
    .operands = "",
    .summary = "tell what is wrong here, and the command that mends it",
    .details = "",
    .example = "credence doctor --online",
    .options = options,
    .run = run_doctor,
};
