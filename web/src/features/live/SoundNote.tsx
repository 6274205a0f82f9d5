/** Why a window whose sound is on is silent; nothing when it can be heard. */

import { useTranslation } from 'react-i18next';
import type { LiveStatus } from '@/player/livePlayer';
import { canPlay } from '@/player/support';

interface Props {
  status: Pick<LiveStatus, 'state' | 'soundMime' | 'soundBlocked'>;
  /** Another stream of the camera has sound. */
  elsewhere: boolean;
}

export function SoundNote({ status, elsewhere }: Props) {
  const { t } = useTranslation();
  if (status.state !== 'playing') return null;
  const { soundMime, soundBlocked } = status;
  if (soundMime === null) return <p className="sound-note" role="status">{t(elsewhere ? 'live.sound_elsewhere' : 'live.sound_none')}</p>;
  if (!canPlay(soundMime)) return <p className="sound-note" role="status">{t('live.sound_unsupported', { codec: soundCodec(soundMime) })}</p>;
  if (soundBlocked) return <p className="sound-note" role="status">{t('live.sound_blocked')}</p>;
  return null;
}

const NAMES: readonly [RegExp, string][] = [
  [/alaw/, 'G.711 A'],
  [/ulaw/, 'G.711 μ'],
  [/opus/i, 'Opus'],
  [/mp4a/, 'AAC'],
];

/** `audio/mp4; codecs="alaw"` → the name officers know. */
export const soundCodec = (mime: string): string => NAMES.find(([form]) => form.test(mime))?.[1] ?? mime;
