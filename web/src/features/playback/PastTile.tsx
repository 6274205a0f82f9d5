/** One window of a playback: the picture of the past, its exact time, or why there is none. */

import { CloseOutlined } from '@ant-design/icons';
import { Button, Spin } from 'antd';
import { memo, useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { socketUrl } from '@/player/mediaSocket';
import type { PastGroup } from '@/player/pastGroup';
import { PastPlayer, type PastStatus } from '@/player/pastPlayer';
import type { Camera } from '@/shared/api/types';
import { codecName, gapText } from '@/shared/lib/causes';
import { clockText, dateTimeMsText } from '@/shared/lib/time';
import { playbackPath } from './queries';

interface Props {
  index: number;
  cameraId: string;
  camera: Camera | null;
  group: PastGroup;
  onClose: ((camera: string) => void) | null;
}

const FIRST: PastStatus = { following: 'wait', gap: null, refusal: null, unsupported: null };

const SAID_STATE = { ok: 'playing', wait: 'connecting', gap: 'gap', end: 'end', dead: 'unsupported' } as const;

export const PastTile = memo(function PastTile({ index, cameraId, camera, group, onClose }: Props) {
  const { t } = useTranslation();
  const section = useRef<HTMLElement | null>(null);
  const video = useRef<HTMLVideoElement | null>(null);
  const clock = useRef<HTMLSpanElement | null>(null);
  const [status, setStatus] = useState(FIRST);
  useEffect(() => {
    if (!video.current) return;
    const player = new PastPlayer(video.current, (fromUs) => socketUrl(playbackPath(cameraId, fromUs)), group.wallUs, {
      status: setStatus,
      frame: (wallUs) => {
        section.current?.setAttribute('data-wall-us', String(wallUs));
        if (clock.current) clock.current.textContent = dateTimeMsText(wallUs);
      },
      appended: () => group.tick(),
    });
    const leave = group.add(player);
    return () => {
      leave();
      player.dispose();
    };
  }, [cameraId, group]);
  const name = camera?.name ?? cameraId;
  return (
    <section
      ref={section}
      className="tile"
      role="group"
      aria-label={name}
      data-testid={`past-${index}`}
      data-camera={cameraId}
      data-state={status.refusal ? 'refused' : SAID_STATE[status.following]}
    >
      <video ref={video} className={status.following === 'ok' || status.following === 'wait' ? 'tile-video' : 'tile-video tile-dim'} muted playsInline disablePictureInPicture />
      <header className="tile-top">
        <span className="tile-name" title={name}>
          {name}
        </span>
        <span className="tile-clock mono" ref={clock} />
        {onClose && <Button type="text" size="small" className="tile-close" icon={<CloseOutlined />} aria-label={t('live.close')} onClick={() => onClose(cameraId)} />}
      </header>
      <Cover status={status} />
    </section>
  );
});

function Cover({ status }: { status: PastStatus }) {
  const { t } = useTranslation();
  switch (status.following) {
    case 'ok':
      return null;
    case 'wait':
      return (
        <div className="cover">
          <Spin size="small" />
        </div>
      );
    case 'gap':
      return (
        <div className="cover" role="status">
          <span className="cover-title">{t('playback.no_recording')}</span>
          {status.gap && (
            <span className="cover-text">
              {t(gapText(status.gap.cause))}
              {Number.isFinite(status.gap.toUs) && ` · ${clockText(status.gap.fromUs)} – ${clockText(status.gap.toUs)}`}
            </span>
          )}
        </div>
      );
    case 'end':
      return (
        <div className="cover" role="status">
          <span className="cover-title">{t('playback.end')}</span>
          {status.gap && <span className="cover-text">{t(gapText(status.gap.cause))}</span>}
        </div>
      );
    case 'dead':
      return (
        <div className="cover" role="status">
          <span className="cover-title">{status.refusal ? t(REFUSAL[status.refusal.meaning]) : t('live.unsupported', { codec: codecName(/hvc1|hev1/.test(status.unsupported ?? '') ? 'h265' : (status.unsupported ?? '')) })}</span>
          {status.unsupported && <span className="cover-text">{t('playback.unsupported_advice')}</span>}
        </div>
      );
  }
}

const REFUSAL = {
  signed_out: 'problem.signed_out',
  forbidden: 'problem.forbidden',
  missing: 'live.missing',
  limit: 'problem.limit',
} as const;
