/** The coming two weeks as this plan records them, holidays included. */

import { useTranslation } from 'react-i18next';
import type { Holiday } from '@/shared/api/types';
import { nowUs } from '@/shared/lib/clock';
import { DAY_US, dateAfter, dateText } from '@/shared/lib/time';
import { dayOf, DAYS, PROFILES, rowFor, type Draft } from './week';
import { DayBar } from './WeekGrid';
import { DAY_TEXT, SHORT_TEXT } from './words';

const COMING_DAYS = 14;
const MONDAY_US = 4 * DAY_US; // 1970-01-05

export function Preview({ draft, holidays }: { draft: Draft; holidays: readonly Holiday[] }) {
  const { t } = useTranslation();
  const today = dateText(nowUs());
  const named = new Map(holidays.map((h) => [h.date, h]));
  const profiles = PROFILES.filter((p) => draft[p].mode !== 'never');
  return (
    <div className="preview">
      <h4>{t('plans.preview')}</h4>
      {profiles.length === 0 && <p className="secondary">{t('plans.mode_text.never')}</p>}
      {profiles.length > 0 &&
        Array.from({ length: COMING_DAYS }, (_x, n) => {
          const date = dateAfter(today, n);
          const weekday = Math.round((Date.parse(`${date}T00:00:00Z`) * 1000 - MONDAY_US) / DAY_US) % 7;
          const holiday = named.get(date);
          return (
            <div key={date} className="preview-day">
              <span className="mono">{date.slice(5)}</span>
              <span className={holiday || weekday > 4 ? 'week-free preview-name' : 'preview-name'} title={holiday?.name}>
                {holiday ? holiday.name : t(DAY_TEXT[DAYS[weekday] ?? 'monday'])}
              </span>
              <div>
                {profiles.map((p) => (
                  <div key={p} className="preview-line">
                    <span className="secondary small">{t(SHORT_TEXT[p])}</span>
                    <DayBar row={dayOf(draft[p], rowFor(draft[p], weekday, holiday?.follows ?? null))} />
                  </div>
                ))}
              </div>
            </div>
          );
        })}
    </div>
  );
}
