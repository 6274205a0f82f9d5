/** What a probe found, in the officer's words: tracks, or the cause with one advice. */

import { Alert } from 'antd';
import { useTranslation } from 'react-i18next';
import type { Probe } from '@/shared/api/types';
import { causeAdvice, causeText, codecName } from '@/shared/lib/causes';

export function ProbeResult({ probe }: { probe: Probe }) {
  const { t } = useTranslation();
  if (!probe.ok) {
    const cause = probe.cause ?? 'unknown';
    return <Alert type="error" showIcon title={t(causeText(cause))} description={t(causeAdvice(cause))} />;
  }
  return (
    <Alert
      type="success"
      showIcon
      title={t('points.probe_ok', { ms: probe.elapsed_ms })}
      description={
        <ul className="tracks">
          {probe.tracks.map((track) => (
            <li key={`${track.kind} ${track.mime}`}>
              {track.kind === 'video' ? t('points.video') : t('points.audio')} {codecName(track.codec)}
              {track.width !== null && track.height !== null && ` ${track.width}×${track.height}`}
              {track.fps !== null && ` ${Math.round(track.fps)}fps`}
            </li>
          ))}
        </ul>
      }
    />
  );
}
