/** Reading what a person drops, chooses or pastes. */
import { CsvError } from './csv';
import { decodeText } from './decode';

export const LARGEST_FILE_BYTES = 64 * 2 ** 20;
const ZIP = [0x50, 0x4b, 0x03, 0x04]; // .xlsx and .ods
const OLE = [0xd0, 0xcf, 0x11, 0xe0]; // .xls

/** Return the text of a file. Raises `CsvError` for what cannot be a CSV. */
export async function readFile(file: Blob): Promise<string> {
  if (file.size > LARGEST_FILE_BYTES) throw new CsvError('too_large', 1);
  const bytes = new Uint8Array(await file.arrayBuffer());
  if ([ZIP, OLE].some((magic) => magic.every((byte, index) => bytes[index] === byte))) {
    throw new CsvError('spreadsheet', 1);
  }
  return decodeText(bytes);
}
