// @vitest-environment node
import { describe, expect, it } from 'vitest';
import { decodeText } from './decode';

describe('decodeText', () => {
  it('reads UTF-8 with and without a byte order mark', () => {
    expect(decodeText(new TextEncoder().encode('año,ß'))).toBe('año,ß');
    expect(decodeText(new Uint8Array([0xef, 0xbb, 0xbf, 0x61]))).toBe('a');
  });
  it('reads UTF-16 by its mark, as spreadsheets save Unicode text', () => {
    expect(decodeText(new Uint8Array([0xff, 0xfe, 0x61, 0, 0x09, 0]))).toBe('a\t');
    expect(decodeText(new Uint8Array([0xfe, 0xff, 0, 0x61, 0, 0x09]))).toBe('a\t');
  });
  it('reads what is no UTF-8 as Windows-1252', () => {
    expect(decodeText(new Uint8Array([0x61, 0xf1, 0x6f, 0x80]))).toBe('año€');
  });
});
