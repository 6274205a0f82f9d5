/** Play, pause, frame steps, seconds, speed, marks and the clip's links. */

import {
  CaretRightOutlined,
  DoubleRightOutlined,
  FastBackwardOutlined,
  FastForwardOutlined,
  PauseOutlined,
  StepBackwardOutlined,
  StepForwardOutlined,
} from '@ant-design/icons';
import { Button, Segmented, Tooltip } from 'antd';
import { memo, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { GroupState } from '@/player/pastGroup';
import { dateTimeMsText } from '@/shared/lib/time';
import { SPEEDS } from './search';

export interface TransportActions {
  toggle: () => void;
  step: (by: 1 | -1) => void;
  skip: (seconds: number) => void;
  speed: (speed: number) => void;
  toLive: () => void;
}

export function Transport({ state, wallUs, actions, children }: { state: GroupState; wallUs: number; actions: TransportActions; children?: ReactNode }) {
  return (
    <div className="toolbar transport">
      <span className="mono master" data-testid="master-time">
        {dateTimeMsText(wallUs)}
      </span>
      <Buttons state={state} actions={actions} />
      <span className="spacer" />
      {children}
    </div>
  );
}

/** Apart from the running time, so that it renders only when something changes. */
const Buttons = memo(function Buttons({ state, actions }: { state: GroupState; actions: TransportActions }) {
  const { t } = useTranslation();
  return (
    <>
      <Act label={t('playback.back10')} icon={<FastBackwardOutlined />} run={() => actions.skip(-10)} />
      <Act label={t('playback.frame_back')} icon={<StepBackwardOutlined />} run={() => actions.step(-1)} />
      <Tooltip title={state.playing ? t('playback.pause') : t('playback.play')}>
        <Button
          type="primary"
          size="small"
          icon={state.playing ? <PauseOutlined /> : <CaretRightOutlined />}
          aria-label={state.playing ? t('playback.pause') : t('playback.play')}
          loading={state.waiting && { delay: 400 }}
          onClick={actions.toggle}
        />
      </Tooltip>
      <Act label={t('playback.frame_on')} icon={<StepForwardOutlined />} run={() => actions.step(1)} />
      <Act label={t('playback.on10')} icon={<FastForwardOutlined />} run={() => actions.skip(10)} />
      <Act label={t('playback.to_live')} icon={<DoubleRightOutlined />} run={actions.toLive} />
      <Segmented size="small" value={state.speed} aria-label={t('playback.speed')} options={SPEEDS.map((s) => ({ value: s, label: `${s}×` }))} onChange={actions.speed} />
    </>
  );
});

function Act({ label, icon, run }: { label: string; icon: ReactNode; run: () => void }) {
  return (
    <Tooltip title={label} mouseEnterDelay={0.6}>
      <Button type="text" size="small" icon={icon} aria-label={label} onClick={run} />
    </Tooltip>
  );
}
