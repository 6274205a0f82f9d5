/** Proof at a glance: the last signed root, stamps, reading recordings again, and what was found damaged. */

import { SafetyCertificateOutlined, SyncOutlined } from '@ant-design/icons';
import { useQuery } from '@tanstack/react-query';
import { App, Button, Descriptions, Table, Tag, Typography, type TableColumnsType } from 'antd';
import { useTranslation } from 'react-i18next';
import type { Integrity } from '@/client/types.gen';
import { camerasQuery, systemQuery } from '@/shared/api/queries';
import { bytesText } from '@/shared/lib/bytes';
import { problemOfError, problemText } from '@/shared/lib/problems';
import { scaled } from '@/shared/lib/screen';
import { dateTimeMsText, dateTimeText, parseUs } from '@/shared/lib/time';
import { PageBar } from '@/shared/ui/PageBar';
import { Failure, Loading, Nothing } from '@/shared/ui/states';
import { integrityQuery, useScrub } from './queries';

type Damage = Integrity['damages'][number];
type Scrub = Integrity['scrub'][number];

const LATE_MINUTES = 2;
/** The node's words for what is damaged (vms/record/damage.py) → the console's. */
const TEXTS = {
  changed: 'integrity.kind.changed',
  'cut off': 'integrity.kind.cut',
  'its seal is changed': 'integrity.kind.seal',
  'the file is gone': 'integrity.kind.gone',
  'the closing table; every GOP holds': 'integrity.kind.table',
  'what stands before the first GOP; every GOP holds': 'integrity.kind.front',
  'the file has another size; every GOP holds': 'integrity.kind.size',
  'the GOPs are not those of the index': 'integrity.kind.other',
} as const;
const KINDS: Partial<Record<string, (typeof TEXTS)[keyof typeof TEXTS]>> = TEXTS;
const timeText = (value: string | null): string => {
  const us = parseUs(value);
  return us === null ? '–' : dateTimeText(us);
};

export function IntegrityPage({ openPlayback }: { openPlayback: (camera: string, atUs: number) => void }) {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const integrity = useQuery(integrityQuery());
  const scrub = useScrub();
  const failed = (error: unknown) => void message.error(`${t(problemText(problemOfError(error)))} ${problemOfError(error).requestId}`);
  const view = integrity.data;
  return (
    <div className="points">
      <PageBar title={t('nav.integrity')}>
        <Button type="primary" icon={<SyncOutlined />} loading={scrub.isPending} onClick={() => scrub.mutate(undefined, { onError: failed, onSuccess: () => void message.success(t('integrity.scrub_begun')) })}>
          {t('integrity.scrub_now')}
        </Button>
        <span className="secondary small">{t('integrity.scrub_hint')}</span>
      </PageBar>
      {integrity.isError && !view && <Failure error={integrity.error} retry={() => void integrity.refetch()} />}
      {integrity.isPending && <Loading rows={10} />}
      {view && (
        <div className="integrity">
          <RootPanel view={view} />
          <ScrubPanel rows={view.scrub} />
          <DamagePanel view={view} openPlayback={openPlayback} />
        </div>
      )}
    </div>
  );
}

function RootPanel({ view }: { view: Integrity }) {
  const { t } = useTranslation();
  const key = view.keys.at(-1);
  const late = view.lag_minutes > LATE_MINUTES;
  const stamp = !view.stamping ? t('integrity.stamp_off') : view.pending_stamps > 0 ? t('integrity.stamp_pending', { count: view.pending_stamps }) : t('integrity.stamp_ok');
  return (
    <section aria-label={t('integrity.roots')}>
      <h4>
        <SafetyCertificateOutlined /> {t('integrity.roots')} <Tag color={view.root === null || late ? 'error' : 'success'}>{view.root === null ? t('integrity.no_root') : late ? t('integrity.late', { count: view.lag_minutes }) : t('integrity.on_time')}</Tag>
      </h4>
      <Descriptions
        size="small"
        column={2}
        items={[
          { key: 'root', label: t('integrity.last_root'), children: <span className="mono">{timeText(view.root?.at ?? null)}</span> },
          { key: 'size', label: t('integrity.records'), children: <span className="mono">{view.root?.tree_size.toLocaleString('en') ?? '–'}</span> },
          { key: 'stamp', label: t('integrity.stamps'), children: <span>{stamp}</span> },
          { key: 'stamped', label: t('integrity.last_stamp'), children: <span className="mono">{timeText(view.last_stamp_at)}</span> },
          {
            key: 'key',
            label: t('integrity.key'),
            span: 2,
            children: key ? (
              <Typography.Text className="mono" copyable={{ text: key.fingerprint }}>
                {key.fingerprint.match(/.{8}/g)?.join(' ')}
              </Typography.Text>
            ) : (
              '–'
            ),
          },
        ]}
      />
    </section>
  );
}

function ScrubPanel({ rows }: { rows: Scrub[] }) {
  const { t } = useTranslation();
  const volumes = useQuery(systemQuery()).data?.volumes;
  const pathOf = (id: string) => volumes?.find((v) => v.id === id)?.path ?? id.slice(0, 8);
  const columns: TableColumnsType<Scrub> = [
    { title: t('integrity.volume'), dataIndex: 'volume', ellipsis: true, render: (v: string) => <span className="mono" title={v}>{pathOf(v)}</span> },
    { title: t('integrity.pass'), width: scaled(110), render: (_v, s) => <Tag color={s.running ? 'processing' : 'default'}>{t(s.running ? 'integrity.running' : 'integrity.finished')}</Tag> },
    { title: t('integrity.started'), width: scaled(190), render: (_v, s) => <span className="mono">{timeText(s.started_at)}</span> },
    { title: t('integrity.read'), align: 'right', width: scaled(150), render: (_v, s) => <span className="mono">{s.last_whole_segments > 0 ? `${s.segments} / ${s.last_whole_segments}` : s.segments}</span> },
    { title: t('integrity.size'), align: 'right', width: scaled(120), render: (_v, s) => <span className="mono">{bytesText(s.bytes)}</span> },
    { title: t('integrity.found'), align: 'right', width: scaled(100), render: (_v, s) => <span className={s.damaged > 0 ? 'mono tree-off' : 'mono'}>{s.damaged}</span> },
    { title: t('integrity.last_whole'), width: scaled(200), render: (_v, s) => <span className="mono">{timeText(s.last_whole_at)}</span> },
  ];
  return (
    <section aria-label={t('integrity.scrub')}>
      <h4>{t('integrity.scrub')}</h4>
      <Table size="small" rowKey="volume" columns={columns} dataSource={rows} pagination={false} locale={{ emptyText: t('integrity.scrub_none') }} />
    </section>
  );
}

function DamagePanel({ view, openPlayback }: { view: Integrity; openPlayback: (camera: string, atUs: number) => void }) {
  const { t } = useTranslation();
  const cameras = useQuery(camerasQuery());
  const nameOf = (id: string) => cameras.data?.find((c) => c.id === id)?.name ?? id.slice(0, 8);
  const whatText = (what: string) => {
    const gop = /^GOP (\d+): /.exec(what);
    const kind = gop ? what.slice(gop[0].length) : what;
    const known = KINDS[kind];
    return (gop ? t('integrity.gop', { number: Number(gop[1]) + 1 }) : '') + (known ? t(known) : kind);
  };
  const span = (d: Damage) => `${dateTimeMsText(parseUs(d.from) ?? 0)} – ${dateTimeMsText(parseUs(d.to) ?? 0).slice(11)}`;
  const columns: TableColumnsType<Damage> = [
    { title: t('integrity.camera'), width: scaled(260), ellipsis: true, render: (_v, d) => <span title={nameOf(d.camera)}>{nameOf(d.camera)}</span> },
    { title: t('integrity.span'), width: scaled(330), render: (_v, d) => <span className="mono">{span(d)}</span> },
    { title: t('integrity.what'), ellipsis: true, render: (_v, d) => whatText(d.what) },
    { title: t('integrity.found_at'), width: scaled(190), render: (_v, d) => <span className="mono">{timeText(d.found_at)}</span> },
    {
      title: t('points.actions'),
      width: scaled(100),
      render: (_v, d) => (
        <Button type="link" size="small" onClick={() => openPlayback(d.camera, parseUs(d.from) ?? 0)}>
          {t('integrity.play')}
        </Button>
      ),
    },
  ];
  return (
    <section aria-label={t('integrity.damaged')}>
      <h4>
        {t('integrity.damaged')} <Tag color={view.damaged_segments > 0 ? 'error' : 'success'}>{t('integrity.damaged_count', { count: view.damaged_segments })}</Tag>
      </h4>
      {view.damages.length === 0 ? (
        <Nothing text={t('integrity.damaged_none')} />
      ) : (
        <Table size="small" rowKey={(d) => `${d.segment}-${d.from}`} columns={columns} dataSource={view.damages} pagination={{ pageSize: 20, hideOnSinglePage: true }} />
      )}
    </section>
  );
}
