/* SPDX-License-Identifier: BSD-3-Clause */
/* module.c - load the shared object that a manifest names; see module.h */
#include "config.h"

#include <dlfcn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"
#include "module.h"
#include "paths.h"
#include "trust.h"

#define PROVIDERS_MAX 16u

struct module {
  struct module *next;
  dev_t device;
  ino_t inode;
  void *handle;
  int fd;       /* stays open: no other file gets its number, and debuggers find it */
  int is_whole; /* all its providers can be used */
  pthread_mutex_t serial;
  struct loaded_provider providers[PROVIDERS_MAX];
  size_t count;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct module *modules;

/* A name for what the descriptor holds that was not used before: the loader takes
 * a library for loaded when it knows the name, and descriptors come again when a
 * program closes all that it has.  "/" and "/." count, and say nothing in a path.
 * A debugger opens the file by this name, too; "self" would be one of its own
 * descriptors. */
static void make_name(int fd, char *out, size_t size)
{
  static atomic_uint serial;
  size_t used = (size_t)snprintf(out, size, "/proc/%ld/fd", (long)getpid());
  for (unsigned n = atomic_fetch_add(&serial, 1); n > 0; n >>= 1)
    used += (size_t)snprintf(out + used, size - used, "%s", (n & 1) != 0 ? "/." : "/");
  snprintf(out + used, size - used, "/%d", fd);
}

/* Load what the descriptor holds, which is what was checked. */
static void *load_fd(int fd, const char *path, credence_error **error)
{
  char name[160];
  make_name(fd, name, sizeof(name));
  void *handle = dlopen(name, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (handle == NULL)
    (void)error_set(error, CREDENCE_E_FAILED, "build it for this system; /proc must be mounted",
                    "%s: cannot be loaded: %s", path, dlerror());
  return handle;
}

static int bad_plugin(const char *path, const char *reason, credence_error **error)
{
  return error_set(error, CREDENCE_E_FAILED, "update the plugin", "%s: %s", path, reason);
}

static int copy_table(struct loaded_provider *to, const credence_provider *from, const char *path,
                      credence_error **error)
{
  size_t size = from->size < sizeof(to->table) ? from->size : sizeof(to->table);
  if (from->size < offsetof(credence_provider, sign) + sizeof(from->sign))
    return bad_plugin(path, "its provider table is too short", error);
  memcpy(&to->table, from, size);
  if (to->table.needs_minor > CREDENCE_PLUGIN_MINOR)
    return error_set(error, CREDENCE_E_UNSUPPORTED, "update Credence",
                     "%s: needs plugin interface 1.%u; this is 1.%u", path, (unsigned)to->table.needs_minor,
                     CREDENCE_PLUGIN_MINOR);
  if (to->table.id == NULL || to->table.sign == NULL)
    return bad_plugin(path, "its provider has no id or cannot sign", error);
  return 0;
}

typedef const credence_provider *(*entry_function)(const credence_host *, uint32_t);

/* ISO C has no cast from object to function pointer; POSIX wants it to work. */
static entry_function find_entry(void *handle)
{
  entry_function entry = NULL;
  void *symbol = dlsym(handle, "credence_provider_v1");
  memcpy(&entry, &symbol, sizeof(entry));
  return entry;
}

static int collect_providers(struct module *module, const credence_host *host, const char *path,
                             credence_error **error)
{
  entry_function entry = find_entry(module->handle);
  if (entry == NULL)
    return bad_plugin(path, "does not export credence_provider_v1", error);
  module->count = 0;
  for (uint32_t i = 0;; i++) {
    const credence_provider *table = entry(host, i);
    if (table == NULL) {
      module->is_whole = 1;
      return 0;
    }
    if (module->count == PROVIDERS_MAX)
      return bad_plugin(path, "offers too many providers", error);
    int r = copy_table(&module->providers[module->count], table, path, error);
    if (r < 0)
      return r;
    module->providers[module->count].serial = &module->serial;
    module->count++;
  }
}

static struct module *find_loaded(const struct stat *st)
{
  for (struct module *module = modules; module != NULL; module = module->next)
    if (module->device == st->st_dev && module->inode == st->st_ino)
      return module;
  return NULL;
}

/* Once loaded, a module is kept with its descriptor even when it turns out to be
 * of no use: another file at the same number would be taken for this one. */
static int load_new(int fd, const struct stat *st, const char *path, struct module **ret_module,
                    credence_error **error)
{
  struct module *module = calloc(1, sizeof(*module));
  if (module == NULL || pthread_mutex_init(&module->serial, NULL) != 0) {
    free(module);
    return error_nomem(error);
  }
  module->fd = fd;
  module->device = st->st_dev;
  module->inode = st->st_ino;
  module->handle = load_fd(fd, path, error);
  if (module->handle == NULL) {
    pthread_mutex_destroy(&module->serial);
    free(module);
    return CREDENCE_E_FAILED;
  }
  module->next = modules;
  modules = module;
  *ret_module = module;
  return 0;
}

/* Takes fd over: it is kept by a new module and closed otherwise. */
static int load_locked(int fd, const char *path, const credence_host *host, struct module **ret_module,
                       credence_error **error)
{
  struct stat st;
  if (fstat(fd, &st) < 0) {
    close(fd);
    return error_set(error, CREDENCE_E_FAILED, NULL, "%s: cannot be examined", path);
  }
  struct module *module = find_loaded(&st);
  int r = module != NULL ? 0 : load_new(fd, &st, path, &module, error);
  if (module == NULL || module->fd != fd)
    close(fd);
  if (r == 0 && !module->is_whole)
    r = collect_providers(module, host, path, error);
  if (r == 0)
    *ret_module = module;
  return r;
}

/* System manifests name system plugins; the user's may name either. */
static int open_module(const credence_manifest *manifest, int *ret_fd, char **ret_path,
                       credence_error **error)
{
  credence_error *ignored = NULL;
  char *user = manifest->is_user ? path_data("plugins") : NULL;
  const char *folder = user == NULL ? PLUGIN_DIR : user;
  int r = trust_open(folder, manifest->module, 0, ret_fd, &ignored);
  if (r == CREDENCE_E_NOT_FOUND && user != NULL) {
    folder = PLUGIN_DIR;
    r = trust_open(folder, manifest->module, 0, ret_fd, &ignored);
  }
  if (r == CREDENCE_E_NOT_FOUND)
    r = error_set(error, r, "install the plugin again", "%s: there is no plugin %s in %s%s" PLUGIN_DIR,
                  manifest->path, manifest->module, user == NULL ? "" : user, user == NULL ? "" : " or ");
  else if (r < 0)
    r = error_set(error, r, credence_error_remedy(ignored), "%s: the plugin of provider %s: %s",
                  manifest->path, manifest->name, credence_error_message(ignored));
  else if ((*ret_path = path_join(folder, manifest->module, "")) == NULL)
    r = error_nomem(error);
  credence_error_free(&ignored);
  free(user);
  return r;
}

static int find_provider(const struct module *module, const credence_manifest *manifest, const char *path,
                         const struct loaded_provider **ret_provider, credence_error **error)
{
  for (size_t i = 0; i < module->count; i++)
    if (strcmp(module->providers[i].table.id, manifest->provider) == 0) {
      *ret_provider = &module->providers[i];
      return 0;
    }
  return error_set(error, CREDENCE_E_NOT_FOUND, "update the plugin or the manifest",
                   "%s: has no provider %s, which %s names", path, manifest->provider, manifest->path);
}

int module_load(const credence_manifest *manifest, const credence_host *host,
                const struct loaded_provider **ret_provider, credence_error **error)
{
  struct module *module = NULL;
  char *path = NULL;
  int fd = -1;
  int r = open_module(manifest, &fd, &path, error);
  if (r < 0) {
    if (fd >= 0)
      close(fd);
    return r;
  }
  pthread_mutex_lock(&lock);
  r = load_locked(fd, path, host, &module, error);
  pthread_mutex_unlock(&lock);
  if (r == 0)
    r = find_provider(module, manifest, path, ret_provider, error);
  free(path);
  return r;
}

int module_symbol(const char *folder, const char *name, const char *symbol, void **ret_symbol,
                  credence_error **error)
{
  int fd = -1;
  int r = trust_open(folder, name, 0, &fd, error);
  if (r < 0)
    return r;
  void *handle = load_fd(fd, name, error);
  void *found = handle == NULL ? NULL : dlsym(handle, symbol);
  if (found == NULL)
    close(fd);
  if (handle == NULL)
    return CREDENCE_E_FAILED;
  if (found == NULL)
    return bad_plugin(name, "is not from this version of Credence", error);
  *ret_symbol = found;
  return 0;
}
