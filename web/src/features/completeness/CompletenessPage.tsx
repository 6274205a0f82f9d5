/** 录像完整率: how much of the planned time is recorded, camera by camera and day by day, the worst first. */

import { DownloadOutlined, ReloadOutlined, SafetyCertificateOutlined } from '@ant-design/icons';
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { App, Button, DatePicker, Dropdown, Progress, Select } from 'antd';
import dayjs from 'dayjs';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { refreshCompleteness } from '@/client/sdk.gen';
import { regionsQuery } from '@/shared/api/queries';
import { gapText } from '@/shared/lib/causes';
import { nowUs, useNow } from '@/shared/lib/clock';
import { problemOfError, problemText } from '@/shared/lib/problems';
import { dateText } from '@/shared/lib/time';
import { useStable } from '@/shared/lib/useStable';
import { PageBar } from '@/shared/ui/PageBar';
import { Failure, Loading, Nothing } from '@/shared/ui/states';
import { HeatMap } from './HeatMap';
import { completenessQuery, statementPath, type Wanted } from './queries';
import { LEAST, lengthText, LEVELS, lostBy, rateText } from './scale';
import { CAUSES, causeOf, daysOf, monthOf, orderOf, type CompletenessSearch } from './search';

interface Props {
  search: CompletenessSearch;
  setSearch: (search: CompletenessSearch) => void;
  openPlayback: (camera: string, us: number) => void;
}

export function CompletenessPage({ search, setSearch, openPlayback }: Props) {
  const { t } = useTranslation();
  const today = dateText(useNow(60_000));
  const month = monthOf(search, nowUs());
  const days = useMemo(() => daysOf(month, today), [month, today]);
  const wanted: Wanted = { from: days[0] ?? `${month}-01`, to: days.at(-1) ?? `${month}-01`, region: search.region ?? null, cause: causeOf(search), order: orderOf(search) };
  const figures = useInfiniteQuery(completenessQuery(wanted));
  const regions = useQuery(regionsQuery());
  const rows = useMemo(() => figures.data?.pages.flatMap((page) => page.items) ?? [], [figures.data]);
  const head = figures.data?.pages[0];
  const more = useStable(() => {
    if (figures.hasNextPage && !figures.isFetching) void figures.fetchNextPage();
  });
  const change = (part: Record<keyof CompletenessSearch, string | null> | Partial<Record<keyof CompletenessSearch, string | null>>) => {
    const next = Object.entries({ ...search, ...part }).filter((p): p is [string, string] => typeof p[1] === 'string' && p[1] !== '');
    setSearch(Object.fromEntries(next));
  };

  return (
    <div className="points">
      <PageBar title={t('nav.completeness')}>
        <DatePicker
          picker="month"
          allowClear={false}
          value={dayjs(`${month}-01`)}
          aria-label={t('completeness.month')}
          disabledDate={(day) => day.format('YYYY-MM') > today.slice(0, 7)}
          onChange={(day) => day && change({ month: day.format('YYYY-MM') })}
        />
        <Select<string>
          className="filter"
          value={search.region ?? ''}
          aria-label={t('points.region')}
          options={[{ value: '', label: t('completeness.all_regions') }, ...(regions.data ?? []).map((r) => ({ value: r.id, label: r.name }))]}
          onChange={(region) => change({ region })}
        />
        <Select<string>
          className="filter"
          value={wanted.cause ?? ''}
          aria-label={t('completeness.cause')}
          options={[{ value: '', label: t('completeness.all_causes') }, ...CAUSES.map((c) => ({ value: c, label: t(gapText(c)) }))]}
          onChange={(cause) => change({ cause })}
        />
        <Select<string>
          value={wanted.order}
          aria-label={t('completeness.order')}
          options={[
            { value: 'worst', label: t('completeness.worst_first') },
            { value: 'name', label: t('completeness.by_name') },
          ]}
          onChange={(order) => change({ order: order === 'worst' ? null : order })}
        />
        <span className="spacer" />
        {head && <Job done={head.job.done} waiting={head.job.waiting} />}
        <Documents wanted={wanted} />
      </PageBar>
      {head && head.cameras > 0 && (
        <div className="toolbar heat-sum">
          <strong className="heat-total mono">{head.total.rate === null ? '–' : `${rateText(head.total.rate)} %`}</strong>
          <span className="secondary small">
            {t('completeness.sum', { cameras: head.cameras, planned: lengthText(head.total.planned_us), recorded: lengthText(head.total.recorded_us) })}
          </span>
          {lostBy(head.total.gaps).length > 0 && <span className="secondary small">{t('completeness.most_lost')}</span>}
          {lostBy(head.total.gaps)
            .slice(0, 4)
            .map(([cause, us]) => (
              <span key={cause} className="small">
                {t(gapText(cause))} <span className="mono">{lengthText(us)}</span>
              </span>
            ))}
          <span className="spacer" />
          <Legend />
        </div>
      )}
      {figures.isError && !figures.data && <Failure error={figures.error} retry={() => void figures.refetch()} />}
      {figures.isPending && <Loading rows={14} />}
      {head && rows.length === 0 && <Nothing text={t(head.job.waiting > 0 ? 'completeness.being_counted' : wanted.cause || wanted.region ? 'completeness.none_match' : 'completeness.empty')} />}
      {rows.length > 0 && <HeatMap rows={rows} days={days} onEnd={more} open={openPlayback} />}
    </div>
  );
}

function Legend() {
  const { t } = useTranslation();
  return (
    <span className="heat-legend small" role="img" aria-label={t('completeness.legend')}>
      {LEVELS.map((level) => (
        <span key={level}>
          <i className={`heat-cell heat-${level}`} /> {level === 'none' ? t('completeness.nothing_due') : `${LEAST[level]} %`}
        </span>
      ))}
    </span>
  );
}

/** How far the count is, while it is at it. */
function Job({ done, waiting }: { done: number; waiting: number }) {
  const { t } = useTranslation();
  if (waiting === 0) return null;
  return (
    <span className="heat-job small" role="status">
      {t('completeness.counting', { waiting })}
      <Progress percent={Math.floor((done / (done + waiting)) * 100)} size="small" showInfo={false} />
    </span>
  );
}

function Documents({ wanted }: { wanted: Wanted }) {
  const { t, i18n } = useTranslation();
  const { message } = App.useApp();
  const client = useQueryClient();
  const language = i18n.language === 'en' ? 'en' : 'zh';
  const refresh = useMutation({
    mutationFn: () => refreshCompleteness({ body: { from_day: wanted.from, to_day: wanted.to } }),
    onSuccess: ({ data }) => {
      void message.success(t('completeness.queued', { count: data.waiting }));
      void client.invalidateQueries({ queryKey: ['completeness'] });
    },
    onError: (error) => void message.error(t(problemText(problemOfError(error)))),
  });
  const tables = [
    { key: 'csv', label: <a href={statementPath(wanted, 'csv', language)} download>{t('completeness.csv')}</a> },
    { key: 'html', label: <a href={statementPath(wanted, 'html', language)} download>{t('completeness.html')}</a> },
  ];
  return (
    <>
      <Button icon={<ReloadOutlined />} loading={refresh.isPending} onClick={() => refresh.mutate()}>
        {t('completeness.recount')}
      </Button>
      <Dropdown menu={{ items: tables }} trigger={['click']}>
        <Button icon={<DownloadOutlined />}>{t('completeness.export')}</Button>
      </Dropdown>
      <Button type="primary" icon={<SafetyCertificateOutlined />} href={statementPath(wanted, 'zip', language)} download>
        {t('completeness.statement')}
      </Button>
    </>
  );
}
