/** The parts of `GET /model` that the page shows; each may be absent, since other data allow other measures. */
export interface Measures {
  sales: number;
  log_rmse?: number;
  median_ape?: number;
  within_10?: number;
  within_20?: number;
  bias_log?: number;
  cod?: number;
  prd?: number;
  prb?: number;
  coverage?: number;
  ci95?: Record<string, [number, number] | undefined>;
}

export interface HitRatePoint {
  hit_rate: number;
  max_fsd: number;
  sales: number;
  median_ape: number;
  within_10: number;
  within_20: number;
}

export interface Valued {
  value: number;
  ci95?: [number, number];
}

export interface Gate {
  passed: boolean;
  found?: number | null;
  required?: string | null;
  interval?: [number, number] | null;
}

export interface ModelFacts {
  card: string;
  verdict: Record<string, Gate>;
  metrics: {
    holdout?: Measures & { within_fsd?: number; mean_fsd?: number; hit_rate?: { curve?: HitRatePoint[] } };
    rolling_origin?: Measures;
    grouped_folds?: Measures;
    resold?: Measures;
    slices?: Record<string, { sales: number; coverage?: number }>;
    baselines?: Record<string, Measures>;
    relative?: Record<string, Partial<Valued> | undefined>;
    noise_floor?: { explained_of_explainable?: Valued };
    sides?: { train?: number; holdout?: number };
    first_holdout_date?: string | null;
    newest_date?: string | null;
  };
}

export interface Fifth {
  /** From 1, the smallest values. */
  fifth: number;
  range: string;
  sales: number;
  coverage: number;
  low: number;
  high: number;
}

/** Return the coverage by fifths of each measure that the slices hold, such as "price". */
export function coverageByFifth(slices: ModelFacts['metrics']['slices']): Map<string, Fifth[]> {
  const found = new Map<string, Fifth[]>();
  for (const [name, { sales, coverage }] of Object.entries(slices ?? {})) {
    const match = /^(.+), fifth (\d) \((.+)\)$/.exec(name);
    if (!match || coverage === undefined || sales <= 0) continue;
    const [, measure = '', fifth, range = ''] = match;
    const fifths = found.get(measure) ?? [];
    fifths.push({ fifth: Number(fifth), range, sales, coverage, ...wilson(coverage, sales) });
    found.set(measure, fifths);
  }
  return found;
}

/** Return the 95 % confidence interval of a share (Wilson 1927). */
export function wilson(share: number, count: number): { low: number; high: number } {
  const z = 1.959964;
  const middle = share + z ** 2 / (2 * count);
  const half = z * Math.sqrt((share * (1 - share)) / count + z ** 2 / (4 * count ** 2));
  const scale = 1 + z ** 2 / count;
  return { low: (middle - half) / scale, high: (middle + half) / scale };
}
