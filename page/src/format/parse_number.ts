/** Numbers as people type them, in either writing: "1,234.5" and "1.234,5". */
import type { Language } from '../state/settings';

interface Bounds {
  minimum?: number | null;
  maximum?: number | null;
}

const GROUPED = { ',': /^[+-]?\d{1,3}(,\d{3})+(\.\d*)?$/, '.': /^[+-]?\d{1,3}(\.\d{3})+(,\d*)?$/ };
const PLAIN = /^[+-]?(\d+[.,]?\d*|[.,]\d+)(e[+-]?\d+)?$/i;

/**
 * Return the number that a text stands for, or null where it stands for none.
 *
 * "1.234" is 1234 in Spanish and 1.234 in English. Where only the other reading lies within the bounds, as with a
 * latitude that was copied from a map, that one is taken.
 */
export function parseNumber(text: string, language: Language, bounds: Bounds = {}): number | null {
  const bare = text.replace(/[\s\u00a0\u202f'’]/g, '').replace('−', '-');
  const [own, other] = language === 'es' ? (['.', ','] as const) : ([',', '.'] as const);
  const grouped = GROUPED[own].test(bare)
    ? Number(bare.replaceAll(own, '').replace(',', '.'))
    : GROUPED[other].test(bare) && (bare.includes(own) || bare.split(other).length > 2)
      ? Number(bare.replaceAll(other, '').replace(',', '.'))
      : null;
  const plain = PLAIN.test(bare) ? Number(bare.replace(',', '.')) : null;
  const readings = [grouped, plain].filter((one) => one !== null && Number.isFinite(one)) as number[];
  return readings.find((one) => isWithin(one, bounds)) ?? readings[0] ?? null;
}

function isWithin(value: number, { minimum, maximum }: Bounds): boolean {
  return value >= (minimum ?? Number.NEGATIVE_INFINITY) && value <= (maximum ?? Number.POSITIVE_INFINITY);
}
