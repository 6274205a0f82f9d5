/** What lies over a window that has no moving picture: the cause in words, since when, one advice. */

import { Button, Spin } from 'antd';
import { useTranslation } from 'react-i18next';
import type { RefObject } from 'react';
import type { LiveStatus } from '@/player/livePlayer';
import type { Camera } from '@/shared/api/types';
import { causeAdvice, causeText, codecName } from '@/shared/lib/causes';
import { useNow } from '@/shared/lib/clock';
import { clockText, dateTimeText, DAY_US, parseUs } from '@/shared/lib/time';
import { useAgeText } from '@/shared/ui/text';
import type { TileState } from './tileState';

interface Props {
  state: TileState;
  camera: Camera | null;
  status: LiveStatus;
  lostCodec: string | null;
  staleRef: RefObject<HTMLSpanElement | null>;
  onRetry: () => void;
}

export function TileCover({ state, camera, status, lostCodec, staleRef, onRetry }: Props) {
  const { t } = useTranslation();
  switch (state) {
    case 'playing':
      return null;
    case 'connecting':
      return (
        <div className="cover">
          <Spin size="small" />
          <span className="cover-text">{t('live.state.connecting')}</span>
        </div>
      );
    case 'stalled':
      return (
        <div className="cover cover-light">
          <Spin size="small" />
          <span className="cover-title">{t('live.state.stalled')}</span>
          {status.restart && <span className="cover-text">{t('live.restarting', { cause: t(RESTART[status.restart]) })}</span>}
          <span className="cover-text">
            {t('live.stale_age')} <span ref={staleRef} className="mono" /> s
          </span>
        </div>
      );
    case 'unsupported':
      return (
        <div className="cover" role="status">
          <span className="cover-title">{t('live.unsupported', { codec: codecName(lostCodec ?? codecOfMime(status.mime)) })}</span>
          <span className="cover-text">{t('live.unsupported_advice')}</span>
        </div>
      );
    case 'offline':
      return <Offline camera={camera} status={status} onRetry={onRetry} />;
  }
}

function Offline({ camera, status, onRetry }: { camera: Camera | null; status: LiveStatus; onRetry: () => void }) {
  const { t } = useTranslation();
  if (status.refusal && camera?.state !== 'offline') {
    const { meaning, reason } = status.refusal;
    return (
      <div className="cover" role="status">
        <span className="cover-title">{t(REFUSAL[meaning])}</span>
        {meaning === 'limit' && reason && <span className="cover-text">{reason}</span>}
      </div>
    );
  }
  if (camera === null) {
    return (
      <div className="cover" role="status">
        <span className="cover-title">{t('live.missing')}</span>
        <span className="cover-text">{t('live.missing_advice')}</span>
      </div>
    );
  }
  if (camera.state === 'disabled') {
    return (
      <div className="cover" role="status">
        <span className="cover-title">{t('camera.state.disabled')}</span>
      </div>
    );
  }
  return (
    <div className="cover" role="status">
      <span className="cover-title cover-bad">
        {t('camera.state.offline')} · {camera.cause ? t(causeText(camera.cause)) : t('camera.cause.unknown')}
      </span>
      <Since since={camera.since} />
      {camera.cause && <span className="cover-text">{t(causeAdvice(camera.cause))}</span>}
      <Button
        size="small"
        onDoubleClick={(e) => e.stopPropagation()}
        onClick={(e) => {
          e.stopPropagation();
          onRetry();
        }}
      >
        {t('action.retry')}
      </Button>
    </div>
  );
}

const RESTART = {
  lost: 'live.restart.lost',
  no_data: 'live.restart.no_data',
  no_picture: 'live.restart.no_picture',
  decode: 'live.restart.decode',
} as const;

const REFUSAL = {
  signed_out: 'problem.signed_out',
  forbidden: 'problem.forbidden',
  missing: 'live.missing',
  limit: 'problem.limit',
} as const;

function Since({ since }: { since: string | null }) {
  const { t } = useTranslation();
  const age = useAgeText();
  const now = useNow(1000);
  const us = parseUs(since);
  if (us === null) return null;
  const at = now - us < DAY_US / 2 ? clockText(us) : dateTimeText(us);
  return <span className="cover-text">{t('live.since', { at, age: age(now - us) })}</span>;
}

const codecOfMime = (mime: string | null): string => (mime !== null && /hvc1|hev1/.test(mime) ? 'h265' : (mime ?? ''));
