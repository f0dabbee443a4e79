// @vitest-environment node
import { describe, expect, it } from 'vitest';
import { decodeSales, SalesFormatError } from './sales';
import type { SalesColumn } from './sales_header';

/** Pack codes as the server does: header, then for each column the low bytes, then the high ones. */
function pack(columns: (SalesColumn & { codes: number[] })[], labels: unknown[] = [], magic = 'HPS1'): ArrayBuffer {
  const count = columns[0]?.codes.length ?? 0;
  const described = columns.map(({ codes: _, ...column }) => column);
  const header = new TextEncoder().encode(JSON.stringify({ count, labels, columns: described }));
  const planes = columns.flatMap(({ codes, bytes, delta }) => {
    const limit = 2 ** (8 * bytes);
    const stored = codes.map((code, index) => (delta ? (code - (codes[index - 1] ?? 0) + limit) % limit : code));
    const low = stored.map((code) => code & 255);
    return bytes === 2 ? [...low, ...stored.map((code) => code >> 8)] : low;
  });
  const length = new Uint8Array(new Uint32Array([header.length]).buffer);
  return new Uint8Array([...new TextEncoder().encode(magic), ...length, ...header, ...planes]).buffer;
}

const column = (name: string, codes: number[], more: Partial<SalesColumn> = {}) => ({
  name,
  bytes: 2 as const,
  scale: 'linear' as const,
  offset: 0,
  step: 1,
  delta: false,
  codes,
  ...more,
});
const place = [
  column('latitude', [0, 100, 65535], { offset: 47, step: 0.0001, delta: true }),
  column('longitude', [65535, 0, 3], { offset: -122, step: 0.0001, delta: true }),
];

describe('decodeSales', () => {
  it('reads planes, differences that wrap around, both scales and missing values', () => {
    const sales = decodeSales(
      pack([
        ...place,
        column('price', [0, 100, 255], { bytes: 1, scale: 'log', offset: 1000, step: 0.01 }),
        column('day', [7, 255, 0], { bytes: 1, first: '2014-05-02', missing: 255 }),
      ]),
    );
    expect(sales.count).toBe(3);
    expect([...sales.latitude].map((value) => Math.round(value * 1e4))).toEqual([470000, 470100, 535535]);
    expect(sales.longitude[1]).toBe(-122);
    expect(sales.price[1]).toBeCloseTo(1000 * Math.E, 6);
    expect([...(sales.day ?? [])]).toEqual([7, Number.NaN, 0]);
    expect(sales.firstDay).toBe('2014-05-02');
    expect(sales.area).toBeNull();
  });
  it('reads labels in any script', () => {
    const label = { text: 'Ñuñoa', latitude: 1, longitude: 2, count: 3 };
    expect(decodeSales(pack([...place, column('price', [1, 2, 3])], [label])).labels).toEqual([label]);
  });
  it.each([
    ['not_packed_sales', pack([...place, column('price', [1, 2, 3])], [], 'HPS2')],
    ['not_packed_sales', new ArrayBuffer(0)],
    ['not_packed_sales', new TextEncoder().encode('{"detail": "no"}').buffer],
    ['truncated', pack([...place, column('price', [1, 2, 3])]).slice(0, -1)],
    ['truncated', pack(place).slice(0, 20)],
    ['trailing_bytes', new Uint8Array([...new Uint8Array(pack([...place, column('price', [1, 2, 3])])), 0]).buffer],
    ['missing_column', pack(place)],
  ])('refuses damaged bytes: %s', (code, bytes) => {
    try {
      decodeSales(bytes as ArrayBuffer);
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(SalesFormatError);
      expect((error as SalesFormatError).code).toBe(code);
    }
  });
});
