/* SPDX-License-Identifier: BSD-3-Clause */
/* doctor-folders.c - folders and files, and who may write to them; see doctor.h */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "doctor.h"
#include "error.h"
#include "paths.h"
#include "profile-file.h"
#include "trust.h"

#define PROBLEM CREDENCE_FINDING_PROBLEM
#define COMMAND CREDENCE_FINDING_COMMAND
#define ROOM_BYTES (256u * 1024u) /* for a keyring file and its successor */

static int starts_with(const char *text, const char *start)
{
  return strncmp(text, start, strlen(start)) == 0;
}

/* --- what must not be writable by others ----------------------------------------------- */

/* HOME as it really is; NULL for none.  Allocated. */
static char *real_home(void)
{
  const char *home = secure_getenv("HOME");
  char *real = home == NULL || home[0] != '/' ? NULL : realpath(home, NULL);
  if (real != NULL && strcmp(real, "/") == 0) { /* everything would be the user's */
    free(real);
    return NULL;
  }
  return real;
}

static int is_below(const char *path, const char *folder)
{
  size_t size = strlen(folder);
  return starts_with(path, folder) && (path[size] == '/' || path[size] == '\0');
}

/* Who is to own a folder: the user below HOME, root elsewhere.  Is that known?  A HOME that is
 * another's, as sudo may leave it, is nobody's to take. */
static int right_owner(const char *path, uid_t *ret_owner)
{
  struct stat st;
  char *home = real_home();
  int is_in_home = home != NULL && is_below(path, home);
  int is_known = !is_in_home || (stat(home, &st) == 0 && st.st_uid == geteuid());
  free(home);
  *ret_owner = is_in_home ? geteuid() : 0;
  return is_known;
}

static char *mend_owner(const char *path, const struct stat *st, unsigned *flags)
{
  char command[128];
  uid_t owner = 0;
  int also_mode = (st->st_mode & 022) != 0;
  if (!right_owner(path, &owner))
    return mend_text("set HOME to a folder of your own");
  *flags |= COMMAND;
  snprintf(command, sizeof(command), "%schown %lu", mend_sudo(), (unsigned long)owner);
  char *first = mend_path(command, path);
  if (first == NULL || !also_mode)
    return first;
  snprintf(command, sizeof(command), "%schmod go-w", mend_sudo());
  char *second = mend_path(command, path);
  char *both = second == NULL ? NULL : mend_text("%s && %s", first, second);
  free(first);
  free(second);
  return both;
}

static char *mend_trust(const char *path, const struct stat *st, int is_file, unsigned *flags)
{
  int is_foreign = st->st_uid != 0 && st->st_uid != geteuid();
  if (is_foreign && is_file) /* a command that has it trusted would do its owner's work */
    return mend_text("somebody else put it there: look at it, then delete it or install it anew");
  if (is_foreign)
    return mend_owner(path, st, flags);
  *flags |= COMMAND;
  return mend_path(st->st_uid == geteuid() || geteuid() == 0 ? "chmod go-w" : "sudo chmod go-w", path);
}

/* Report path if it is not to be trusted, once.  Is it fine? */
static int check(credence_doctor *d, const char *id, const char *path)
{
  struct stat st;
  unsigned flags = PROBLEM;
  const char *reason = lstat(path, &st) < 0 || S_ISLNK(st.st_mode) ? NULL : trust_reason(&st);
  if (reason == NULL)
    return 1;
  for (size_t i = 0; i < d->finding_count; i++)
    if (strcmp(d->findings[i].subject, path) == 0)
      return 0;
  char *mend = mend_trust(path, &st, strcmp(id, "file.untrusted") == 0, &flags);
  doctor_find(d, flags, id, path, mend, "%s is not used: it %s", path, reason);
  return 0;
}

/* The folder, as it really is, and all above it. */
static int check_folder(credence_doctor *d, const char *folder)
{
  char *real = realpath(folder, NULL);
  int is_fine = 1;
  if (real == NULL)
    return 1; /* what is not there can do no harm */
  for (char *at = real; is_fine && at != NULL; at = strchr(at + 1, '/')) {
    char kept = *at;
    *at = '\0';
    is_fine = check(d, "folder.untrusted", at == real ? "/" : real);
    *at = kept;
  }
  is_fine = is_fine && check(d, "folder.untrusted", real);
  free(real);
  return is_fine;
}

/* Something else that the library does not take, such as a link. */
static void check_use(credence_doctor *d, const char *folder, const char *name, const char *path, int flags)
{
  credence_error *why = NULL;
  int fd = -1;
  int r = trust_open(folder, name, flags, &fd, &why);
  if (fd >= 0)
    close(fd);
  if ((r == CREDENCE_E_REFUSED || r == CREDENCE_E_DENIED) && !doctor_told(d, credence_error_message(why)))
    doctor_find(d, PROBLEM, "file.untrusted", path, mend_text("%s", credence_error_remedy(why)), "%s",
                credence_error_message(why));
  credence_error_free(&why);
}

static void check_file(credence_doctor *d, const char *folder, const char *name, int flags)
{
  char *path = path_join(folder, name, "");
  char *real = path == NULL ? NULL : realpath(path, NULL);
  if (path == NULL)
    d->failed = 1;
  else if (check(d, "file.untrusted", real == NULL ? path : real))
    check_use(d, folder, name, path, flags);
  free(real);
  free(path);
}

static int is_named(const char *name, const char *prefix, const char *suffix)
{
  size_t size = strlen(name);
  size_t tail = strlen(suffix);
  return name[0] != '.' && starts_with(name, prefix) && size > tail &&
         strcmp(name + size - tail, suffix) == 0;
}

/* An administrator may keep a folder for some users. */
static void report_unreadable(credence_doctor *d, const char *folder)
{
  int number = errno;
  struct stat st;
  int is_ours = stat(folder, &st) == 0 && st.st_uid == geteuid();
  char *mend = is_ours ? mend_path("chmod u+rx", folder)
                       : mend_text("where its files are meant for you, ask its owner to let you read it");
  doctor_find(d, is_ours ? PROBLEM | COMMAND : 0, "folder.unreadable", folder, mend, "%s: %s", folder,
              strerror(number));
}

/* A folder that the library reads from, and the files in it that it would use. */
static void look_in(credence_doctor *d, const char *folder, const char *prefix, const char *suffix, int flags)
{
  struct dirent *entry = NULL;
  if (folder == NULL || !check_folder(d, folder))
    return;
  DIR *dir = opendir(folder);
  if (dir == NULL && errno != ENOENT && errno != ENOTDIR)
    report_unreadable(d, folder);
  while (dir != NULL && (entry = readdir(dir)) != NULL)
    if (is_named(entry->d_name, prefix, suffix))
      check_file(d, folder, entry->d_name, flags);
  if (dir != NULL)
    closedir(dir);
}

/* --- what must be writable by the user -------------------------------------------------- */

/* Cut path down to what there is of it. */
static void cut_to_existing(char *path)
{
  struct stat st;
  char *slash = NULL;
  while (lstat(path, &st) < 0 && (slash = strrchr(path, '/')) != NULL && slash != path)
    *slash = '\0';
}

static void check_writable(credence_doctor *d, char *path)
{
  struct stat st;
  struct statvfs space;
  if (path == NULL)
    return;
  cut_to_existing(path);
  if (access(path, W_OK | X_OK) < 0 && errno == EROFS)
    doctor_find(
        d, 0, "folder.read-only", path, mend_text("name a folder that can be written to with XDG_STATE_HOME"),
        "%s is on a read-only file system: no profile can be changed, and no login be remembered", path);
  else if (access(path, W_OK | X_OK) < 0)
    doctor_find(d, PROBLEM | COMMAND, "folder.not-writable", path,
                lstat(path, &st) == 0 && st.st_uid == geteuid() ? mend_path("chmod u+rwx", path)
                                                                : mend_path("sudo chown \"$(id -u)\"", path),
                "%s cannot be written to: %s", path, strerror(errno));
  else if (statvfs(path, &space) == 0 && (uint64_t)space.f_bavail * space.f_frsize < ROOM_BYTES)
    doctor_find(d, PROBLEM, "folder.full", path, mend_text("make room; df -h shows where"),
                "there is no room left on the disk of %s", path);
}

static void check_home(credence_doctor *d)
{
  char text[2048];
  struct passwd entry;
  struct passwd *user = NULL;
  (void)getpwuid_r(geteuid(), &entry, text, sizeof(text), &user);
  char *config = path_config("profiles");
  if (config == NULL)
    doctor_find(d, user == NULL ? 0 : COMMAND, "session.no-home", "HOME",
                user == NULL ? mend_text("set HOME to your folder") : mend_path("export HOME=", user->pw_dir),
                "HOME is not set: profiles of yours are not looked for");
  doctor_fact(d, "folder.profiles", "%s", config == NULL ? "none" : config);
  free(config);
}

void doctor_folders(credence_doctor *d)
{
  struct profile_folders profiles;
  char *providers = path_data("providers");
  char *plugins = path_data("plugins");
  char *state = path_state("locks");
  profile_folders_get(&profiles);
  check_home(d);
  look_in(d, PROVIDER_DIR, "", ".provider", 0);
  look_in(d, PLUGIN_DIR, "", ".so", 0);
  look_in(d, KEYRING_DIR, "keyring-", "", 0);
  look_in(d, TRANSPORT_DIR, "transport-", ".so", 0);
  look_in(d, profiles.system[0], "", ".conf", TRUST_FOLLOW);
  look_in(d, profiles.system[1], "", ".conf", TRUST_FOLLOW);
  look_in(d, profiles.user, "", ".conf", TRUST_FOLLOW);
  look_in(d, providers, "", ".provider", 0);
  look_in(d, plugins, "", ".so", 0);
  check_writable(d, state);
  free(state);
  free(plugins);
  free(providers);
  free(profiles.user);
}
