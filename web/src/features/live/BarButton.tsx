/** A button of the wall's bar: an icon, with its name and its key in the tooltip. */

import { Button, Tooltip } from 'antd';
import type { ReactNode } from 'react';
import { keyText } from '@/shared/lib/hotkeys';

interface Props {
  label: string;
  icon: ReactNode;
  run: () => void;
  keys?: string;
  disabled?: boolean;
}

export function BarButton({ label, icon, run, keys, disabled = false }: Props) {
  return (
    <Tooltip title={keys === undefined ? label : `${label} (${keyText(keys)})`} mouseEnterDelay={0.4}>
      <Button type="text" size="small" icon={icon} aria-label={label} disabled={disabled} onClick={run} />
    </Tooltip>
  );
}
