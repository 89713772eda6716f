/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * table.h - aligned columns, with a heading where a person reads them
 */
#ifndef TOOL_TABLE_H
#define TOOL_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#define TABLE_COLUMNS_MAX 4

struct table {
  size_t columns;             /* TABLE_COLUMNS_MAX at most */
  const char *const *heading; /* one word per column; NULL for none */
  char **cells;
  size_t count; /* of cells */
};

/* Copy a row; NULL is an empty cell.  False without memory. */
bool table_add(struct table *table, const char *const *row);
/* To standard output; the heading on a terminal only. */
void table_print(const struct table *table);
void table_clear(struct table *table);

#endif
