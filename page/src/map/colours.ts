/** Red, green and blue, each from 0 to 255. */
export type Rgb = readonly [number, number, number];

// Eleven samples of viridis (Smith and van der Walt, CC0): even in lightness, and clear to all
// kinds of colour vision.
const VIRIDIS: readonly Rgb[] = [
  [68, 1, 84],
  [72, 36, 117],
  [65, 68, 135],
  [53, 95, 141],
  [42, 120, 142],
  [33, 145, 140],
  [34, 168, 132],
  [68, 191, 112],
  [122, 209, 81],
  [189, 223, 38],
  [253, 231, 37],
];

// The pale end vanishes on paper, the dark end on black.
const LIGHT_RANGE = [0, 0.87] as const;
const DARK_RANGE = [0.18, 1] as const;

/** Return the colour at a share of the ramp, from 0 to 1. */
export function rampColour(share: number, dark: boolean): Rgb {
  const [start, end] = dark ? DARK_RANGE : LIGHT_RANGE;
  const position = (start + Math.min(Math.max(share, 0), 1) * (end - start)) * (VIRIDIS.length - 1);
  const index = Math.min(Math.floor(position), VIRIDIS.length - 2);
  const [a, b] = [VIRIDIS[index] as Rgb, VIRIDIS[index + 1] as Rgb];
  const mix = (channel: 0 | 1 | 2) => Math.round(a[channel] + (b[channel] - a[channel]) * (position - index));
  return [mix(0), mix(1), mix(2)];
}

export function css([red, green, blue]: Rgb): string {
  return `rgb(${red} ${green} ${blue})`;
}

/** Return one colour for each of the classes, in their order. */
export function classColours(classes: number, dark: boolean): Rgb[] {
  return Array.from({ length: classes }, (_, index) => rampColour(classes > 1 ? index / (classes - 1) : 0.5, dark));
}
