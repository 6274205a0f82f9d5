/** A button inside a window: its click is not the window's. Not on the Tab way, which goes from window to window; each has a key. */

import { Button, Tooltip } from 'antd';
import type { ReactNode } from 'react';

interface Props {
  label: string;
  icon: ReactNode;
  run: (event: React.MouseEvent) => void;
  disabled?: boolean;
  on?: boolean;
}

export function TileButton({ label, icon, run, disabled = false, on = false }: Props) {
  return (
    <Tooltip title={label} mouseEnterDelay={0.6}>
      <Button
        type="text"
        size="small"
        icon={icon}
        tabIndex={-1}
        aria-label={label}
        aria-pressed={on}
        className={on ? 'tile-button-on' : ''}
        disabled={disabled}
        onPointerDown={(e) => e.stopPropagation()}
        onDoubleClick={(e) => e.stopPropagation()}
        onClick={(e) => {
          e.stopPropagation();
          run(e);
        }}
      />
    </Tooltip>
  );
}
