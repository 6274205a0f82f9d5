/** The node's holiday calendar: dates that follow another row of every plan's week. */

import { useQuery } from '@tanstack/react-query';
import { App, Button, DatePicker, Input, Select, Table, type TableColumnsType } from 'antd';
import type { Dayjs } from 'dayjs';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { holidaysQuery } from '@/shared/api/queries';
import type { Holiday } from '@/shared/api/types';
import { problemOfError, problemText } from '@/shared/lib/problems';
import { scaled } from '@/shared/lib/screen';
import { useHeight } from '@/shared/lib/useHeight';
import { Failure, Loading, Nothing } from '@/shared/ui/states';
import { useDeleteHoliday, usePutHolidays } from './mutations';
import { DAYS, ROWS } from './week';
import { DAY_TEXT } from './words';

const MOST_DAYS = 60;
const HEAD_PX = scaled(40);

export function Holidays() {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const holidays = useQuery(holidaysQuery());
  const put = usePutHolidays();
  const remove = useDeleteHoliday();
  const [box, height] = useHeight();
  const [span, setSpan] = useState<[Dayjs, Dayjs] | null>(null);
  const [name, setName] = useState('');
  const [follows, setFollows] = useState<Holiday['follows']>('holiday');
  const failed = (error: unknown) => void message.error(`${t(problemText(problemOfError(error)))} ${problemOfError(error).requestId}`);
  const days = span ? daysOf(span) : [];
  const add = () => {
    put.mutate(days.map((date) => ({ date, name: name.trim(), follows })), {
      onError: failed,
      onSuccess: () => {
        setSpan(null);
        setName('');
      },
    });
  };
  const columns: TableColumnsType<Holiday> = [
    { title: t('plans.date'), dataIndex: 'date', width: scaled(200), render: (date: string) => <span className="mono">{`${date}  ${t(DAY_TEXT[weekdayOf(date)])}`}</span> },
    { title: t('plans.holiday_name'), dataIndex: 'name', ellipsis: true },
    { title: t('plans.follows'), dataIndex: 'follows', width: scaled(220), render: (f: Holiday['follows']) => (f === 'holiday' ? t('plans.day.holiday') : t('plans.as_day', { day: t(DAY_TEXT[f]) })) },
    {
      title: t('points.actions'),
      width: scaled(100),
      render: (_v, h) => (
        <Button type="link" size="small" danger onClick={() => remove.mutate(h.date, { onError: failed })}>
          {t('action.delete')}
        </Button>
      ),
    },
  ];
  return (
    <div className="holidays">
      <div className="plan-bar">
        <DatePicker.RangePicker value={span} onChange={(v) => setSpan(v?.[0] && v[1] ? [v[0], v[1]] : null)} aria-label={t('plans.date')} />
        <Input className="filter" value={name} maxLength={100} placeholder={t('plans.holiday_name')} aria-label={t('plans.holiday_name')} onChange={(e) => setName(e.target.value)} />
        <Select<Holiday['follows']>
          className="filter"
          value={follows}
          aria-label={t('plans.follows')}
          onChange={setFollows}
          options={ROWS.toReversed().map((r) => ({ value: r, label: r === 'holiday' ? t('plans.day.holiday') : t('plans.as_day', { day: t(DAY_TEXT[r]) }) }))}
        />
        <Button type="primary" loading={put.isPending} disabled={days.length === 0 || days.length > MOST_DAYS || name.trim() === ''} onClick={add}>
          {days.length === 0 ? t('plans.add_holiday') : t('plans.add_days', { count: days.length })}
        </Button>
      </div>
      <p className="secondary small holiday-hint">{t('plans.holiday_hint')}</p>
      {holidays.isError && !holidays.data && <Failure error={holidays.error} retry={() => void holidays.refetch()} />}
      {holidays.isPending && <Loading rows={6} />}
      {holidays.data?.length === 0 && <Nothing text={t('plans.no_holidays')} />}
      <div className="holiday-table" ref={box}>
        {holidays.data && holidays.data.length > 0 && (
          <Table<Holiday> size="small" rowKey="date" columns={columns} dataSource={holidays.data} pagination={false} scroll={{ y: Math.max(120, height - HEAD_PX) }} />
        )}
      </div>
    </div>
  );
}

function daysOf([first, last]: [Dayjs, Dayjs]): string[] {
  const count = Math.min(MOST_DAYS + 1, last.diff(first, 'day') + 1);
  return Array.from({ length: Math.max(0, count) }, (_x, n) => first.add(n, 'day').format('YYYY-MM-DD'));
}

const weekdayOf = (date: string) => DAYS[(new Date(`${date}T00:00:00Z`).getUTCDay() + 6) % 7] ?? 'monday';
