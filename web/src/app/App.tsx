/** Providers: theme, locale, queries, routes. */

import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { App as AntApp, ConfigProvider, theme } from 'antd';
import enUS from 'antd/locale/en_US';
import zhCN from 'antd/locale/zh_CN';
import dayjs from 'dayjs';
import 'dayjs/locale/zh-cn';
import updateLocale from 'dayjs/plugin/updateLocale';
import { useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiError, whenSignedOut } from '@/shared/api/http';
import { scaled } from '@/shared/lib/screen';
import { router } from './router';

dayjs.extend(updateLocale);
dayjs.updateLocale('en', { weekStart: 1 });

const MORE_TRIES = 2;

/** One retry rule: only what may pass by itself. */
const queries = new QueryClient({
  defaultOptions: {
    queries: {
      retry: (count, error) => count < MORE_TRIES && !(error instanceof ApiError && error.problem.status >= 400 && error.problem.status < 500),
      refetchOnWindowFocus: false,
      networkMode: 'always',
    },
    mutations: { networkMode: 'always' },
  },
});

whenSignedOut(() => {
  queries.clear();
  void router.navigate({ to: '/login' });
});

const SECONDARY = 'rgba(255,255,255,0.65)';
const FONT = '"PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif';
const nonce = document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce;

export function App() {
  const { i18n } = useTranslation();
  const english = i18n.language === 'en';
  useEffect(() => {
    dayjs.locale(english ? 'en' : 'zh-cn');
  }, [english]);
  return (
    <ConfigProvider
      locale={english ? enUS : zhCN}
      button={{ autoInsertSpace: false }}
      {...(nonce ? { csp: { nonce } } : {})}
      theme={{
        algorithm: [theme.darkAlgorithm, theme.compactAlgorithm],
        token: { fontFamily: FONT, fontSize: scaled(14), borderRadius: 3, colorPrimary: '#4096ff', colorTextPlaceholder: 'rgba(255,255,255,0.55)', colorTextDescription: SECONDARY, colorTextTertiary: SECONDARY, controlHeight: scaled(28) },
      }}
    >
      <AntApp className="app">
        <QueryClientProvider client={queries}>
          <RouterProvider router={router} />
        </QueryClientProvider>
      </AntApp>
    </ConfigProvider>
  );
}
