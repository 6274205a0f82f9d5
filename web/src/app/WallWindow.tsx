/** What a wall needs in a window of its own: watermark, the node's facts, the key sheet, a word when the node is away. No rail, no bar. */

import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Watermark } from 'antd';
import { useEffect, useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { meQuery, systemQuery } from '@/shared/api/queries';
import { useNow } from '@/shared/lib/clock';
import { useHotkeys } from '@/shared/lib/hotkeys';
import { dateTimeText } from '@/shared/lib/time';
import { useConnection } from './connection';
import { ConnectionBar, MARK } from './Shell';
import { followFacts } from './factsFeed';
import { KeySheet } from './KeySheet';

export function WallWindow({ children }: { children: ReactNode }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const me = useQuery(meQuery());
  useQuery(systemQuery()); // The node's clock: latencies are measured against it.
  const lostAtMs = useConnection((s) => s.lostAtMs);
  const [sheet, setSheet] = useState(false);
  const minute = dateTimeText(useNow(10_000)).slice(0, 16);
  useEffect(() => followFacts(client), [client]);
  useEffect(() => {
    const before = document.title;
    document.title = t('live.window_title');
    return () => {
      document.title = before;
    };
  }, [t]);
  useHotkeys('shell', t('keys.everywhere'), [{ keys: 'Shift+Slash', text: t('keys.sheet'), run: () => setSheet((open) => !open) }], { evenInDialogs: true });
  return (
    <Watermark content={[me.data?.name ?? '', minute]} className="shell-mark" {...MARK}>
      <main className="wall-window">
        {lostAtMs !== null && (
          <div className="wall-window-lost">
            <ConnectionBar since={lostAtMs} />
          </div>
        )}
        {children}
      </main>
      <KeySheet open={sheet} onClose={() => setSheet(false)} />
    </Watermark>
  );
}
