/* SPDX-License-Identifier: BSD-3-Clause */
/* message.c - what a request says: method, headers, body; see message.h */
#include "config.h"

#include <stdint.h>
#include <string.h>

#include "encode.h"
#include "message.h"

static const char form_type[] = "application/x-www-form-urlencoded";

/* RFC 9110, section 5.6.2. */
static int is_token(const char *text)
{
  static const unsigned char may[256] = {
      ['0' ... '9'] = 1, ['A' ... 'Z'] = 1, ['a' ... 'z'] = 1, ['!'] = 1, ['#'] = 1, ['$'] = 1,
      ['%'] = 1,         ['&'] = 1,         ['\''] = 1,        ['*'] = 1, ['+'] = 1, ['-'] = 1,
      ['.'] = 1,         ['^'] = 1,         ['_'] = 1,         ['`'] = 1, ['|'] = 1, ['~'] = 1};
  if (*text == '\0')
    return 0;
  while (may[(unsigned char)*text])
    text++;
  return *text == '\0';
}

int message_set_method(struct arena *arena, struct message *message, const char *method,
                       credence_error **error)
{
  if (!is_token(method) || strlen(method) > 32)
    return error_set(error, CREDENCE_E_INVALID, "for instance GET or POST",
                     "this is not an HTTP method: %.40s", method);
  if (strcmp(method, "CONNECT") == 0)
    return error_set(error, CREDENCE_E_REFUSED, NULL,
                     "CONNECT asks a proxy for a tunnel, which nothing can sign");
  const char *copy = arena_copy(arena, method, strlen(method));
  if (copy == NULL)
    return error_nomem(error);
  message->method = copy;
  return 0;
}

int is_transport_header(const char *name)
{
  static const credence_bytes names[] = {{"Host", 4},
                                         {"Content-Length", 14},
                                         {"Transfer-Encoding", 17},
                                         {"Connection", 10},
                                         {"TE", 2},
                                         {"Upgrade", 7},
                                         {"Trailer", 7},
                                         {"Keep-Alive", 10},
                                         {"Expect", 6},
                                         {"Proxy-Connection", 16}};
  size_t size = strlen(name);
  for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
    if (names[i].size == size && header_name_equal(name, size, names[i].data))
      return 1;
  return 0;
}

static int check_header(const char *name, size_t name_size, credence_bytes value, credence_error **error)
{
  const char *text = value.data;
  if (!is_token(name) || name_size > 256)
    return error_set(error, CREDENCE_E_INVALID, "letters, digits and - are safe",
                     "this is not the name of a header: %.60s", name);
  if (value.size > MESSAGE_HEADER_MAX)
    return error_set(error, CREDENCE_E_TOO_LARGE, NULL, "the header %s is longer than %u bytes", name,
                     MESSAGE_HEADER_MAX);
  size_t bad = find_control(text, value.size);
  if (bad < value.size)
    return error_set(error, CREDENCE_E_INVALID, "a header is one line; take it out",
                     "the header %s has a control character (0x%02x)", name,
                     (unsigned)(unsigned char)text[bad]);
  return 0;
}

static int grow_headers(struct arena *arena, struct message *message, size_t capacity, credence_error **error)
{
  struct header *headers = arena_alloc(arena, capacity * sizeof(*headers));
  if (headers == NULL)
    return error_nomem(error);
  if (message->header_count > 0)
    memcpy(headers, message->headers, message->header_count * sizeof(*headers));
  message->headers = headers;
  message->header_capacity = capacity;
  return 0;
}

int message_copy(struct arena *arena, struct message *to, const struct message *from, credence_error **error)
{
  struct message copy = *from;
  copy.query_room = copy.body_room = (struct room){NULL, 0}; /* they are from's */
  int r = grow_headers(arena, &copy, from->header_count + 4, error);
  if (r == 0)
    *to = copy;
  return r;
}

int header_name_equal(const char *a, size_t size, const char *b)
{
  for (size_t i = 0; i < size; i++) {
    int x = a[i] == '_' ? '-' : ascii_lower((unsigned char)a[i]);
    int y = b[i] == '_' ? '-' : ascii_lower((unsigned char)b[i]);
    if (b[i] == '\0' || x != y)
      return 0;
  }
  return b[size] == '\0';
}

const struct header *message_find_header(const struct message *message, const char *name, size_t *index)
{
  for (size_t i = *index; i < message->header_count; i++) {
    const struct header *header = &message->headers[i];
    if (header_name_equal(header->name.data, header->name.size, name)) {
      *index = i;
      return header;
    }
  }
  return NULL;
}

/* Space around a value is not part of it (RFC 9110, section 5.5) and does not
 * arrive, so it must not be signed either. */
static credence_bytes trim(credence_bytes value)
{
  const char *text = value.data;
  size_t size = value.size;
  while (size > 0 && text[size - 1] == ' ')
    size--;
  for (; size > 0 && *text == ' '; size--)
    text++;
  return (credence_bytes){text, size};
}

static int add_checked(struct arena *arena, struct message *message, credence_bytes name,
                       credence_bytes value, credence_error **error)
{
  if (message->header_count == MESSAGE_HEADERS_MAX)
    return error_set(error, CREDENCE_E_TOO_LARGE, NULL, "the request has more than %u headers",
                     MESSAGE_HEADERS_MAX);
  if (message->header_count == message->header_capacity) {
    int r = grow_headers(arena, message, message->header_capacity * 2 + 4, error);
    if (r < 0)
      return r;
  }
  value = trim(value);
  struct header *header = &message->headers[message->header_count];
  header->name = (credence_bytes){arena_copy(arena, name.data, name.size), name.size};
  header->value = (credence_bytes){arena_copy(arena, value.data, value.size), value.size};
  if (header->name.data == NULL || header->value.data == NULL)
    return error_nomem(error);
  message->header_count++;
  return 0;
}

int message_add_header(struct arena *arena, struct message *message, const char *name, credence_bytes value,
                       credence_error **error)
{
  const credence_bytes text = credence_text(name);
  int r = check_header(name, text.size, value, error);
  return r < 0 ? r : add_checked(arena, message, text, value, error);
}

int message_set_header(struct arena *arena, struct message *message, const char *name, credence_bytes value,
                       credence_error **error)
{
  const credence_bytes text = credence_text(name);
  int r = check_header(name, text.size, value, error);
  if (r < 0)
    return r;
  size_t kept = 0;
  for (size_t i = 0; i < message->header_count; i++) {
    const struct header *header = &message->headers[i];
    if (!ascii_equal(header->name.data, header->name.size, name, text.size))
      message->headers[kept++] = *header;
  }
  message->header_count = kept;
  return add_checked(arena, message, text, value, error);
}

static int set_media_type(struct arena *arena, struct message *message, const char *media_type,
                          credence_error **error)
{
  if (media_type == NULL)
    return 0;
  return message_set_header(arena, message, "Content-Type", credence_text(media_type), error);
}

int message_set_body(struct arena *arena, struct message *message, credence_bytes body,
                     const char *media_type, credence_error **error)
{
  if (body.size > MESSAGE_BODY_MAX)
    return error_set(error, CREDENCE_E_TOO_LARGE, NULL, "the body is larger than %u MiB",
                     MESSAGE_BODY_MAX / 1024 / 1024);
  const char *copy = arena_copy(arena, body.data, body.size);
  if (copy == NULL)
    return error_nomem(error);
  int r = set_media_type(arena, message, media_type, error);
  if (r < 0)
    return r;
  message->body = (credence_bytes){copy, body.size};
  message->reader = (struct body_reader){NULL, NULL, 0};
  return 0;
}

int message_set_reader(struct arena *arena, struct message *message, const struct body_reader *reader,
                       const char *media_type, credence_error **error)
{
  int r = set_media_type(arena, message, media_type, error);
  if (r < 0)
    return r;
  message->body = (credence_bytes){NULL, 0};
  message->reader = *reader;
  return 0;
}

static int is_form(const struct message *message)
{
  size_t index = 0;
  const struct header *type = message_find_header(message, "Content-Type", &index);
  size_t length = sizeof(form_type) - 1;
  return type != NULL && type->value.size >= length &&
         ascii_equal(type->value.data, length, form_type, length);
}

/* Where pairs can grow to size bytes and a NUL: their own place when it has the
 * room, else a new one with room to spare, so that the first of a thousand pairs
 * is not copied a thousand times. */
static char *pairs_place(struct arena *arena, credence_bytes pairs, size_t size, struct room *room)
{
  if (pairs.data != NULL && pairs.data == room->at && size < room->size)
    return (char *)(uintptr_t)pairs.data;
  size_t wanted = pairs.size == 0 ? size + 1 : 2 * size;
  char *text = arena_alloc(arena, wanted);
  if (text == NULL)
    return NULL;
  if (pairs.size > 0)
    memcpy(text, pairs.data, pairs.size);
  *room = (struct room){text, wanted};
  return text;
}

/* Most names and values need no encoding, which their encoded size tells. */
static char *put_encoded(char *out, const void *data, size_t size, size_t encoded_size)
{
  if (encoded_size != size)
    percent_encode(out, data, size);
  else if (size > 0)
    memcpy(out, data, size);
  return out + encoded_size;
}

/* "name=value" behind what is there, with "&" between.  NOMEM or TOO_LARGE. */
static int append_pair(struct arena *arena, credence_bytes *pairs, struct room *room, size_t max,
                       const char *name, credence_bytes value)
{
  size_t name_size = strlen(name);
  size_t name_encoded = percent_size(name, name_size);
  size_t value_encoded = value.data == NULL ? 0 : 1 + percent_size(value.data, value.size);
  size_t size = pairs->size + (pairs->size > 0) + name_encoded + value_encoded;
  if (size > max)
    return CREDENCE_E_TOO_LARGE;
  char *text = pairs_place(arena, *pairs, size, room);
  if (text == NULL)
    return CREDENCE_E_NOMEM;
  char *end = text + pairs->size;
  if (pairs->size > 0)
    *end++ = '&';
  end = put_encoded(end, name, name_size, name_encoded);
  if (value.data != NULL) {
    *end++ = '=';
    (void)put_encoded(end, value.data, value.size, value_encoded - 1);
  }
  text[size] = '\0';
  *pairs = (credence_bytes){text, size};
  return 0;
}

int message_append_form(struct arena *arena, struct message *message, const char *name, credence_bytes value,
                        credence_error **error)
{
  if (message->reader.read != NULL || (message->body.data != NULL && !is_form(message)))
    return error_set(error, CREDENCE_E_INVALID, "give the body or form fields, not both",
                     "the request has a body that is not a form");
  credence_bytes body = message->body;
  struct room room = message->body_room;
  int r = append_pair(arena, &body, &room, MESSAGE_BODY_MAX, name, value);
  if (r < 0)
    return r == CREDENCE_E_NOMEM ? error_nomem(error) : error_set(error, r, NULL, "the form is too large");
  if (!is_form(message))
    r = set_media_type(arena, message, form_type, error);
  if (r == 0) {
    message->body = body;
    message->body_room = room;
  }
  return r;
}

static int query_failed(int code, credence_error **error)
{
  if (code == CREDENCE_E_NOMEM)
    return error_nomem(error);
  return error_set(error, code, "send long data in the body", "the query is longer than %u bytes",
                   MESSAGE_QUERY_MAX);
}

int message_append_query(struct arena *arena, struct message *message, const char *name, credence_bytes value,
                         credence_error **error)
{
  int r = append_pair(arena, &message->query, &message->query_room, MESSAGE_QUERY_MAX, name, value);
  return r < 0 ? query_failed(r, error) : 0;
}

/* rest->data becomes NULL behind the last, so that "a&" has two parameters. */
int query_next(credence_bytes *rest, credence_bytes *ret_name, credence_bytes *ret_value)
{
  const char *at = rest->data;
  if (at == NULL)
    return 0;
  const char *stop = memchr(at, '&', rest->size);
  size_t size = stop == NULL ? rest->size : (size_t)(stop - at);
  const char *equals = memchr(at, '=', size);
  *rest = stop == NULL ? (credence_bytes){NULL, 0} : (credence_bytes){stop + 1, rest->size - size - 1};
  *ret_name = (credence_bytes){at, equals == NULL ? size : (size_t)(equals - at)};
  *ret_value = (credence_bytes){NULL, 0};
  if (equals != NULL)
    *ret_value = (credence_bytes){equals + 1, size - ret_name->size - 1};
  return 1;
}

int query_at(credence_bytes query, size_t index, credence_bytes *ret_name, credence_bytes *ret_value)
{
  if (query.size == 0)
    return 0;
  do
    if (!query_next(&query, ret_name, ret_value))
      return 0;
  while (index-- > 0);
  return 1;
}

/* Copy one parameter as it stands, with "&" behind the one before it. */
static char *put_raw(char *out, int is_first, credence_bytes name, credence_bytes value)
{
  size_t size = name.size + (value.data == NULL ? 0 : 1 + value.size);
  if (!is_first)
    *out++ = '&';
  memcpy(out, name.data, size);
  return out + size;
}

int message_set_query(struct arena *arena, struct message *message, const char *name, credence_bytes value,
                      credence_error **error)
{
  const credence_bytes none = {NULL, 0};
  credence_bytes pair = none;
  struct room room = {NULL, 0};
  int r = append_pair(arena, &pair, &room, MESSAGE_QUERY_MAX, name, value);
  if (r < 0)
    return query_failed(r, error);
  char *text = arena_alloc(arena, message->query.size + pair.size + 2);
  if (text == NULL)
    return error_nomem(error);
  char *end = text;
  int placed = 0;
  int count = 0;
  credence_bytes old_name;
  credence_bytes old_value;
  credence_bytes rest = message->query.size > 0 ? message->query : none;
  while (query_next(&rest, &old_name, &old_value)) {
    if (!percent_equal(old_name.data, old_name.size, name))
      end = put_raw(end, count++ == 0, old_name, old_value);
    else if (!placed++)
      end = put_raw(end, count++ == 0, pair, none);
  }
  if (!placed)
    end = put_raw(end, count == 0, pair, none);
  *end = '\0';
  if ((size_t)(end - text) > MESSAGE_QUERY_MAX)
    return query_failed(CREDENCE_E_TOO_LARGE, error);
  message->query = (credence_bytes){text, (size_t)(end - text)};
  return 0;
}
