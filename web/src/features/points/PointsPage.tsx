/** 点位: what is registered and how it is; add one by its RTSP address, change, remove, switch recording. */

import { PlusOutlined } from '@ant-design/icons';
import { useQuery } from '@tanstack/react-query';
import { App, Button, Input, Select, Table, Tooltip, type TableColumnsType } from 'antd';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { camerasQuery, regionsQuery } from '@/shared/api/queries';
import type { Camera, CameraState, RecordChoice, Region } from '@/shared/api/types';
import { causeAdvice, causeText, codecName, STATE_TEXT } from '@/shared/lib/causes';
import { sortCameras } from '@/shared/lib/cameraTree';
import { useNow } from '@/shared/lib/clock';
import { useHotkeys } from '@/shared/lib/hotkeys';
import { problemOfError, problemText } from '@/shared/lib/problems';
import { scaled } from '@/shared/lib/screen';
import { dateTimeText, parseUs } from '@/shared/lib/time';
import { useHeight } from '@/shared/lib/useHeight';
import { PageBar } from '@/shared/ui/PageBar';
import { Failure, Loading, Nothing } from '@/shared/ui/states';
import { RecordNowLink } from '@/shared/ui/RecordNow';
import { StateDot, useAgeText } from '@/shared/ui/text';
import { useDeletePoint, useSavePoint } from './mutations';
import { RecordSelect } from './RecordSelect';
import { PointDrawer, type Editing } from './PointDrawer';
import { filtered, stateOf, type PointsSearch } from './search';

interface Props {
  search: PointsSearch;
  setSearch: (search: PointsSearch) => void;
  openLive: (camera: string) => void;
}

const PAGE = 50;
const HEAD_AND_PAGER_PX = scaled(84);

export function PointsPage({ search, setSearch, openLive }: Props) {
  const { t } = useTranslation();
  const cameras = useQuery(camerasQuery());
  const regions = useQuery(regionsQuery());
  const [editing, setEditing] = useState<Editing | null>(null);
  const [pasted, setPasted] = useState('');
  const rows = useMemo(() => filtered(sortCameras(cameras.data ?? []), search), [cameras.data, search]);
  const add = () => {
    setEditing({ pasted });
    setPasted('');
  };
  useHotkeys('points', t('nav.points'), [{ keys: 'KeyN', text: t('points.add_title'), run: add }]);
  const states = Object.keys(STATE_TEXT) as CameraState[];

  return (
    <div className="points">
      <PageBar title={t('nav.points')}>
        <Input
          className="paste"
          value={pasted}
          placeholder={t('points.paste')}
          aria-label={t('points.paste')}
          onChange={(e) => setPasted(e.target.value)}
          onPressEnter={add}
        />
        <Button type="primary" icon={<PlusOutlined />} onClick={add}>
          {t('points.add')}
        </Button>
        <span className="spacer" />
        <Input allowClear className="filter" value={search.q ?? ''} placeholder={t('tree.search')} aria-label={t('tree.search')} onChange={(e) => setSearch({ ...search, q: e.target.value })} />
        <Select<CameraState | null>
          className="filter"
          value={stateOf(search)}
          aria-label={t('points.state')}
          options={[{ value: null, label: t('points.all_states') }, ...states.map((s) => ({ value: s, label: t(STATE_TEXT[s]) }))]}
          onChange={(state) => setSearch({ ...(search.q ? { q: search.q } : {}), ...(state ? { state } : {}) })}
        />
        <span className="secondary small mono">{t('points.shown', { shown: rows.length, total: cameras.data?.length ?? 0 })}</span>
      </PageBar>
      {cameras.isError && !cameras.data && <Failure error={cameras.error} retry={() => void cameras.refetch()} />}
      {cameras.isPending && <Loading rows={14} />}
      {cameras.data?.length === 0 && (
        <Nothing text={t('points.empty_hint')}>
          <Button type="primary" onClick={add}>
            {t('points.add_title')}
          </Button>
        </Nothing>
      )}
      {cameras.data && cameras.data.length > 0 && <PointsTable rows={rows} regions={regions.data ?? []} edit={(camera) => setEditing({ camera })} openLive={openLive} />}
      {editing && <PointDrawer editing={editing} regions={regions.data ?? []} onClose={() => setEditing(null)} />}
    </div>
  );
}

function PointsTable({ rows, regions, edit, openLive }: { rows: Camera[]; regions: readonly Region[]; edit: (camera: Camera) => void; openLive: (camera: string) => void }) {
  const { t } = useTranslation();
  const { modal, message } = App.useApp();
  const remove = useDeletePoint();
  const save = useSavePoint();
  const [box, height] = useHeight();
  const names = useMemo(() => new Map(regions.map((r) => [r.id, r.name])), [regions]);
  const failed = (error: unknown) => void message.error(`${t(problemText(problemOfError(error)))} ${problemOfError(error).requestId}`);
  const confirmDelete = (camera: Camera) =>
    void modal.confirm({
      title: t('points.delete_title', { name: camera.name }),
      content: t('points.delete_text', { code: camera.code ?? '–' }),
      okText: t('action.delete'),
      okButtonProps: { danger: true },
      cancelText: t('action.cancel'),
      onOk: () => remove.mutateAsync(camera.id).catch(failed),
    });
  const setRecord = (camera: Camera, record: RecordChoice) => save.mutate({ id: camera.id, body: { record } }, { onError: failed });

  const columns: TableColumnsType<Camera> = [
    { title: '#', width: scaled(44), align: 'right', render: (_v, _c, i) => <span className="mono secondary">{i + 1}</span> },
    { title: t('points.name'), dataIndex: 'name', width: scaled(170), ellipsis: true, render: (_v, c) => <span title={c.name}>{c.name}</span> },
    { title: t('points.code'), dataIndex: 'code', width: scaled(176), render: (_v, c) => <span className="mono">{c.code ?? '–'}</span> },
    { title: t('points.region'), width: scaled(150), ellipsis: true, responsive: ['xxl'], render: (_v, c) => (c.region_id === null ? '–' : (names.get(c.region_id) ?? '–')) },
    { title: t('points.state'), width: scaled(165), render: (_v, c) => <State camera={c} /> },
    { title: t('points.stream'), width: scaled(200), render: (_v, c) => <Streams camera={c} /> },
    { title: t('points.address'), ellipsis: true, render: (_v, c) => <span className="mono" title={c.profiles[0]?.url}>{hostOf(c)}</span> },
    { title: t('points.last_frame'), width: scaled(90), align: 'right', render: (_v, c) => <LastFrame at={c.last_frame_at} /> },
    {
      title: t('points.record'),
      width: scaled(130),
      render: (_v, c) => <RecordSelect size="small" value={c.record} label={t('points.record_of', { name: c.name })} onChange={(record) => setRecord(c, record)} />,
    },
    {
      title: t('points.actions'),
      width: scaled(240),
      render: (_v, c) => (
        <span className="row-actions">
          <Button type="link" size="small" onClick={() => openLive(c.id)}>
            {t('points.watch')}
          </Button>
          <RecordNowLink camera={c} />
          <Button type="link" size="small" onClick={() => edit(c)}>
            {t('action.edit')}
          </Button>
          <Button type="link" size="small" danger onClick={() => confirmDelete(c)}>
            {t('action.delete')}
          </Button>
        </span>
      ),
    },
  ];
  return (
    <div className="points-table" ref={box}>
      <Table<Camera>
        size="small"
        rowKey="id"
        columns={columns}
        dataSource={rows}
        scroll={{ x: 1200, y: Math.max(120, height - HEAD_AND_PAGER_PX) }}
        pagination={{ pageSize: PAGE, showSizeChanger: false, hideOnSinglePage: true, size: 'small' }}
        locale={{ emptyText: t('tree.no_match') }}
        onRow={(c) => ({ onDoubleClick: () => edit(c) })}
      />
    </div>
  );
}

function State({ camera }: { camera: Camera }) {
  const { t } = useTranslation();
  if (camera.state !== 'offline') {
    return (
      <>
        <StateDot camera={camera} /> {t(STATE_TEXT[camera.state])}
      </>
    );
  }
  return (
    <Tooltip title={camera.cause ? t(causeAdvice(camera.cause)) : null}>
      <StateDot camera={camera} /> {t('camera.state.offline')} · {t(causeText(camera.cause ?? ''))}
    </Tooltip>
  );
}

function Streams({ camera }: { camera: Camera }) {
  const main = camera.profiles.find((p) => p.name === 'main') ?? camera.profiles[0];
  if (!main?.codec) return <>–</>;
  return (
    <span className="mono">
      {codecName(main.codec)} {main.width !== null && main.height !== null && `${main.width}×${main.height}`} {main.fps !== null && `${Math.round(main.fps)}fps`}
      {camera.profiles.length > 1 && <span className="secondary" title={camera.profiles.map((p) => p.name).join(', ')}> +{camera.profiles.length - 1}</span>}
    </span>
  );
}

function LastFrame({ at }: { at: string | null }) {
  const now = useNow(5000);
  const age = useAgeText();
  const us = parseUs(at);
  if (us === null) return <>–</>;
  return (
    <span className="mono" title={dateTimeText(us)}>
      {age(now - us)}
    </span>
  );
}

function hostOf(camera: Camera): string {
  const url = camera.profiles[0]?.url ?? '';
  return url.replace(/^rtsps?:\/\//i, '');
}
