/** Filters of the completeness screen, kept in the URL. Pure. */

import { dateAfter, dateText } from '@/shared/lib/time';

export interface CompletenessSearch {
  month?: string;
  region?: string;
  cause?: string;
  order?: string;
}

/** Causes that planned time is lost by; `schedule` and `not_registered` are not planned, so nothing is lost by them. */
export const CAUSES = ['camera_offline', 'auth', 'network', 'disk_full', 'io_error', 'worker_crash', 'overload_drop', 'operator_stop', 'clock_step', 'power', 'volume_lost', 'unknown'] as const;

export const isMonth = (text: string | undefined): text is string => text !== undefined && /^\d{4}-(0[1-9]|1[0-2])$/.test(text);
export const monthOf = (search: CompletenessSearch, nowUs: number): string => (isMonth(search.month) ? search.month : dateText(nowUs).slice(0, 7));
export const causeOf = (search: CompletenessSearch): string | null => CAUSES.find((c) => c === search.cause) ?? null;
export const orderOf = (search: CompletenessSearch): 'worst' | 'name' => (search.order === 'name' ? 'name' : 'worst');

/** The dates of a month up to today. */
export function daysOf(month: string, today: string): string[] {
  const days: string[] = [];
  for (let day = `${month}-01`; day.startsWith(month) && day <= today; day = dateAfter(day, 1)) days.push(day);
  return days;
}
