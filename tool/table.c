/* SPDX-License-Identifier: BSD-3-Clause */
/* Collects rows and prints them with their columns aligned. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "table.h"
#include "text.h"

enum { GAP = 2 };

bool table_add(struct table *table, const char *const *row)
{
  char **cells = reallocarray(table->cells, table->count + table->columns, sizeof *cells);

  if (!cells)
    return false;
  table->cells = cells;
  for (size_t i = 0; i < table->columns; i++) {
    char *cell = escape_text(row[i] ? row[i] : "");

    if (!cell)
      return false;
    table->cells[table->count++] = cell;
  }
  return true;
}

/* Characters, not bytes: continuation bytes take no place of their own. */
static size_t width_of(const char *text)
{
  size_t width = 0;

  for (; *text; text++)
    width += ((unsigned char)*text & 0xc0) != 0x80;
  return width;
}

static size_t column_width(const struct table *table, size_t column)
{
  size_t width = table->heading ? width_of(table->heading[column]) : 0;

  for (size_t i = column; i < table->count; i += table->columns)
    if (width_of(table->cells[i]) > width)
      width = width_of(table->cells[i]);
  return width;
}

static void print_row(const struct table *table, const char *const *row, const size_t *widths)
{
  for (size_t i = 0; i < table->columns; i++) {
    fputs(row[i], stdout);
    if (i + 1 < table->columns)
      printf("%*s", (int)(widths[i] - width_of(row[i]) + GAP), "");
  }
  putchar('\n');
}

void table_print(const struct table *table)
{
  size_t widths[TABLE_COLUMNS_MAX];

  for (size_t i = 0; i < table->columns; i++)
    widths[i] = column_width(table, i);
  if (table->heading && isatty(STDOUT_FILENO))
    print_row(table, table->heading, widths);
  for (size_t i = 0; i < table->count; i += table->columns)
    print_row(table, (const char *const *)&table->cells[i], widths);
}

void table_clear(struct table *table)
{
  for (size_t i = 0; i < table->count; i++)
    free(table->cells[i]);
  free(table->cells);
  table->cells = NULL;
  table->count = 0;
}
