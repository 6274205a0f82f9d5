/** Every view is a URL; here the app composes the features. */

import { createRootRoute, createRoute, createRouter, Navigate, Outlet, useNavigate } from '@tanstack/react-router';
import { useCallback, useState } from 'react';
import { CompletenessPage } from '@/features/completeness/CompletenessPage';
import type { CompletenessSearch } from '@/features/completeness/search';
import { HoldDrawer, type Wanted } from '@/features/holds/HoldDrawer';
import { HoldsPage } from '@/features/holds/HoldsPage';
import { IntegrityPage } from '@/features/integrity/IntegrityPage';
import { LivePage } from '@/features/live/LivePage';
import type { LiveSearch } from '@/features/live/wall';
import { PlaybackPage } from '@/features/playback/PlaybackPage';
import type { PlaybackSearch } from '@/features/playback/search';
import { PlansPage, type PlansSearch } from '@/features/plans/PlansPage';
import { PointsPage } from '@/features/points/PointsPage';
import type { PointsSearch } from '@/features/points/search';
import { LoginPage } from '@/features/session/LoginPage';
import { StoragePage } from '@/features/storage/StoragePage';
import { nowUs } from '@/shared/lib/clock';
import { SECOND_US } from '@/shared/lib/time';
import { Shell } from './Shell';
import { WallWindow } from './WallWindow';

const BACK_US = 10 * SECOND_US;

/** One search value if it is there and says something. */
function some<K extends string>(key: K, search: Record<string, unknown>): Partial<Record<K, string>> {
  const value = search[key];
  return typeof value === 'string' && value !== '' ? ({ [key]: value } as Partial<Record<K, string>>) : {};
}

/** Search values are plain text, so that a URL can be read and typed. Empty `cams` stays: it means an empty wall. */
export const parseSearch = (query: string): Record<string, string> => Object.fromEntries(new URLSearchParams(query));
export function stringifySearch(search: Record<string, unknown>): string {
  const pairs = Object.entries(search).filter((p): p is [string, string] => typeof p[1] === 'string');
  if (pairs.length === 0) return '';
  return `?${new URLSearchParams(pairs).toString().replaceAll('%2C', ',')}`;
}

const root = createRootRoute({ component: Outlet, notFoundComponent: () => <Navigate to="/live" replace /> });

const login = createRoute({
  getParentRoute: () => root,
  path: '/login',
  component: function Login() {
    const navigate = useNavigate();
    const enter = useCallback(() => void navigate({ to: '/live', replace: true }), [navigate]);
    return <LoginPage onSignedIn={enter} />;
  },
});

const shell = createRoute({ getParentRoute: () => root, id: 'shell', component: Shell });

const index = createRoute({
  getParentRoute: () => root,
  path: '/',
  component: () => <Navigate to="/live" replace />,
});

const liveSearch = (s: Record<string, unknown>): LiveSearch => ({
  ...some('layout', s),
  ...(typeof s['cams'] === 'string' ? { cams: s['cams'] } : {}),
  ...some('max', s),
  ...some('page', s),
  ...some('dwell', s),
});

const live = createRoute({
  getParentRoute: () => shell,
  path: '/live',
  validateSearch: liveSearch,
  component: function Live() {
    const search = live.useSearch();
    const navigate = useNavigate();
    const setSearch = useCallback((next: LiveSearch, replace: boolean) => void navigate({ to: '/live', search: next, replace }), [navigate]);
    return (
      <LivePage
        search={search}
        setSearch={setSearch}
        openPlayback={(cams) => void navigate({ to: '/playback', search: { cams, t: String(nowUs() - BACK_US) } })}
        openPoint={(name) => void navigate({ to: '/points', search: { q: name } })}
      />
    );
  },
});

/** The same wall in a window of its own, without the shell; what leaves the wall opens beside it. */
const wall = createRoute({
  getParentRoute: () => root,
  path: '/wall',
  validateSearch: liveSearch,
  component: function OwnWindow() {
    const search = wall.useSearch();
    const navigate = useNavigate();
    const setSearch = useCallback((next: LiveSearch, replace: boolean) => void navigate({ to: '/wall', search: next, replace }), [navigate]);
    const open = (to: string, query: Record<string, string>) => void window.open(`${to}${stringifySearch(query)}`, '_blank');
    return (
      <WallWindow>
        <LivePage
          alone
          search={search}
          setSearch={setSearch}
          openPlayback={(cams) => open('/playback', { cams, t: String(nowUs() - BACK_US) })}
          openPoint={(name) => open('/points', { q: name })}
        />
      </WallWindow>
    );
  },
});

const playback = createRoute({
  getParentRoute: () => shell,
  path: '/playback',
  validateSearch: (s: Record<string, unknown>): PlaybackSearch => ({ ...some('cams', s), ...some('t', s) }),
  component: function Playback() {
    const search = playback.useSearch();
    const navigate = useNavigate();
    const setSearch = useCallback((next: PlaybackSearch, replace: boolean) => void navigate({ to: '/playback', search: next, replace }), [navigate]);
    const [wanted, setWanted] = useState<Wanted | null>(null);
    return (
      <>
        <PlaybackPage search={search} setSearch={setSearch} hold={setWanted} />
        {wanted && <HoldDrawer wanted={wanted} onClose={() => setWanted(null)} />}
      </>
    );
  },
});

const points = createRoute({
  getParentRoute: () => shell,
  path: '/points',
  validateSearch: (s: Record<string, unknown>): PointsSearch => ({ ...some('q', s), ...some('state', s) }),
  component: function Points() {
    const search = points.useSearch();
    const navigate = useNavigate();
    const setSearch = useCallback((next: PointsSearch) => void navigate({ to: '/points', search: next, replace: true }), [navigate]);
    return <PointsPage search={search} setSearch={setSearch} openLive={(cams) => void navigate({ to: '/live', search: { layout: '1', cams } })} />;
  },
});

const integrity = createRoute({
  getParentRoute: () => shell,
  path: '/integrity',
  component: function IntegrityScreen() {
    const navigate = useNavigate();
    return <IntegrityPage openPlayback={(camera, atUs) => void navigate({ to: '/playback', search: { cams: camera, t: String(atUs) } })} />;
  },
});

const plans = createRoute({
  getParentRoute: () => shell,
  path: '/plans',
  validateSearch: (s: Record<string, unknown>): PlansSearch => ({ ...some('plan', s), ...some('tab', s) }),
  component: function Plans() {
    const search = plans.useSearch();
    const navigate = useNavigate();
    const setSearch = useCallback((next: PlansSearch) => void navigate({ to: '/plans', search: next, replace: true }), [navigate]);
    return <PlansPage search={search} setSearch={setSearch} />;
  },
});

const storage = createRoute({ getParentRoute: () => shell, path: '/storage', component: StoragePage });
const holds = createRoute({ getParentRoute: () => shell, path: '/holds', component: HoldsPage });

const completeness = createRoute({
  getParentRoute: () => shell,
  path: '/completeness',
  validateSearch: (s: Record<string, unknown>): CompletenessSearch => ({ ...some('month', s), ...some('region', s), ...some('cause', s), ...some('order', s) }),
  component: function Completeness() {
    const search = completeness.useSearch();
    const navigate = useNavigate();
    const setSearch = useCallback((next: CompletenessSearch) => void navigate({ to: '/completeness', search: next, replace: true }), [navigate]);
    return <CompletenessPage search={search} setSearch={setSearch} openPlayback={(cams, us) => void navigate({ to: '/playback', search: { cams, t: String(us) } })} />;
  },
});

export const router = createRouter({
  routeTree: root.addChildren([login, index, wall, shell.addChildren([live, playback, points, completeness, plans, storage, holds, integrity])]),
  parseSearch,
  stringifySearch,
  defaultPreload: false,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
