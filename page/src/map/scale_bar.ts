export type LengthUnit = 'metric' | 'imperial';

export interface ScaleBar {
  amount: number;
  unit: 'km' | 'm' | 'mi' | 'ft';
  pixels: number;
}

const METRES = { km: 1000, m: 1, mi: 1609.344, ft: 0.3048 } as const;

/** Return the longest bar of a round length that is at most `longest` pixels long. */
export function scaleBar(pixelsPerMetre: number, system: LengthUnit, longest = 110): ScaleBar {
  const [large, small] = system === 'metric' ? (['km', 'm'] as const) : (['mi', 'ft'] as const);
  const metres = longest / pixelsPerMetre;
  const unit = metres >= METRES[large] ? large : small;
  const amount = roundDown(metres / METRES[unit]);
  return { amount, unit, pixels: amount * METRES[unit] * pixelsPerMetre };
}

function roundDown(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  const digit = [5, 2, 1].find((step) => step * power <= value * (1 + 1e-9)) ?? 1;
  return digit * power;
}
