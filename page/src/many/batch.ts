import { formatCsv } from './csv';
import { ADDED_COLUMNS, fitCells, type HouseTable } from './table';

/** A prediction of `POST /batch-predict`. */
export interface BatchPrediction {
  predicted_price: number;
  prediction_interval: [number, number];
  fsd: number;
  confidence: number;
  warnings: { column: string; kind: string; message: string }[];
}

/** An error of the server about one house of a block. */
export interface BlockError {
  type: string;
  loc: (string | number)[];
  msg: string;
}

export interface CellError {
  /** Name of the column; null where the whole row is meant. */
  column: string | null;
  type: string;
  message: string;
}

/** What became of a row: priced, refused with its errors, or not reached yet. */
export type RowResult = { prediction: BatchPrediction } | { errors: CellError[] } | null;

/** Answer of the server to a block: a prediction for each row, or errors because of which none is priced. */
export type BlockAnswer = { predictions: BatchPrediction[] } | { errors: BlockError[] };

export type SendBlock = (csv: string) => Promise<BlockAnswer>;

const BLOCK_CHARACTERS = 400_000;

/**
 * Price the rows of a table in blocks. One invalid house refuses a block, so its invalid rows are taken out and the
 * others are sent again. Rows that are done, of an earlier attempt, are left out.
 *
 * Raises what `send` raises; the results so far have been handed to `report`.
 */
export async function priceTable(
  table: HouseTable,
  send: SendBlock,
  report: (index: number, result: RowResult) => void,
  maxRows: number,
  isDone: (index: number) => boolean = () => false,
): Promise<void> {
  const width = table.header.length;
  let block: number[] = [];
  let characters = 0;
  for (let index = 0; index < table.rows.length; index++) {
    if (isDone(index)) continue;
    const cells = table.rows[index]?.cells ?? [];
    if (fitCells(cells, width) === null) {
      report(index, { errors: [{ column: null, type: 'row_width', message: `${cells.length} ≠ ${width}` }] });
      continue;
    }
    const length = cells.reduce((sum, cell) => sum + cell.length + 1, 0);
    if (block.length > 0 && (block.length >= maxRows || characters + length > BLOCK_CHARACTERS)) {
      await priceBlock(table, block, send, report);
      block = [];
      characters = 0;
    }
    block.push(index);
    characters += length;
  }
  await priceBlock(table, block, send, report);
}

async function priceBlock(
  table: HouseTable,
  block: readonly number[],
  send: SendBlock,
  report: (index: number, result: RowResult) => void,
): Promise<void> {
  let waiting = [...block];
  while (waiting.length > 0) {
    const answer = await send(blockCsv(table, waiting));
    if ('predictions' in answer) {
      if (answer.predictions.length !== waiting.length) throw new BlockRefusedError([]);
      waiting.forEach((index, position) => {
        report(index, { prediction: answer.predictions[position] as BatchPrediction });
      });
      return;
    }
    const errors = byPosition(answer.errors);
    const refused = new Set<number>();
    for (const [position, found] of errors) {
      const index = waiting[position];
      if (index !== undefined) {
        refused.add(index);
        report(index, { errors: found });
      }
    }
    if (refused.size === 0) {
      throw new BlockRefusedError(answer.errors);
    }
    waiting = waiting.filter((index) => !refused.has(index));
  }
}

/** The server refuses a block as a whole, not one of its rows. */
export class BlockRefusedError extends Error {
  constructor(readonly errors: readonly BlockError[]) {
    super(errors[0]?.msg ?? 'refused');
    this.name = 'BlockRefusedError';
  }
}

/** Unknown columns are sent only where some are missing, since the model may make those of several in the file. */
function blockCsv(table: HouseTable, indexes: readonly number[]): string {
  const width = table.header.length;
  const unsent = new Set<string>(table.missing.length > 0 ? ADDED_COLUMNS : [...ADDED_COLUMNS, ...table.unknown]);
  const sent = table.header.flatMap((name, index) => (name === '' || unsent.has(name) ? [] : [index]));
  const pick = (cells: readonly string[]) => sent.map((index) => cells[index] ?? '');
  const rows = indexes.map((index) => pick(fitCells(table.rows[index]?.cells ?? [], width) ?? []));
  return formatCsv([pick(table.header), ...rows], blockDelimiter(table));
}

/** The delimiter in which blocks are sent, which the decimal sign must not be. */
export function blockDelimiter(table: HouseTable): string {
  return table.decimal === ',' ? ';' : ',';
}

function byPosition(errors: readonly BlockError[]): Map<number, CellError[]> {
  const found = new Map<number, CellError[]>();
  for (const { loc, type, msg } of errors) {
    const [, position, column] = loc;
    if (typeof position === 'number') {
      const row = found.get(position) ?? [];
      row.push({ column: column === undefined ? null : String(column), type, message: msg });
      found.set(position, row);
    }
  }
  return found;
}
