/** One column of the packed sales: byte planes of quantised values. */
export interface SalesColumn {
  name: string;
  bytes: 1 | 2;
  scale: 'linear' | 'log';
  offset: number;
  step: number;
  delta: boolean;
  first?: string;
  missing?: number;
}

export interface SalesHeader {
  count: number;
  labels: { text: string; latitude: number; longitude: number; count: number }[];
  columns: SalesColumn[];
}

/** The bytes are not packed sales; `code` says what is wrong with them. */
export class SalesFormatError extends Error {
  constructor(readonly code: string) {
    super(code);
    this.name = 'SalesFormatError';
  }
}
