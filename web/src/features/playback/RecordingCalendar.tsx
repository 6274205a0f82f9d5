/** Days with recordings are underlined; a click goes to the start of the day. */

import { useQuery } from '@tanstack/react-query';
import { Calendar } from 'antd';
import dayjs, { type Dayjs } from 'dayjs';
import { memo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { instantUs } from '@/shared/lib/time';
import { calendarQuery } from './queries';

interface Props {
  camera: string;
  /** The shown day as `2026-01-31`. */
  day: string;
  onDay: (dayStartUs: number) => void;
}

export const RecordingCalendar = memo(function RecordingCalendar({ camera, day, onDay }: Props) {
  const { t } = useTranslation();
  const [month, setMonth] = useState(() => day.slice(0, 7));
  const days = useQuery(calendarQuery(camera, month));
  const recorded = new Set(days.data?.days ?? []);
  const value = dayjs(day);
  return (
    <div className="calendar" aria-label={t('playback.calendar')}>
      <Calendar
        fullscreen={false}
        value={value.format('YYYY-MM') === month ? value : dayjs(`${month}-01`)}
        onPanelChange={(date) => setMonth(date.format('YYYY-MM'))}
        onSelect={(date: Dayjs, { source }) => {
          setMonth(date.format('YYYY-MM'));
          if (source === 'date') onDay(instantUs(date.format('YYYY-MM-DD')));
        }}
        fullCellRender={(date: Dayjs) => {
          const text = date.format('YYYY-MM-DD');
          const has = recorded.has(text);
          const classes = ['day', has ? 'day-has' : '', text === day ? 'day-on' : '', text.slice(0, 7) === month ? '' : 'day-out'];
          return (
            <div className={classes.join(' ')} title={has ? t('playback.has_recording') : t('playback.no_recording')}>
              {date.date()}
            </div>
          );
        }}
      />
    </div>
  );
});
