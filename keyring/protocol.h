/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * protocol.h - the words between the library and a keyring helper
 *
 * A helper is a program keyring-NAME.  Its standard input and output are one
 * end of a stream socket; it reads a request, writes a response, and so on
 * until the input ends.  credence-keyring(7) is the full text.
 *
 * A message is a 4-byte length, most significant byte first, and that many
 * bytes of fields.  A field is a tag (1 byte), a length (4 bytes) and that many
 * bytes.  Numbers are decimal text.  Unknown tags are skipped.  A tag that
 * occurs once is the rule; FIELD repeats in a get, FACT in the answer to probe, NAME
 * and REVISION in the answer to list.
 *
 * Memory: encoders write to a buffer of the caller, decoders give pointers into
 * it, so that secrets stay where the caller keeps secrets.
 */
#ifndef KEYRING_PROTOCOL_H
#define KEYRING_PROTOCOL_H

#include <stddef.h>
#include <stdint.h>

#define KEYRING_MESSAGE_MAX (256u * 1024u) /* bytes of fields in one message */
#define KEYRING_SECRET_MAX (64u * 1024u)   /* bytes of one stored value */

/* Tags of requests. */
#define KEYRING_OP 'o'         /* probe list get put delete unlock lock */
#define KEYRING_PROFILE 'p'    /* name of the profile */
#define KEYRING_KIND 'k'       /* "credential", "session" or "profile"; list without it: "credential" */
#define KEYRING_VALUE 'v'      /* put: the value, one printable line; get: its answer */
#define KEYRING_EXPECT 'e'     /* put, delete: revision that must be there; empty: none may be; absent: any */
#define KEYRING_LABEL 'l'      /* put: text for people */
#define KEYRING_DEADLINE 'd'   /* milliseconds that the caller will wait */
#define KEYRING_PROMPT 'P'     /* "1": the user may be asked */
#define KEYRING_PASSPHRASE 's' /* unlock: opens the keyring, or makes it where there is none */
#define KEYRING_STORE 'i'      /* which of its stores, where the keyring knows several; see below */
#define KEYRING_FIELD 'f'      /* get: "PROVIDER.FIELD", a secret that is wanted; repeats */

/* Tags of responses. */
#define KEYRING_STATUS 'S'   /* 0, or a CREDENCE_E_* code without its sign */
#define KEYRING_MESSAGE 'm'  /* why; one line without secrets */
#define KEYRING_REMEDY 'r'   /* what to do about it */
#define KEYRING_REVISION 'R' /* get, put: what EXPECT names later; list: that of the NAME before it */
#define KEYRING_NAME 'n'     /* list: a profile; repeats */
#define KEYRING_WANTS 'w'    /* with status LOCKED: "passphrase", or "new-passphrase" to make the keyring */
#define KEYRING_FACT 'x'     /* probe: "name=value"; repeats */

/* KEYRING_STORE: a path, or the name of a service.  An answer to put has it when it is worth
 * remembering; later requests for that profile have what was remembered. */
#define KEYRING_STORE_MAX 1024u

#define KEYRING_FIELDS_MAX 64u
#define KEYRING_FIELD_MAX 160u

/* A message that is being written.  data points to size bytes of the caller;
 * once a field did not fit, overflow is set and stays. */
struct keyring_writer {
  unsigned char *data;
  size_t size;
  size_t used;
  int overflow;
};

void keyring_write_begin(struct keyring_writer *writer, void *data, size_t size);
void keyring_write_field(struct keyring_writer *writer, char tag, const void *data, size_t size);
void keyring_write_text(struct keyring_writer *writer, char tag, const char *text);
void keyring_write_number(struct keyring_writer *writer, char tag, long number);
/* Bytes to send, length prefix included; 0 on overflow. */
size_t keyring_write_end(struct keyring_writer *writer);

/* Look for the index-th field with this tag in a message without its length
 * prefix.  1 when found, 0 when not, -1 when the message is malformed. */
int keyring_read_field(const unsigned char *message, size_t size, char tag, size_t index,
                       const unsigned char **ret_data, size_t *ret_size);
/* Are all fields of the message whole? */
int keyring_message_valid(const unsigned char *message, size_t size);

#endif
