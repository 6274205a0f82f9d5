import { describe, expect, it } from 'vitest';
import { LEVELS, lengthText, levelOf, lostBy, rateText } from '@/features/completeness/scale';
import { causeOf, daysOf, monthOf, orderOf } from '@/features/completeness/search';
import { statementPath } from '@/features/completeness/queries';

const NOON_US = Date.parse('2026-05-20T12:00:00+08:00') * 1000;

describe('the scale of rates', () => {
  it('has five steps and one for days without plan', () => {
    expect([1, 0.9999, 0.99989, 0.99, 0.98, 0.95, 0.8, 0.79, 0, null].map(levelOf)).toEqual(['full', 'full', 'high', 'high', 'fair', 'fair', 'low', 'poor', 'poor', 'none']);
    expect(new Set(LEVELS).size).toBe(6);
  });

  it('cuts and never rounds up to all', () => {
    expect(rateText(0.999999)).toBe('99.99');
    expect(rateText(1)).toBe('100.00');
    expect(rateText(0.29, 1)).toBe('29.0');
    expect(rateText(null)).toBe('–');
  });

  it('counts hours beyond a day, and names what lost most first', () => {
    expect(lengthText(90_061_000_000)).toBe('25:01:01');
    expect(lostBy({ network: 1, power: 5 })).toEqual([['power', 5], ['network', 1]]);
  });
});

describe('the filters in the URL', () => {
  it('fall back to this month, all causes and the worst first', () => {
    expect(monthOf({}, NOON_US)).toBe('2026-05');
    expect(monthOf({ month: '2026-13' }, NOON_US)).toBe('2026-05');
    expect(causeOf({ cause: 'schedule' })).toBeNull();
    expect(causeOf({ cause: 'network' })).toBe('network');
    expect([orderOf({}), orderOf({ order: 'name' })]).toEqual(['worst', 'name']);
  });

  it('know the days of a month, and none that is still to come', () => {
    expect(daysOf('2026-05', '2026-05-20')).toHaveLength(20);
    expect(daysOf('2026-02', '2026-05-20').at(-1)).toBe('2026-02-28');
    expect(daysOf('2026-06', '2026-05-20')).toEqual([]);
  });

  it('lead to the document of what is shown', () => {
    const wanted = { from: '2026-05-01', to: '2026-05-20', region: 'r1', cause: null, order: 'worst' } as const;
    expect(statementPath(wanted, 'csv', 'zh')).toBe('/api/v1/completeness/statement?from=2026-05-01&to=2026-05-20&format=csv&language=zh&region_id=r1');
  });
});
