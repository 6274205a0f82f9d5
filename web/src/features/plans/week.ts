/** A plan as the editor holds it: rows of pieces in minutes of a local day, painted and copied. Pure. */

import type { PlanRule, RecordPlan, RecordPlanIn } from '@/shared/api/types';

export type Brush = 'continuous' | 'event' | null;
export interface Piece {
  from: number;
  to: number;
  kind: 'continuous' | 'event';
}
export type Row = readonly Piece[];
export const DAYS = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'] as const;
export const ROWS = [...DAYS, 'holiday'] as const;
export type RowName = (typeof ROWS)[number];
export type WeekRows = Readonly<Record<RowName, Row>>;
export type Mode = PlanRule['mode'];
export const MODES: readonly Mode[] = ['always', 'week', 'event', 'never'];
export const PROFILES = ['main', 'sub'] as const;
export type ProfileName = (typeof PROFILES)[number];

/** `week` stays while another mode is chosen, so that choosing again loses nothing. `ownHoliday`: holidays have a row of their own. */
export interface RuleDraft {
  mode: Mode;
  week: WeekRows;
  ownHoliday: boolean;
}

export interface Draft {
  name: string;
  main: RuleDraft;
  sub: RuleDraft;
  preS: number;
  postS: number;
}

export const DAY_MIN = 1440;
export const CELL_MIN = 30;
export const CELLS = DAY_MIN / CELL_MIN;
const WORK: Row = [{ from: 8 * 60, to: 18 * 60, kind: 'continuous' }];
const ALL_DAY: Row = [{ from: 0, to: DAY_MIN, kind: 'event' }];
const FIRST_WEEK: WeekRows = { monday: WORK, tuesday: WORK, wednesday: WORK, thursday: WORK, friday: WORK, saturday: ALL_DAY, sunday: ALL_DAY, holiday: ALL_DAY };

export const NEW_DRAFT: Draft = {
  name: '',
  main: { mode: 'week', week: FIRST_WEEK, ownHoliday: true },
  sub: { mode: 'never', week: FIRST_WEEK, ownHoliday: true },
  preS: 10,
  postS: 10,
};

/** [from, to) becomes `kind`, whatever it was; pieces that touch and mean the same are joined. */
export function paint(row: Row, from: number, to: number, kind: Brush): Row {
  if (from >= to) return row;
  const kept = row.flatMap((p) => [
    { ...p, to: Math.min(p.to, from) },
    { ...p, from: Math.max(p.from, to) },
  ]);
  const all = [...kept, ...(kind === null ? [] : [{ from, to, kind }])].filter((p) => p.from < p.to).sort((a, b) => a.from - b.from);
  const joined: Piece[] = [];
  for (const piece of all) {
    const last = joined.at(-1);
    if (last && last.to === piece.from && last.kind === piece.kind) joined[joined.length - 1] = { ...last, to: piece.to };
    else joined.push(piece);
  }
  return joined;
}

export const kindAt = (row: Row, minute: number): Brush => row.find((p) => p.from <= minute && minute < p.to)?.kind ?? null;

/** The same rectangle of cells in all rows between two corners, whichever corner is which. */
export function paintCells(week: WeekRows, a: Cell, b: Cell, kind: Brush): WeekRows {
  const [top, bottom] = [Math.min(a.row, b.row), Math.max(a.row, b.row)];
  const [from, to] = [Math.min(a.cell, b.cell) * CELL_MIN, (Math.max(a.cell, b.cell) + 1) * CELL_MIN];
  return mapRows(week, (name, row) => (between(ROWS.indexOf(name), top, bottom) ? paint(row, from, to, kind) : row));
}

export interface Cell {
  row: number;
  cell: number;
}

const between = (n: number, low: number, high: number): boolean => low <= n && n <= high;

/** One row's pieces for all of them; holidays keep theirs. */
export const copyToDays = (week: WeekRows, from: RowName): WeekRows => mapRows(week, (name, row) => (name === 'holiday' ? row : week[from]));

export const mapRows = (week: WeekRows, change: (name: RowName, row: Row) => Row): WeekRows =>
  Object.fromEntries(ROWS.map((name) => [name, change(name, week[name])])) as Record<RowName, Row>;

export const minutesText = (minute: number): string => `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;

/** `08:30` or `24:00` → minutes; null when it is no time of the day. */
export function minutesOf(text: string): number | null {
  const m = /^(\d{1,2}):(\d\d)$/.exec(text.trim());
  if (!m) return null;
  const minute = Number(m[1]) * 60 + Number(m[2]);
  return Number(m[2]) < 60 && minute <= DAY_MIN ? minute : null;
}

export function toBody(draft: Draft): RecordPlanIn {
  return { name: draft.name.trim(), main: ruleOf(draft.main), sub: ruleOf(draft.sub), pre_s: draft.preS, post_s: draft.postS };
}

export function draftOf(plan: RecordPlan): Draft {
  return { name: plan.name, main: draftRule(plan.main), sub: draftRule(plan.sub), preS: plan.pre_s, postS: plan.post_s };
}

function ruleOf(rule: RuleDraft): PlanRule {
  if (rule.mode !== 'week') return { mode: rule.mode };
  const rows = (names: readonly RowName[]) => Object.fromEntries(names.map((n) => [n, rule.week[n].map((p) => ({ from_min: p.from, to_min: p.to, kind: p.kind }))]));
  return { mode: 'week', week: { ...rows(DAYS), holiday: rule.ownHoliday ? (rows(['holiday'])['holiday'] ?? []) : null } };
}

function draftRule(rule: PlanRule): RuleDraft {
  const { week } = rule;
  if (!week) return { mode: rule.mode, week: FIRST_WEEK, ownHoliday: true };
  const row = (name: RowName): Row => (week[name] ?? []).map((p) => ({ from: p.from_min, to: p.to_min, kind: p.kind ?? 'continuous' }));
  return { mode: rule.mode, week: Object.fromEntries(ROWS.map((n) => [n, row(n)])) as Record<RowName, Row>, ownHoliday: Array.isArray(week.holiday) };
}

/** What a date follows: its weekday, or what the holiday calendar says. */
export function rowFor(rule: RuleDraft, weekday: number, follows: RowName | null): RowName {
  const own = DAYS[weekday] ?? 'monday';
  if (follows === null || (follows === 'holiday' && !rule.ownHoliday)) return own;
  return follows;
}

/** One day of a rule as it is recorded. */
export function dayOf(rule: RuleDraft, name: RowName): Row {
  if (rule.mode === 'never') return [];
  if (rule.mode === 'week') return rule.week[name];
  return [{ from: 0, to: DAY_MIN, kind: rule.mode === 'always' ? 'continuous' : 'event' }];
}
