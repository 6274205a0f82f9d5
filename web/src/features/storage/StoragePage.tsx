/** 存储: volumes with their fill, what is at risk, how long recordings stay, what went lately and why. */

import { useQuery } from '@tanstack/react-query';
import { Alert, Button, Table, Tooltip, type TableColumnsType } from 'antd';
import type { ParseKeys } from 'i18next';
import { useCallback, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { StorageCamera, StorageDeletion, StorageVolume } from '@/client/types.gen';
import { camerasQuery, regionsQuery } from '@/shared/api/queries';
import { bytesText } from '@/shared/lib/bytes';
import { scaled } from '@/shared/lib/screen';
import { dateTimeText, DAY_US, parseUs } from '@/shared/lib/time';
import { PageBar } from '@/shared/ui/PageBar';
import { Failure, Loading, Nothing } from '@/shared/ui/states';
import { useAgeText } from '@/shared/ui/text';
import { deletionsQuery, keptQuery, rulesQuery, volumesQuery } from './queries';
import { RuleDrawer, type RuleSubject } from './RuleDrawer';

const LEVELS = [70, 85, 95];
const RULE_TEXT: Record<string, ParseKeys> = {
  days: 'storage.rule.days',
  camera_bytes: 'storage.rule.camera_bytes',
  region_bytes: 'storage.rule.region_bytes',
  volume_bytes: 'storage.rule.volume_bytes',
  floor_sub: 'storage.rule.floor_sub',
  floor: 'storage.rule.floor',
  rescued: 'storage.rule.rescued',
  volume_lost: 'storage.rule.volume_lost',
};
const SCOPE_TEXT: Record<string, ParseKeys> = { camera: 'storage.scope.camera', region: 'storage.scope.region', volume: 'storage.scope.volume', node: 'storage.scope.node' };

export function StoragePage() {
  const { t } = useTranslation();
  const volumes = useQuery(volumesQuery());
  const [editing, setEditing] = useState<RuleSubject | null>(null);
  const names = useNames(volumes.data ?? []);
  return (
    <div className="desk">
      <PageBar title={t('nav.storage')}>
        <span className="secondary small">{t('storage.hint')}</span>
      </PageBar>
      <div className="desk-body">
        {volumes.isError && !volumes.data && <Failure error={volumes.error} retry={() => void volumes.refetch()} />}
        {volumes.isPending && <Loading rows={10} />}
        {volumes.data && (
          <>
            {volumes.data.filter((v) => v.at_risk).map((v) => <Alert key={v.id} type="error" showIcon title={t('storage.at_risk', { path: v.path })} description={t('storage.at_risk_advice')} />)}
            {volumes.data.filter((v) => v.short).map((v) => <Alert key={v.id} type="warning" showIcon title={t('storage.short', { path: v.path })} />)}
            <section className="volumes" aria-label={t('storage.volumes')}>
              {volumes.data.map((volume) => (
                <Volume key={volume.id} volume={volume} edit={() => setEditing({ scope: 'volume', id: volume.id, name: volume.path })} />
              ))}
            </section>
            <Rules names={names} edit={setEditing} />
            <Kept names={names} edit={setEditing} />
            <Deletions names={names} />
          </>
        )}
      </div>
      {editing && <RuleDrawer subject={editing} onClose={() => setEditing(null)} />}
    </div>
  );
}

function Volume({ volume, edit }: { volume: StorageVolume; edit: () => void }) {
  const { t } = useTranslation();
  const limit = volume.quota_bytes ?? volume.capacity_bytes;
  return (
    <article className="volume">
      <header>
        <b className="mono">{volume.path}</b>
        {volume.state !== 'ok' && <span className="volume-bad">✕ {t(volume.state === 'full' ? 'storage.full' : 'storage.failed')}</span>}
        <span className="spacer" />
        <Button size="small" onClick={edit}>
          {t('storage.set_rule')}
        </Button>
      </header>
      <Bar label={t('storage.used')} percent={volume.percent} level={volume.level} text={`${bytesText((volume.percent / 100) * limit)} / ${bytesText(limit)}`} />
      <Bar label={t('storage.held')} percent={volume.held_percent} level={volume.held_level} text={bytesText(volume.held_bytes)} />
      <dl>
        <Fact name={t('storage.free')} value={bytesText(volume.free_bytes)} />
        <Fact name={t('storage.floor')} value={bytesText(volume.floor_bytes)} />
        <Fact name={t('storage.written')} value={volume.write_bytes_per_day > 0 ? bytesText(volume.write_bytes_per_day) : '–'} />
        <Fact name={t('storage.days_left')} value={volume.days_left === null ? '–' : t('storage.days', { count: Math.round(volume.days_left * 10) / 10 })} />
        <Fact name={t('storage.keep')} value={volume.days === null ? t('storage.as_room') : t('storage.days', { count: volume.days })} />
        <Fact name={t('storage.oldest')} value={timeOf(volume.oldest_at)} />
      </dl>
    </article>
  );
}

/** A fill bar with the three thresholds as marks. */
function Bar({ label, percent, level, text }: { label: string; percent: number; level: number; text: string }) {
  return (
    <div className="fill">
      <span className="fill-name">{label}</span>
      <div className="fill-bar" data-level={Math.max(level, ...LEVELS.filter((at) => percent >= at))} role="meter" aria-label={label} aria-valuenow={percent} aria-valuemin={0} aria-valuemax={100}>
        <i style={{ width: `${Math.min(100, percent)}%` }} />
        {LEVELS.map((at) => (
          <em key={at} style={{ left: `${at}%` }} title={`${at} %`} />
        ))}
      </div>
      <span className="mono fill-text">
        {percent.toFixed(1)} % · {text}
      </span>
    </div>
  );
}

const Fact = ({ name, value }: { name: string; value: string }) => (
  <div>
    <dt>{name}</dt>
    <dd className="mono">{value}</dd>
  </div>
);

type Edit = (subject: RuleSubject) => void;
type Names = (id: string) => string;

function Rules({ names, edit }: { names: Names; edit: Edit }) {
  const { t } = useTranslation();
  const rules = useQuery(rulesQuery());
  const regions = useQuery(regionsQuery());
  if (rules.isError && !rules.data) return <Failure error={rules.error} retry={() => void rules.refetch()} />;
  return (
    <section>
      <h3>{t('storage.rules')}</h3>
      <div className="rule-list">
        {(rules.data ?? []).map((rule) => (
          <span key={`${rule.scope}/${rule.subject}/${rule.changed_by}`} className="rule">
            {t(SCOPE_TEXT[rule.scope] ?? 'storage.scope.node')} {rule.scope !== 'node' && <b>{names(rule.subject)}</b>}{' '}
            {rule.days === null ? '' : rule.days === 0 ? t('storage.as_room') : t('storage.days', { count: rule.days })} {rule.max_bytes ? `≤ ${bytesText(rule.max_bytes)}` : ''}{' '}
            <span className="secondary">{rule.changed_by ? '' : t('storage.from_settings')}</span>
          </span>
        ))}
        <span className="secondary small">{t('storage.for_region')}</span>
        {(regions.data ?? []).map((region) => (
          <Button key={region.id} size="small" type="dashed" onClick={() => edit({ scope: 'region', id: region.id, name: region.name })}>
            {region.name}
          </Button>
        ))}
      </div>
    </section>
  );
}

function Kept({ names, edit }: { names: Names; edit: Edit }) {
  const { t } = useTranslation();
  const age = useAgeText();
  const kept = useQuery(keptQuery());
  const rows = useMemo(() => byName(kept.data ?? [], names), [kept.data, names]);
  const columns: TableColumnsType<StorageCamera> = [
    { title: t('points.name'), render: (_v, r) => <span title={r.camera}>{names(r.camera)}</span>, width: scaled(320), ellipsis: true },
    { title: t('storage.profile'), width: scaled(110), render: (_v, r) => t(r.profile === 'sub' ? 'plans.sub' : 'plans.main') },
    { title: t('storage.size'), align: 'right', width: scaled(110), render: (_v, r) => <span className="mono">{bytesText(r.bytes)}</span>, sorter: (a, b) => a.bytes - b.bytes },
    { title: t('storage.kept'), align: 'right', width: scaled(120), render: (_v, r) => <span className="mono">{age(r.days_kept * DAY_US)}</span>, sorter: (a, b) => a.days_kept - b.days_kept },
    { title: t('storage.oldest'), width: scaled(190), render: (_v, r) => <span className="mono">{timeOf(r.oldest_at)}</span> },
    { title: t('storage.limit'), width: scaled(260), render: (_v, r) => limitText(r.days, r.max_bytes, t('storage.as_room'), (count) => t('storage.days', { count })) + (r.rule ? ` · ${t(SCOPE_TEXT[r.rule] ?? 'storage.scope.node')}` : '') },
    { title: t('points.actions'), width: scaled(120), render: (_v, r) => <Button type="link" size="small" onClick={() => edit({ scope: 'camera', id: r.camera, name: names(r.camera) })}>{t('storage.set_rule')}</Button> },
  ];
  if (kept.isError && !kept.data) return <Failure error={kept.error} retry={() => void kept.refetch()} />;
  return (
    <section>
      <h3>{t('storage.per_camera')}</h3>
      <Table<StorageCamera> size="small" loading={kept.isPending} rowKey={(r) => `${r.camera}/${r.profile}/${r.volume}`} columns={columns} dataSource={rows} pagination={{ pageSize: 10, hideOnSinglePage: true, showSizeChanger: false, size: 'small' }} locale={{ emptyText: t('storage.nothing_kept') }} />
    </section>
  );
}

function Deletions({ names }: { names: Names }) {
  const { t } = useTranslation();
  const gone = useQuery(deletionsQuery());
  const columns: TableColumnsType<StorageDeletion> = [
    { title: t('storage.at'), width: scaled(180), render: (_v, r) => <span className="mono">{timeOf(r.at)}</span> },
    { title: t('points.name'), ellipsis: true, render: (_v, r) => names(r.camera) },
    { title: t('storage.span'), width: scaled(360), render: (_v, r) => <span className="mono">{timeOf(r.from)} – {timeOf(r.to)}</span> },
    { title: t('storage.files'), align: 'right', width: scaled(90), dataIndex: 'segments' },
    { title: t('storage.size'), align: 'right', width: scaled(110), render: (_v, r) => <span className="mono">{bytesText(r.bytes)}</span> },
    { title: t('storage.why'), width: scaled(260), render: (_v, r) => <Tooltip title={r.hold ? t('storage.after_hold', { hold: r.hold }) : null}>{t(RULE_TEXT[r.rule] ?? 'storage.rule.floor')}</Tooltip> },
  ];
  if (gone.isError && !gone.data) return <Failure error={gone.error} retry={() => void gone.refetch()} />;
  return (
    <section>
      <h3>{t('storage.lately')}</h3>
      {gone.data?.length === 0 ? <Nothing text={t('storage.nothing_deleted')} /> : <Table<StorageDeletion> size="small" loading={gone.isPending} rowKey="id" columns={columns} dataSource={gone.data ?? []} pagination={{ pageSize: 10, hideOnSinglePage: true, showSizeChanger: false, size: 'small' }} />}
    </section>
  );
}

function limitText(days: number | null, bytes: number | null, room: string, daysText: (count: number) => string): string {
  return [days === null ? room : daysText(days), ...(bytes ? [`≤ ${bytesText(bytes)}`] : [])].join(' · ');
}

const byName = (rows: readonly StorageCamera[], names: Names): StorageCamera[] =>
  [...rows].sort((a, b) => names(a.camera).localeCompare(names(b.camera), 'zh-CN') || a.profile.localeCompare(b.profile));

const timeOf = (at: string | null): string => {
  const us = parseUs(at);
  return us === null ? '–' : dateTimeText(us);
};

function useNames(volumes: readonly StorageVolume[]): Names {
  const cameras = useQuery(camerasQuery());
  const regions = useQuery(regionsQuery());
  const known = useMemo(() => {
    const found = new Map([...(cameras.data ?? []), ...(regions.data ?? [])].map((c) => [c.id, c.name]));
    for (const volume of volumes) found.set(volume.id, volume.path);
    return found;
  }, [cameras.data, regions.data, volumes]);
  return useCallback((id) => known.get(id) ?? id.slice(0, 8), [known]);
}
