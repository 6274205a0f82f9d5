/** Rail, top bar, connection bar; the screens go in the middle. */

import { BarChartOutlined, DatabaseOutlined, GlobalOutlined, LockOutlined, LogoutOutlined, QuestionCircleOutlined, ScheduleOutlined, TableOutlined, VideoCameraOutlined, HistoryOutlined, SafetyCertificateOutlined, UserOutlined } from '@ant-design/icons';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, Outlet, useNavigate } from '@tanstack/react-router';
import { Button, Tag, Tooltip, Watermark, type WatermarkProps } from 'antd';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { deleteSession } from '@/client/sdk.gen';
import { meQuery, systemQuery } from '@/shared/api/queries';
import { useNow } from '@/shared/lib/clock';
import { useHotkeys } from '@/shared/lib/hotkeys';
import { dateTimeText } from '@/shared/lib/time';
import { Failure, Loading } from '@/shared/ui/states';
import { isLanguage, setLanguage } from '@/shared/i18n';
import { useConnection } from './connection';
import { followFacts } from './factsFeed';
import { KeySheet } from './KeySheet';
import { SearchBox } from './SearchBox';

const SCREENS = [
  { to: '/live', icon: <VideoCameraOutlined />, text: 'nav.live' },
  { to: '/playback', icon: <HistoryOutlined />, text: 'nav.playback' },
  { to: '/points', icon: <TableOutlined />, text: 'nav.points' },
  { to: '/completeness', icon: <BarChartOutlined />, text: 'nav.completeness' },
  { to: '/plans', icon: <ScheduleOutlined />, text: 'nav.plans' },
  { to: '/storage', icon: <DatabaseOutlined />, text: 'nav.storage' },
  { to: '/holds', icon: <LockOutlined />, text: 'nav.holds' },
  { to: '/integrity', icon: <SafetyCertificateOutlined />, text: 'nav.integrity' },
] as const;

/** How the watermark looks, in every window. */
export const MARK: Pick<WatermarkProps, 'font' | 'gap' | 'rotate' | 'zIndex'> = { font: { color: 'rgba(255,255,255,0.07)', fontSize: 13 }, gap: [220, 160], rotate: -18, zIndex: 900 };

export function Shell() {
  const { t, i18n } = useTranslation();
  const client = useQueryClient();
  const navigate = useNavigate();
  const me = useQuery(meQuery());
  const system = useQuery(systemQuery());
  const lostAtMs = useConnection((s) => s.lostAtMs);
  const [sheet, setSheet] = useState(false);
  const minute = dateTimeText(useNow(10_000)).slice(0, 16);
  useEffect(() => followFacts(client), [client]);
  useHotkeys(
    'shell',
    t('keys.everywhere'),
    [
      { keys: 'Shift+Slash', text: t('keys.sheet'), run: () => setSheet((open) => !open) },
      { keys: 'Control+KeyK', text: t('shell.search'), run: () => document.querySelector<HTMLInputElement>('#search')?.focus() },
    ],
    { evenInDialogs: true },
  );
  const signOut = () => {
    deleteSession()
      .catch(() => undefined) // Whatever the node says, this browser forgets.
      .finally(() => {
        client.clear();
        void navigate({ to: '/login' });
      });
  };
  const user = me.data?.name ?? '';
  const missing = (system.data?.decoder?.walls ?? []).filter((wall) => !wall.stands).map((wall) => wall.name);

  return (
    <Watermark content={system.data ? [user, minute] : user} className="shell-mark" {...MARK}>
      <div className="shell">
        <nav className="rail" aria-label={t('nav.label')}>
          {SCREENS.map((s) => (
            <Tooltip key={s.to} title={t(s.text)} placement="right">
              <Link to={s.to} className="rail-item" activeProps={{ className: 'rail-item rail-on', 'aria-current': 'page' }} activeOptions={{ includeSearch: false }} aria-label={t(s.text)}>
                {s.icon}
                <span className="rail-text">{t(s.text)}</span>
              </Link>
            </Tooltip>
          ))}
        </nav>
        <header className="top">
          <SearchBox />
          <span className="spacer" />
          {missing.length > 0 && (
            <Tooltip title={t('shell.walls_hint', { walls: missing.join(', ') })}>
              <Tag color="warning" data-testid="walls">
                {t('shell.walls')}
              </Tag>
            </Tooltip>
          )}
          {system.data && <NodeClock zone={system.data.time_zone} />}
          <span className="top-node" title={t('shell.node')}>
            {system.data?.node.name}
          </span>
          {user && (
            <span className="top-user">
              <UserOutlined /> {user}
            </span>
          )}
          <Tooltip title={t('keys.sheet')}>
            <Button type="text" size="small" icon={<QuestionCircleOutlined />} aria-label={t('keys.sheet')} onClick={() => setSheet(true)} />
          </Tooltip>
          <Button type="text" size="small" icon={<GlobalOutlined />} onClick={() => setLanguage(isLanguage(i18n.language) && i18n.language === 'en' ? 'zh-CN' : 'en')}>
            {t('shell.other_language')}
          </Button>
          <Tooltip title={t('session.sign_out')}>
            <Button type="text" size="small" icon={<LogoutOutlined />} aria-label={t('session.sign_out')} onClick={signOut} />
          </Tooltip>
        </header>
        {lostAtMs !== null && <ConnectionBar since={lostAtMs} />}
        <main className={lostAtMs === null ? 'content' : 'content content-lost'}>
          {system.data ? <Outlet /> : system.isError ? <Failure error={system.error} retry={() => void system.refetch()} /> : <Loading rows={12} />}
        </main>
        <KeySheet open={sheet} onClose={() => setSheet(false)} />
      </div>
    </Watermark>
  );
}

function NodeClock({ zone }: { zone: string }) {
  const { t } = useTranslation();
  return (
    <time className="mono top-clock" title={t('shell.zone', { zone })}>
      {dateTimeText(useNow(500))}
    </time>
  );
}

export function ConnectionBar({ since }: { since: number }) {
  const { t } = useTranslation();
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  return (
    <div className="lost-bar" role="alert">
      {t('shell.lost', { seconds: Math.max(0, Math.round((now - since) / 1000)) })}
    </div>
  );
}
