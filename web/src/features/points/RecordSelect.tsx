/** What a camera's recording follows: a short form or a named plan. */

import { useQuery } from '@tanstack/react-query';
import { Select } from 'antd';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { plansQuery } from '@/shared/api/queries';
import type { RecordChoice } from '@/shared/api/types';

const SHORT = [
  ['always', 'points.record_always'],
  ['event', 'points.record_event'],
  ['never', 'points.record_never'],
] as const;

interface Props {
  value?: RecordChoice;
  onChange?: (value: RecordChoice) => void;
  label?: string;
  size?: 'small';
}

export function RecordSelect({ value, onChange, label, size }: Props) {
  const { t } = useTranslation();
  const plans = useQuery(plansQuery());
  const options = useMemo(
    () => [
      { label: t('points.record_simple'), options: SHORT.map(([value, text]) => ({ value, label: t(text) })) },
      ...(plans.data && plans.data.length > 0 ? [{ label: t('nav.plans'), options: plans.data.map((p) => ({ value: p.id, label: p.name })) }] : []),
    ],
    [plans.data, t],
  );
  return (
    <Select<RecordChoice>
      {...(value === undefined ? {} : { value })}
      {...(onChange ? { onChange } : {})}
      {...(label ? { 'aria-label': label } : {})}
      {...(size ? { size } : {})}
      showSearch={{ optionFilterProp: 'label' }}
      popupMatchSelectWidth={false}
      options={options}
      className="record-select"
    />
  );
}
