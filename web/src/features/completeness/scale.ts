/** How a rate is shown: five steps of one scale that rises in lightness alone (after cividis), so that no colour vision loses it. Pure. */

export type Level = 'full' | 'high' | 'fair' | 'low' | 'poor' | 'none';

const STEPS: readonly [Level, number][] = [
  ['full', 0.9999],
  ['high', 0.99],
  ['fair', 0.95],
  ['low', 0.8],
  ['poor', 0],
];
export const LEVELS: readonly Level[] = [...STEPS.map(([level]) => level), 'none'];
/** The least rate of each step in per cent, for the legend. */
export const LEAST: Record<Level, string> = { full: '≥ 99.99', high: '≥ 99', fair: '≥ 95', low: '≥ 80', poor: '< 80', none: '' };

export const levelOf = (rate: number | null): Level => (rate === null ? 'none' : (STEPS.find(([, least]) => rate >= least)?.[0] ?? 'poor'));

/** Per cent, cut and not rounded: what lost a second never reads 100. */
export function rateText(rate: number | null, digits = 2): string {
  if (rate === null) return '–';
  const factor = 10 ** digits;
  return (Math.floor(rate * 100 * factor + 1e-6) / factor).toFixed(digits);
}

/** h:mm:ss of a span that may be longer than a day. */
export function lengthText(us: number): string {
  const s = Math.round(us / 1e6);
  const two = (n: number) => String(n).padStart(2, '0');
  return `${Math.floor(s / 3600)}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`;
}

/** Causes with what was lost, most first. */
export const lostBy = (gaps: Record<string, number>): [string, number][] => Object.entries(gaps).sort((a, b) => b[1] - a[1]);
