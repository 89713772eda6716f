/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * doctor-place.c - where this runs, since a missing bus is mended differently in each
 * place; see doctor.h
 */
#include "config.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "doctor.h"
#include "files.h"

/* As much of a file as there is room for; "" for one that cannot be read. */
static void read_start(const char *path, char *out, size_t size)
{
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  ssize_t used = fd < 0 ? 0 : file_read(fd, out, size - 1);
  if (fd >= 0)
    close(fd);
  out[used < 0 ? 0 : used] = '\0';
}

static int file_contains(const char *path, const char *word)
{
  char text[4096];
  read_start(path, text, sizeof(text));
  return strcasestr(text, word) != NULL;
}

static int is_set(const char *name)
{
  const char *value = secure_getenv(name);
  return value != NULL && value[0] != '\0';
}

static int is_container(void)
{
  return access("/run/.containerenv", F_OK) == 0 || access("/.dockerenv", F_OK) == 0 ||
         is_set("KUBERNETES_SERVICE_HOST") || is_set("container") ||
         file_contains("/proc/1/cgroup", "docker") || file_contains("/proc/1/cgroup", "kubepods") ||
         file_contains("/proc/1/cgroup", "libpod");
}

const char *doctor_place(void)
{
  if (access("/.flatpak-info", F_OK) == 0)
    return "flatpak";
  if (is_set("SNAP_INSTANCE_NAME"))
    return "snap";
  if (is_set("WSL_DISTRO_NAME") || file_contains("/proc/version", "microsoft"))
    return "wsl";
  if (is_set("SSH_CONNECTION"))
    return "ssh";
  if (is_set("SUDO_USER"))
    return "sudo";
  if (is_set("INVOCATION_ID") && !is_set("TERM"))
    return "systemd";
  return is_container() ? "container" : "";
}

const char *doctor_place_words(const char *place)
{
  static const char *const words[][2] = {
      {"flatpak", "in a Flatpak sandbox"}, {"snap", "in a snap"},  {"wsl", "in WSL"},
      {"ssh", "in an SSH session"},        {"sudo", "under sudo"}, {"systemd", "in a service of systemd"},
      {"container", "in a container"},
  };
  for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
    if (strcmp(place, words[i][0]) == 0)
      return words[i][1];
  return "here";
}

/* The name that "flatpak override" wants. */
static void flatpak_name(char *out, size_t size)
{
  char text[4096];
  snprintf(out, size, "APPLICATION");
  read_start("/.flatpak-info", text, sizeof(text));
  const char *line = strstr(text, "\nname=");
  size_t length = line == NULL
                      ? 0
                      : strspn(line + 6, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");
  if (length > 0 && length < size)
    snprintf(out, size, "%.*s", (int)length, line + 6);
}

static char *mend_flatpak(void)
{
  char name[256];
  flatpak_name(name, sizeof(name));
  return mend_text("outside of the sandbox: flatpak override --user --talk-name=org.freedesktop.secrets %s",
                   name);
}

char *mend_place(const char *place)
{
  static const char *const advice[][2] = {
      {"snap", "outside of the snap: snap connect SNAP:password-manager-service"},
      {"wsl", "put systemd=true under [boot] in /etc/wsl.conf and run wsl --shutdown, or keep secrets in an "
              "encrypted file: credence add PROFILE PROVIDER --keyring file"},
      {"ssh", "keep secrets in an encrypted file: credence add PROFILE PROVIDER --keyring file"},
      {"sudo", "run it as the user whose secrets they are, without sudo"},
      {"systemd", "give the service its secrets with LoadCredential= and use credence add PROFILE PROVIDER "
                  "--keyring directory"},
      {"container",
       "mount the secrets and use credence add PROFILE PROVIDER --keyring directory, or --keyring "
       "file with CREDENCE_PASSPHRASE_FILE"},
  };
  if (strcmp(place, "flatpak") == 0)
    return mend_flatpak();
  for (size_t i = 0; i < sizeof(advice) / sizeof(advice[0]); i++)
    if (strcmp(place, advice[i][0]) == 0)
      return mend_text("%s", advice[i][1]);
  return mend_text("log in to a desktop session, or keep secrets in an encrypted file: credence add PROFILE "
                   "PROVIDER --keyring file");
}
