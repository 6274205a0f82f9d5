/** 录像计划: named plans with how many cameras follow each, their editor, and the holiday calendar. */

import { PlusOutlined } from '@ant-design/icons';
import { useQuery } from '@tanstack/react-query';
import { App, Button, Segmented } from 'antd';
import { useTranslation } from 'react-i18next';
import { holidaysQuery, plansQuery } from '@/shared/api/queries';
import type { RecordPlan } from '@/shared/api/types';
import { useHotkeys } from '@/shared/lib/hotkeys';
import { problemOfError, problemText } from '@/shared/lib/problems';
import { PageBar } from '@/shared/ui/PageBar';
import { Failure, Loading, Nothing } from '@/shared/ui/states';
import { Holidays } from './Holidays';
import { useDeletePlan } from './mutations';
import { PlanEditor } from './PlanEditor';
import { MODE_TEXT } from './words';

export interface PlansSearch {
  plan?: string;
  tab?: string;
}

const NEW = 'new';

export function PlansPage({ search, setSearch }: { search: PlansSearch; setSearch: (search: PlansSearch) => void }) {
  const { t } = useTranslation();
  const { modal, message } = App.useApp();
  const plans = useQuery(plansQuery());
  const holidays = useQuery(holidaysQuery());
  const remove = useDeletePlan();
  const tab = search.tab === 'holidays' ? 'holidays' : 'plans';
  const open = (plan: string) => setSearch({ plan });
  useHotkeys('plans', t('nav.plans'), [{ keys: 'KeyN', text: t('plans.add'), run: () => open(NEW) }]);
  const shown = plans.data?.find((p) => p.id === search.plan) ?? (search.plan === NEW ? null : (plans.data?.[0] ?? null));
  const editing = search.plan === NEW || shown !== null;
  const confirmDelete = (plan: RecordPlan) =>
    void modal.confirm({
      title: t('plans.delete_title', { name: plan.name }),
      content: t('plans.delete_text'),
      okText: t('action.delete'),
      okButtonProps: { danger: true },
      cancelText: t('action.cancel'),
      onOk: () =>
        remove.mutateAsync(plan.id).catch((error: unknown) => {
          const problem = problemOfError(error);
          void message.error(problem.code === 'conflict' ? t('plans.in_use') : `${t(problemText(problem))} ${problem.requestId}`);
        }),
    });

  return (
    <div className="plans">
      <PageBar title={t('nav.plans')}>
        <Segmented
          value={tab}
          options={[
            { value: 'plans', label: t('nav.plans') },
            { value: 'holidays', label: t('plans.holidays') },
          ]}
          onChange={(next) => setSearch(next === 'holidays' ? { tab: 'holidays' } : {})}
        />
        {tab === 'plans' && (
          <Button type="primary" icon={<PlusOutlined />} onClick={() => open(NEW)}>
            {t('plans.add')}
          </Button>
        )}
      </PageBar>
      {tab === 'holidays' && <Holidays />}
      {tab === 'plans' && plans.isError && !plans.data && <Failure error={plans.error} retry={() => void plans.refetch()} />}
      {tab === 'plans' && plans.isPending && <Loading rows={10} />}
      {tab === 'plans' && plans.data && (
        <div className="plans-body">
          <ul className="plans-list" aria-label={t('nav.plans')}>
            {plans.data.map((plan) => (
              <li key={plan.id} className={shown?.id === plan.id ? 'plans-on' : ''}>
                <button type="button" onClick={() => open(plan.id)} aria-current={shown?.id === plan.id}>
                  <span className="tree-name" title={plan.name}>
                    {plan.name}
                  </span>
                  <span className="secondary small">
                    {t('plans.used', { count: plan.cameras })} · {t('plans.short.main')} {t(MODE_TEXT[plan.main.mode])} · {t('plans.short.sub')} {t(MODE_TEXT[plan.sub.mode])}
                  </span>
                </button>
                <Button type="link" size="small" danger disabled={plan.cameras > 0} title={plan.cameras > 0 ? t('plans.in_use') : ''} onClick={() => confirmDelete(plan)}>
                  {t('action.delete')}
                </Button>
              </li>
            ))}
            {plans.data.length === 0 && <li className="secondary pad">{t('plans.none')}</li>}
          </ul>
          {editing ? <PlanEditor key={shown?.id ?? NEW} plan={shown} holidays={holidays.data ?? []} onSaved={open} /> : <Nothing text={t('plans.empty_hint')} />}
        </div>
      )}
    </div>
  );
}
