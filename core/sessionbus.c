/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * sessionbus.c - is there a session bus at all?
 *
 * The address is DBUS_SESSION_BUS_ADDRESS, or the socket "bus" in
 * XDG_RUNTIME_DIR (D-Bus specification, "Server Addresses").  Connecting to a
 * local socket costs microseconds; starting a helper to learn the same does not.
 */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "error.h"
#include "sessionbus.h"

static const char remedy[] =
    "log in to a desktop session, or keep secrets in an encrypted file: credence add --keyring file";

/* Offer to say who we are, as every client does first: any answer is one. */
static int greets(int fd, int milliseconds)
{
  char hello[64];
  char digits[24];
  char answer = '\0';
  int size = snprintf(digits, sizeof(digits), "%lu", (unsigned long)geteuid());
  int used = snprintf(hello, sizeof(hello), "%cAUTH EXTERNAL ", '\0');
  for (int i = 0; i < size; i++)
    used += snprintf(hello + used, sizeof(hello) - (size_t)used, "%02x", (unsigned)digits[i]);
  used += snprintf(hello + used, sizeof(hello) - (size_t)used, "\r\n");
  struct pollfd item = {.fd = fd, .events = POLLIN};
  return send(fd, hello, (size_t)used, MSG_NOSIGNAL) == used && poll(&item, 1, milliseconds) == 1 &&
         recv(fd, &answer, 1, 0) == 1;
}

/* name of size bytes; a NUL byte in front makes it an abstract one. */
static int socket_answers(const char *name, size_t size, int milliseconds)
{
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (size == 0 || size >= sizeof(address.sun_path))
    return 0;
  memcpy(address.sun_path, name, size);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0)
    return 0;
  socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size);
  int connected = connect(fd, (struct sockaddr *)&address, length) == 0;
  int answers = connected || errno == EAGAIN; /* busy, but there */
  if (milliseconds > 0)
    answers = connected && greets(fd, milliseconds);
  close(fd);
  return answers;
}

/* One address of the list, "unix:path=/run/bus,guid=...".  Transports other
 * than local sockets, and escaped names, are left to the helper to try. */
static int address_answers(const char *address, size_t size, int milliseconds)
{
  static const char path[] = "unix:path=";
  static const char abstract[] = "unix:abstract=";
  char name[sizeof(((struct sockaddr_un *)NULL)->sun_path)] = "";
  const char *comma = memchr(address, ',', size);
  size_t length = comma == NULL ? size : (size_t)(comma - address);
  if (memchr(address, '%', length) != NULL)
    return 1;
  if (length > sizeof(path) - 1 && memcmp(address, path, sizeof(path) - 1) == 0)
    return socket_answers(address + sizeof(path) - 1, length - (sizeof(path) - 1), milliseconds);
  if (length > sizeof(abstract) - 1 && memcmp(address, abstract, sizeof(abstract) - 1) == 0) {
    size_t rest = length - (sizeof(abstract) - 1);
    if (rest + 1 > sizeof(name))
      return 0;
    memcpy(name + 1, address + sizeof(abstract) - 1, rest);
    return socket_answers(name, rest + 1, milliseconds);
  }
  return length > 0;
}

int session_bus_answers(const char *list, int milliseconds)
{
  while (*list != '\0') {
    size_t size = strcspn(list, ";");
    if (address_answers(list, size, milliseconds))
      return 1;
    list += size + (list[size] == ';');
  }
  return 0;
}

int session_bus_check(credence_error **error)
{
  char path[512];
  const char *address = secure_getenv("DBUS_SESSION_BUS_ADDRESS");
  const char *runtime = secure_getenv("XDG_RUNTIME_DIR");
  if (address != NULL && address[0] != '\0') {
    if (session_bus_answers(address, 0))
      return 0;
    return error_set(error, CREDENCE_E_NO_KEYRING, remedy,
                     "keyring secret-service: nothing answers at DBUS_SESSION_BUS_ADDRESS");
  }
  if (runtime != NULL && runtime[0] == '/') {
    int size = snprintf(path, sizeof(path), "%s/bus", runtime);
    if (size > 0 && (size_t)size < sizeof(path) && socket_answers(path, (size_t)size, 0))
      return 0;
  }
  return error_set(error, CREDENCE_E_NO_KEYRING, remedy,
                   "keyring secret-service: there is no session bus here");
}
