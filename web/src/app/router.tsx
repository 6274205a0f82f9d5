/** Every view is a URL; here the app composes the features. */

import { createRootRoute, createRoute, createRouter, Navigate, Outlet, redirect, useNavigate } from '@tanstack/react-router';
import { useCallback } from 'react';
import { LivePage } from '@/features/live/LivePage';
import type { LiveSearch } from '@/features/live/wall';
import { LoginPage } from '@/features/session/LoginPage';
import { Shell } from './Shell';

const text = (v: unknown): string | undefined => (typeof v === 'string' && v !== '' ? v : undefined);

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
  beforeLoad: () => {
    throw redirect({ to: '/live' });
  },
});

const live = createRoute({
  getParentRoute: () => shell,
  path: '/live',
  validateSearch: (s: Record<string, unknown>): LiveSearch => ({
    ...(text(s['layout']) === undefined ? {} : { layout: text(s['layout'])! }),
    ...(typeof s['cams'] === 'string' ? { cams: s['cams'] } : {}),
    ...(text(s['max']) === undefined ? {} : { max: text(s['max'])! }),
  }),
  component: function Live() {
    const search = live.useSearch();
    const navigate = useNavigate();
    const setSearch = useCallback((next: LiveSearch, replace: boolean) => void navigate({ to: '/live', search: next, replace }), [navigate]);
    return (
      <LivePage
        search={search}
        setSearch={setSearch}
        openPlayback={(cams) => void navigate({ to: '/live', search: { cams } })}
        openPoint={(cams) => void navigate({ to: '/live', search: { cams } })}
      />
    );
  },
});

export const router = createRouter({
  routeTree: root.addChildren([login, index, shell.addChildren([live])]),
  parseSearch,
  stringifySearch,
  defaultPreload: false,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
