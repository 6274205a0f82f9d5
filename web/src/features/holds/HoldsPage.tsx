/** 保全: what may not be deleted, for which case, until when, and who has to decide. Two persons: the buttons of one are closed to the other. */

import { PlusOutlined } from '@ant-design/icons';
import { useQuery } from '@tanstack/react-query';
import { App, Button, DatePicker, Input, Modal, Select, Table, Tag, Tooltip, type TableColumnsType } from 'antd';
import type { ParseKeys } from 'i18next';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Hold } from '@/client/types.gen';
import { camerasQuery, meQuery } from '@/shared/api/queries';
import { nowUs } from '@/shared/lib/clock';
import { useHotkeys } from '@/shared/lib/hotkeys';
import { problemOfError, problemText } from '@/shared/lib/problems';
import { scaled } from '@/shared/lib/screen';
import { dateTimeText, instantUs, parseUs, SECOND_US, toIso } from '@/shared/lib/time';
import { PageBar } from '@/shared/ui/PageBar';
import { Failure, Loading, Nothing } from '@/shared/ui/states';
import { HoldDrawer, type Wanted } from './HoldDrawer';
import { holdsQuery, useAct, type Act } from './queries';

const HOUR_US = 3600 * SECOND_US;
const STATES: Record<Hold['state'], { text: ParseKeys; colour: string }> = {
  requested: { text: 'holds.state.requested', colour: 'gold' },
  held: { text: 'holds.state.held', colour: 'cyan' },
  release_requested: { text: 'holds.state.release_requested', colour: 'orange' },
  rejected: { text: 'holds.state.rejected', colour: 'default' },
  lapsed: { text: 'holds.state.lapsed', colour: 'default' },
  released: { text: 'holds.state.released', colour: 'default' },
};

type Asking = { act: 'reject' | 'refuse_release' | 'request_release' | 'extend'; hold: Hold };

export function HoldsPage() {
  const { t } = useTranslation();
  const [state, setState] = useState<Hold['state'] | null>(null);
  const [wanted, setWanted] = useState<Wanted | null>(null);
  const holds = useQuery(holdsQuery(state));
  const add = () => setWanted({ cameras: [], fromUs: nowUs() - HOUR_US, toUs: nowUs() });
  useHotkeys('holds', t('nav.holds'), [{ keys: 'KeyN', text: t('holds.add_title'), run: add }]);
  return (
    <div className="desk">
      <PageBar title={t('nav.holds')}>
        <Button type="primary" icon={<PlusOutlined />} onClick={add}>
          {t('holds.add')}
        </Button>
        <span className="spacer" />
        <Select<Hold['state'] | null>
          className="filter"
          value={state}
          aria-label={t('points.state')}
          options={[{ value: null, label: t('points.all_states') }, ...(Object.keys(STATES) as Hold['state'][]).map((s) => ({ value: s, label: t(STATES[s].text) }))]}
          onChange={setState}
        />
      </PageBar>
      <div className="desk-body">
        {holds.isError && !holds.data && <Failure error={holds.error} retry={() => void holds.refetch()} />}
        {holds.isPending && <Loading rows={10} />}
        {holds.data?.length === 0 && <Nothing text={t(state ? 'holds.none_match' : 'holds.empty')} />}
        {holds.data && holds.data.length > 0 && <HoldTable holds={holds.data} />}
      </div>
      {wanted && <HoldDrawer wanted={wanted} onClose={() => setWanted(null)} />}
    </div>
  );
}

function HoldTable({ holds }: { holds: Hold[] }) {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const cameras = useQuery(camerasQuery());
  const act = useAct();
  const [asking, setAsking] = useState<Asking | null>(null);
  const names = useMemo(() => new Map((cameras.data ?? []).map((c) => [c.id, c.name])), [cameras.data]);
  const run = (wanted: Act) =>
    act.mutate(wanted, {
      onSuccess: () => setAsking(null),
      onError: (error) => {
        const problem = problemOfError(error);
        void message.error(t(problem.params['rule'] === 'two_persons' ? 'holds.two_persons' : problemText(problem)));
      },
    });
  const columns: TableColumnsType<Hold> = [
    { title: t('points.state'), width: scaled(110), render: (_v, h) => <State hold={h} /> },
    { title: t('holds.cameras'), width: scaled(170), ellipsis: true, render: (_v, h) => h.cameras.map((c) => names.get(c) ?? c.slice(0, 8)).join('、') },
    { title: t('holds.span'), width: scaled(165), render: (_v, h) => <span className="mono small">{timeOf(h.from)}<br />{timeOf(h.to)}</span> },
    { title: t('holds.case'), width: scaled(140), render: (_v, h) => <>{h.case_no}<br /><span className="secondary small">{h.doc_no}</span></> },
    { title: t('holds.reason'), ellipsis: true, render: (_v, h) => <span title={h.reason}>{h.reason}</span> },
    { title: t('holds.who'), width: scaled(150), render: (_v, h) => <Who hold={h} /> },
    { title: t('holds.expires'), width: scaled(165), render: (_v, h) => <span className="mono">{timeOf(h.expires_at)}{h.extension_to && <><br /><span className="secondary small">→ {timeOf(h.extension_to)}</span></>}</span> },
    { title: t('points.actions'), width: scaled(190), render: (_v, h) => <Actions hold={h} run={run} ask={setAsking} /> },
  ];
  return (
    <>
      <Table<Hold> size="small" rowKey="id" columns={columns} dataSource={holds} pagination={{ pageSize: 20, hideOnSinglePage: true, showSizeChanger: false, size: 'small' }} scroll={{ x: scaled(1260) }} />
      {asking && <AskModal asking={asking} busy={act.isPending} run={run} onClose={() => setAsking(null)} />}
    </>
  );
}

function State({ hold }: { hold: Hold }) {
  const { t } = useTranslation();
  const { text, colour } = STATES[hold.state];
  const until = hold.protects_until ? t(hold.protects ? 'holds.protects_until' : 'holds.protected_until', { at: timeOf(hold.protects_until) }) : null;
  const before = hold.decide_before ? t('holds.decide_before', { at: timeOf(hold.decide_before) }) : null;
  return (
    <Tooltip title={[until, before, hold.note].filter(Boolean).join(' · ') || null}>
      <Tag color={colour}>{t(text)}</Tag>
      {hold.protects && hold.protects_until && <span className="secondary small">◔</span>}
    </Tooltip>
  );
}

function Who({ hold }: { hold: Hold }) {
  const { t } = useTranslation();
  const lines = [
    t('holds.asked_by', { name: hold.requested.name }),
    ...(hold.decided ? [t('holds.decided_by', { name: hold.decided.name })] : []),
    ...(hold.release ? [hold.release.id === '' ? t('holds.expiry_asked') : t('holds.release_by', { name: hold.release.name })] : []),
    ...(hold.released ? [t('holds.released_by', { name: hold.released.name })] : []),
  ];
  return (
    <span className="small">
      {lines.map((line) => (
        <div key={line}>{line}</div>
      ))}
    </span>
  );
}

/** An act that this person may not do as the second of two is shown closed, with the reason. */
function Actions({ hold, run, ask }: { hold: Hold; run: (act: Act) => void; ask: (asking: Asking) => void }) {
  const { t } = useTranslation();
  const me = useQuery(meQuery()).data?.id;
  const second = (text: ParseKeys, first: string | undefined, go: () => void) => (
    <Tooltip title={first === me ? t('holds.two_persons') : null}>
      <Button type="link" size="small" disabled={first === me} onClick={go}>
        {t(text)}
      </Button>
    </Tooltip>
  );
  const first = (text: ParseKeys, act: Asking['act']) => (
    <Button type="link" size="small" onClick={() => ask({ act, hold })}>
      {t(text)}
    </Button>
  );
  return (
    <span className="row-actions">
      {hold.state === 'requested' && second('holds.approve', hold.requested.id, () => run({ act: 'approve', hold: hold.id }))}
      {hold.state === 'requested' && second('holds.reject', hold.requested.id, () => ask({ act: 'reject', hold }))}
      {hold.extension && second('holds.approve_extension', hold.extension.id, () => run({ act: 'approve_extension', hold: hold.id }))}
      {hold.state === 'held' && !hold.extension && first('holds.extend', 'extend')}
      {hold.state === 'held' && first('holds.request_release', 'request_release')}
      {hold.state === 'release_requested' && second('holds.release', hold.release?.id || hold.requested.id, () => run({ act: 'release', hold: hold.id }))}
      {hold.state === 'release_requested' && second('holds.refuse_release', hold.release?.id, () => ask({ act: 'refuse_release', hold }))}
    </span>
  );
}

const TITLES: Record<Asking['act'], ParseKeys> = { reject: 'holds.reject', refuse_release: 'holds.refuse_release', request_release: 'holds.request_release', extend: 'holds.extend' };

function AskModal({ asking, busy, run, onClose }: { asking: Asking; busy: boolean; run: (act: Act) => void; onClose: () => void }) {
  const { t } = useTranslation();
  const [text, setText] = useState('');
  const [doc, setDoc] = useState('');
  const [expires, setExpires] = useState<string | null>(null);
  const { act, hold } = asking;
  const ready = act === 'extend' ? expires !== null : text.trim() !== '' && (act !== 'request_release' || doc.trim() !== '');
  const go = () => {
    if (act === 'extend') run({ act, hold: hold.id, expires_at: expires ?? '' });
    else if (act === 'request_release') run({ act, hold: hold.id, doc_no: doc, reason: text });
    else run({ act, hold: hold.id, note: text });
  };
  return (
    <Modal open title={t(TITLES[act])} okText={t(TITLES[act])} cancelText={t('action.cancel')} okButtonProps={{ disabled: !ready, loading: busy }} onOk={go} onCancel={onClose}>
      {act === 'extend' && (
        <DatePicker showTime className="wide" placeholder={t('holds.expires')} onChange={(v) => setExpires(v ? toIso(instantUs(v.format('YYYY-MM-DDTHH:mm:ss'))) : null)} />
      )}
      {act === 'request_release' && <Input value={doc} maxLength={200} placeholder={t('holds.doc_no')} aria-label={t('holds.doc_no')} onChange={(e) => setDoc(e.target.value)} />}
      {act !== 'extend' && <Input.TextArea className="ask-text" value={text} maxLength={2000} rows={3} placeholder={t('holds.reason')} aria-label={t('holds.reason')} onChange={(e) => setText(e.target.value)} />}
    </Modal>
  );
}

const timeOf = (at: string): string => {
  const us = parseUs(at);
  return us === null ? '–' : dateTimeText(us);
};
