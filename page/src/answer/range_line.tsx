/** Where the price lies in its interval; the numbers stand above it as text. */
export function RangeLine({ price, low, high }: { price: number; low: number; high: number }) {
  if (!(high > low)) return null;
  const x = 4 + (312 * (price - low)) / (high - low);
  return (
    <svg class="range-line" viewBox="0 0 320 16" preserveAspectRatio="none" aria-hidden="true">
      <line class="range-whole" x1="4" x2="316" y1="8" y2="8" />
      <line class="range-end" x1="4" x2="4" y1="3" y2="13" />
      <line class="range-end" x1="316" x2="316" y1="3" y2="13" />
      <line class="range-price" x1={x} x2={x} y1="1" y2="15" />
    </svg>
  );
}
