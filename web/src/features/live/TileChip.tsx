/** The chip of a window: what is shown, in which form, by which way, how late. Narrow windows leave out what matters least. */

import type { RefObject } from 'react';
import { useTranslation } from 'react-i18next';
import type { Profile } from '@/shared/api/types';
import { codecName } from '@/shared/lib/causes';

/** The way pictures take to this window; today there is one. */
const RUNG = 'MSE';

export function TileChip({ used, fallback, latency, hidden }: { used: Profile | null; fallback: boolean; latency: RefObject<HTMLSpanElement | null>; hidden: boolean }) {
  const { t } = useTranslation();
  return (
    <span className="chip mono" hidden={hidden} data-testid="chip">
      {used && <span className="chip-profile">{used.name === 'main' ? t('live.main') : t('live.sub')}</span>}
      {used?.codec && <span>{codecName(used.codec)}</span>}
      {used?.width && used.height && (
        <span className="chip-size">
          {used.width}×{used.height}
        </span>
      )}
      {used?.fps && <span className="chip-fps">{Math.round(used.fps)}fps</span>}
      <span>{RUNG}</span>
      <span ref={latency} className="latency" data-testid="latency" />
      {fallback && <em title={t('live.fallback_hint')}>{t('live.fallback')}</em>}
    </span>
  );
}
