/** Small pieces of text that several screens share. */

import { useTranslation } from 'react-i18next';
import type { Camera, CameraState } from '@/shared/api/types';
import { STATE_TEXT } from '@/shared/lib/causes';
import { ageOf } from '@/shared/lib/time';

/** Age of something in the user's language: 75 s, 12 min. */
export function useAgeText(): (us: number) => string {
  const { t } = useTranslation();
  return (us) => {
    const { unit, count } = ageOf(us);
    switch (unit) {
      case 'second':
        return t('age.second', { count });
      case 'minute':
        return t('age.minute', { count });
      case 'hour':
        return t('age.hour', { count });
      case 'day':
        return t('age.day', { count });
    }
  };
}

const MARK: Record<CameraState, string> = { online: '●', connecting: '◐', offline: '✕', disabled: '–' };

/** State by shape and colour, so that neither alone carries it. */
export function StateDot({ camera }: { camera: Pick<Camera, 'state'> }) {
  const { t } = useTranslation();
  const text = t(STATE_TEXT[camera.state]);
  return (
    <span className={`dot dot-${camera.state}`} role="img" aria-label={text} title={text}>
      {MARK[camera.state]}
    </span>
  );
}
