/** Paint a span to the minute: the grid has cells of half an hour. */

import { Button, Input, Space } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { minutesOf } from './week';

export function ExactTimes({ day, onApply }: { day: string; onApply: (from: number, to: number) => void }) {
  const { t } = useTranslation();
  const [from, setFrom] = useState('08:00');
  const [to, setTo] = useState('18:00');
  const [a, b] = [minutesOf(from), minutesOf(to)];
  const good = a !== null && b !== null && a < b;
  const apply = () => {
    if (good) onApply(a, b);
  };
  return (
    <Space size={6}>
      <span className="secondary">{t('plans.exact', { day })}</span>
      <Input className="exact mono" status={a === null || !good ? 'error' : ''} value={from} maxLength={5} aria-label={t('plans.from')} onChange={(e) => setFrom(e.target.value)} onPressEnter={apply} />
      –
      <Input className="exact mono" status={b === null || !good ? 'error' : ''} value={to} maxLength={5} aria-label={t('plans.to')} onChange={(e) => setTo(e.target.value)} onPressEnter={apply} />
      <Button disabled={!good} onClick={apply}>
        {t('plans.apply')}
      </Button>
    </Space>
  );
}
