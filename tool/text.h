/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * text.h - text in the forms that the command prints: safe, JSON, base64
 *
 * These write to a stream, so that nothing is copied to memory that would have
 * to be wiped.
 */
#ifndef TOOL_TEXT_H
#define TOOL_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Bytes of the character at text, 1 to 4; 0 when it is not UTF-8. */
size_t text_step(const char *text, size_t size);
bool text_is_utf8(const char *text, size_t size);

/* Control characters and what is not UTF-8 as \xNN. */
void put_escaped(FILE *stream, const char *text, size_t size);
/* True when put_escaped() would change the text. */
bool needs_escape(const char *text, size_t size);
/* The same as a string to free(); NULL without memory. */
char *escape_text(const char *text);

/* A JSON string, escaping no more than JSON asks for.  What is not UTF-8
 * becomes U+FFFD; check before where that matters. */
void put_json_string(FILE *stream, const char *text, size_t size);
/* The same up to the NUL; null for NULL. */
void put_json(FILE *stream, const char *text);

void put_base64(FILE *stream, const void *data, size_t size);

#endif
