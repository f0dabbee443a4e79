import { type SalesColumn, SalesFormatError, type SalesHeader } from './sales_header';

export { SalesFormatError };

/** The sales that the model has learned from, one array per column. */
export interface Sales {
  count: number;
  labels: SalesHeader['labels'];
  latitude: Float64Array;
  longitude: Float64Array;
  price: Float64Array;
  /** NaN where a sale has none. */
  area: Float64Array | null;
  /** Days since `firstDay`; NaN where a sale has none. */
  day: Float64Array | null;
  firstDay: string | null;
  /** How many of the `labels` are nearer to the sale than its own; NaN where it has none. */
  label: Float64Array | null;
}

const MAGIC = 0x31535048; // "HPS1", little endian
const PREFIX_BYTES = 8;

/** Decode the packed sales of `GET /sales`. */
export function decodeSales(buffer: ArrayBuffer): Sales {
  const header = readHeader(buffer);
  const columns = new Map<string, Float64Array>();
  let position = PREFIX_BYTES + new DataView(buffer).getUint32(4, true);
  for (const column of header.columns) {
    const length = header.count * column.bytes;
    if (position + length > buffer.byteLength) {
      throw new SalesFormatError('truncated');
    }
    columns.set(column.name, decodeColumn(new Uint8Array(buffer, position, length), column, header.count));
    position += length;
  }
  if (position !== buffer.byteLength) {
    throw new SalesFormatError('trailing_bytes');
  }
  const required = (name: string): Float64Array => {
    const values = columns.get(name);
    if (values === undefined) {
      throw new SalesFormatError('missing_column');
    }
    return values;
  };
  return {
    count: header.count,
    labels: header.labels,
    latitude: required('latitude'),
    longitude: required('longitude'),
    price: required('price'),
    area: columns.get('area') ?? null,
    day: columns.get('day') ?? null,
    firstDay: header.columns.find((column) => column.name === 'day')?.first ?? null,
    label: columns.get('label') ?? null,
  };
}

function readHeader(buffer: ArrayBuffer): SalesHeader {
  const view = new DataView(buffer);
  if (buffer.byteLength < PREFIX_BYTES || view.getUint32(0, true) !== MAGIC) {
    throw new SalesFormatError('not_packed_sales');
  }
  const length = view.getUint32(4, true);
  if (PREFIX_BYTES + length > buffer.byteLength) {
    throw new SalesFormatError('truncated');
  }
  try {
    return JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, PREFIX_BYTES, length)));
  } catch {
    throw new SalesFormatError('broken_header');
  }
}

/** Join the byte planes, undo the differences and return the values. */
function decodeColumn(bytes: Uint8Array, column: SalesColumn, count: number): Float64Array {
  const values = new Float64Array(count);
  const mask = column.bytes === 2 ? 0xffff : 0xff;
  let sum = 0;
  for (let index = 0; index < count; index++) {
    const low = bytes[index] as number;
    const stored = column.bytes === 2 ? low | ((bytes[count + index] as number) << 8) : low;
    sum = column.delta ? (sum + stored) & mask : stored;
    values[index] = sum === column.missing ? Number.NaN : dequantise(sum, column);
  }
  return values;
}

function dequantise(code: number, column: SalesColumn): number {
  return column.scale === 'log' ? column.offset * Math.exp(column.step * code) : column.offset + column.step * code;
}
