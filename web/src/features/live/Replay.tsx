/** 即时回放: the last moments of a camera in its own window, over the live picture, which goes on below. */

import { CaretRightOutlined, PauseOutlined, RollbackOutlined } from '@ant-design/icons';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { socketUrl } from '@/player/mediaSocket';
import { PastGroup, type GroupState } from '@/player/pastGroup';
import { PastPlayer, type PastStatus } from '@/player/pastPlayer';
import { gapText } from '@/shared/lib/causes';
import { clockText, SECOND_US } from '@/shared/lib/time';
import { TileButton } from './TileButton';
import { nowUs } from '@/shared/lib/clock';

export const REPLAY_SECONDS = [30, 60, 180, 300] as const;

/** One stretch that is played again; a later one is another value. */
export interface ReplayFrom {
  seconds: number;
  fromUs: number;
}

export const replayFrom = (seconds: number): ReplayFrom => ({ seconds, fromUs: nowUs() - seconds * SECOND_US });

/** The key again goes farther back, from the longest to the shortest. */
export const fartherBack = (now: ReplayFrom | null): number => REPLAY_SECONDS.find((s) => s > (now?.seconds ?? 0)) ?? REPLAY_SECONDS[0];

interface Props {
  index: number;
  cameraId: string;
  from: ReplayFrom;
  onFrame: (wallUs: number) => void;
  onLive: () => void;
  bindPause: (toggle: (() => void) | null) => void;
}

const FIRST: GroupState = { playing: true, waiting: true, speed: 1, atEnd: false };

export function Replay({ index, cameraId, from, onFrame, onLive, bindPause }: Props) {
  const { t } = useTranslation();
  const video = useRef<HTMLVideoElement | null>(null);
  const clock = useRef<HTMLSpanElement | null>(null);
  const section = useRef<HTMLDivElement | null>(null);
  const [group, setGroup] = useState<PastGroup | null>(null);
  const [state, setState] = useState(FIRST);
  const [status, setStatus] = useState<PastStatus | null>(null);
  const hooks = useRef({ onFrame, onLive });
  useEffect(() => {
    hooks.current = { onFrame, onLive };
  });
  useEffect(() => {
    if (!video.current) return;
    let shown = false;
    const made = new PastGroup(from.fromUs, {
      state: (next) => {
        setState(next);
        if (next.atEnd && shown) hooks.current.onLive(); // It has caught up; where nothing was to be seen, the reason stays.
      },
      time: () => undefined,
      jumped: () => undefined,
    });
    const player = new PastPlayer(video.current, (us) => socketUrl(replayPath(cameraId, us)), from.fromUs, {
      status: setStatus,
      frame: (wallUs) => {
        shown = true;
        hooks.current.onFrame(wallUs);
        section.current?.setAttribute('data-wall-us', String(wallUs));
        if (clock.current) clock.current.textContent = clockText(wallUs);
      },
      appended: () => made.tick(),
    });
    const leave = made.add(player);
    const stop = made.start();
    setGroup(made);
    return () => {
      stop();
      leave();
      player.dispose();
    };
  }, [cameraId, from]);
  const toggle = () => (state.playing ? group?.pause() : group?.play());
  useEffect(() => {
    bindPause(toggle);
    return () => bindPause(null);
  });
  const following = status?.following ?? 'wait';
  const none = following === 'gap' || following === 'end' || following === 'dead';
  return (
    <div className="replay" ref={section} data-testid={`replay-${index}`} data-camera={cameraId} data-state={none ? 'none' : state.waiting ? 'connecting' : 'playing'}>
      <video ref={video} className={none ? 'tile-video tile-dim' : 'tile-video'} muted playsInline disablePictureInPicture />
      {none && (
        <div className="cover" role="status">
          <span className="cover-title">{t('playback.no_recording')}</span>
          {status?.gap && <span className="cover-text">{t(gapText(status.gap.cause))}</span>}
        </div>
      )}
      <div className="replay-bar">
        <b>{t('live.replay')}</b>
        <span className="mono" ref={clock} />
        <TileButton label={state.playing ? t('playback.pause') : t('playback.play')} icon={state.playing ? <PauseOutlined /> : <CaretRightOutlined />} run={toggle} />
        <TileButton label={t('live.to_live')} icon={<RollbackOutlined />} run={onLive} />
      </div>
    </div>
  );
}

const replayPath = (camera: string, fromUs: number): string => `/api/v1/cameras/${encodeURIComponent(camera)}/playback.mse?from=${Math.round(fromUs)}&profile=main`;
