import { expect, test } from 'vitest';
import fc from 'fast-check';
import { begin, change, redo, undo } from '@/features/plans/history';
import { CELL_MIN, copyToDays, DAY_MIN, dayOf, draftOf, kindAt, minutesOf, minutesText, NEW_DRAFT, paint, paintCells, rowFor, ROWS, toBody, type Brush, type Row } from '@/features/plans/week';

const strokes = fc.array(fc.tuple(fc.integer({ min: 0, max: DAY_MIN }), fc.integer({ min: 0, max: DAY_MIN }), fc.constantFrom<Brush>('continuous', 'event', null)), { maxLength: 12 });

test('painting minute by minute and by pieces is the same, and a row has one spelling', () => {
  fc.assert(
    fc.property(strokes, (drawn) => {
      const minutes: Brush[] = Array.from({ length: DAY_MIN }, () => null);
      let row: Row = [];
      for (const [a, b, kind] of drawn) {
        const [from, to] = [Math.min(a, b), Math.max(a, b)];
        row = paint(row, from, to, kind);
        minutes.fill(kind, from, to);
      }
      expect(Array.from({ length: DAY_MIN }, (_x, m) => kindAt(row, m))).toEqual(minutes);
      row.forEach((p, i) => {
        const next = row[i + 1];
        expect(p.from).toBeLessThan(p.to);
        if (next) expect(p.to < next.from || (p.to === next.from && p.kind !== next.kind)).toBe(true);
      });
    }),
    { numRuns: 60 },
  );
});

test('a rectangle between two corners is painted, whichever corner is which', () => {
  const week = paintCells(NEW_DRAFT.main.week, { row: 2, cell: 5 }, { row: 0, cell: 3 }, 'event');
  expect(week.monday[0]).toEqual({ from: 3 * CELL_MIN, to: 6 * CELL_MIN, kind: 'event' });
  expect(week.wednesday[0]).toEqual(week.monday[0]);
  expect(week.thursday).toEqual(NEW_DRAFT.main.week.thursday);
});

test('a day is copied to all days but not to the holidays', () => {
  const week = copyToDays(NEW_DRAFT.main.week, 'monday');
  expect(week.sunday).toEqual(week.monday);
  expect(week.holiday).toEqual(NEW_DRAFT.main.week.holiday);
});

test('a plan is sent and read back as it was', () => {
  const body = toBody({ ...NEW_DRAFT, name: ' Office ' });
  expect(body.name).toBe('Office');
  expect(body.sub).toEqual({ mode: 'never' });
  const plan = { id: 'p', name: body.name, main: body.main, sub: body.sub ?? { mode: 'never' as const }, pre_s: 10, post_s: 10, changed_at: '', cameras: 0 };
  expect(toBody(draftOf(plan))).toEqual(body);
  const bare = { ...NEW_DRAFT, main: { ...NEW_DRAFT.main, ownHoliday: false } };
  expect(toBody(bare).main.week?.holiday).toBeNull();
  expect(draftOf({ ...plan, main: toBody(bare).main }).main.ownHoliday).toBe(false);
});

test('a date follows its weekday, or what the calendar says', () => {
  const rule = NEW_DRAFT.main;
  expect(rowFor(rule, 5, null)).toBe('saturday');
  expect(rowFor(rule, 5, 'monday')).toBe('monday');
  expect(rowFor(rule, 1, 'holiday')).toBe('holiday');
  expect(rowFor({ ...rule, ownHoliday: false }, 1, 'holiday')).toBe('tuesday');
  expect(dayOf({ ...rule, mode: 'event' }, 'monday')).toEqual([{ from: 0, to: DAY_MIN, kind: 'event' }]);
  expect(dayOf({ ...rule, mode: 'never' }, 'monday')).toEqual([]);
});

test('times of a day are read and written', () => {
  expect([minutesOf('08:30'), minutesOf('24:00'), minutesOf('8:05'), minutesOf('24:01'), minutesOf('8:60'), minutesOf('x')]).toEqual([510, 1440, 485, null, null, null]);
  expect(minutesText(1440)).toBe('24:00');
});

test('undo and redo walk over the changes; a new one forgets what was undone', () => {
  let h = change(change(begin(1), 2), 3);
  h = undo(undo(undo(h)));
  expect(h.now).toBe(1);
  h = redo(h);
  expect(h.now).toBe(2);
  h = change(h, 9);
  expect(redo(h).now).toBe(9);
  expect(change(h, 9)).toBe(h);
  expect(ROWS.length).toBe(8);
});
