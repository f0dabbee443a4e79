/** Numbers, shares and amounts of money in the reader's language. */
import { config } from '../state/config';
import { language } from '../state/settings';

const cache = new Map<string, Intl.NumberFormat>();

/** Making a format costs far more than using it, and tables use it thousands of times. */
function format(options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const key = language.value + JSON.stringify(options);
  let found = cache.get(key);
  if (!found) {
    // Spanish leaves four-digit numbers ungrouped, which sets them off from longer ones in a column.
    found = new Intl.NumberFormat(language.value, { useGrouping: 'always', ...options } as Intl.NumberFormatOptions);
    cache.set(key, found);
  }
  return found;
}

export function formatNumber(value: number, options: Intl.NumberFormatOptions = {}): string {
  return format(options).format(value);
}

/** Return a share, 0 to 1, as a percentage. */
export function formatPercent(share: number, digits = 0): string {
  return format({ style: 'percent', maximumFractionDigits: digits }).format(share);
}

/** Return an amount in the currency of the model, by default without cents; `signed` shows a plus, too. */
export function formatMoney(
  amount: number,
  options: { digits?: number; signed?: boolean; compact?: boolean } = {},
): string {
  const currency = config.value?.currency;
  return format({
    ...(currency ? { style: 'currency', currency, currencyDisplay: 'narrowSymbol' } : {}),
    ...(options.signed ? { signDisplay: 'exceptZero' } : {}),
    ...(options.compact
      ? { notation: 'compact', maximumSignificantDigits: 3 }
      : { minimumFractionDigits: options.digits ?? 0, maximumFractionDigits: options.digits ?? 0 }),
  }).format(amount);
}
