/** Order of the comparable sales in the table. */

export interface Order<Key extends string = string> {
  key: Key;
  descending: boolean;
}

/** Return the order after a click on a column's heading: the other way round, or the column's usual direction. */
export function nextOrder<Key extends string>(order: Order<Key>, key: Key, descending: boolean): Order<Key> {
  return order.key === key ? { key, descending: !order.descending } : { key, descending };
}

/** Return the rows sorted by a value; rows without one come last in both directions, ties keep their order. */
export function sorted<Row>(
  rows: readonly Row[],
  value: (row: Row) => number | string | null,
  descending: boolean,
): Row[] {
  const sign = descending ? -1 : 1;
  return rows
    .map((row) => ({ row, value: value(row) }))
    .sort((a, b) => {
      if (a.value === null || b.value === null) return Number(a.value === null) - Number(b.value === null);
      return a.value === b.value ? 0 : sign * (a.value < b.value ? -1 : 1);
    })
    .map(({ row }) => row);
}
