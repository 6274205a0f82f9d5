/** `?`: the keys of the present screen, from the same list that binds them. */

import { Modal } from 'antd';
import { useTranslation } from 'react-i18next';
import { scaled } from '@/shared/lib/screen';
import { keyText, useHotkeyStore, type Hotkey } from '@/shared/lib/hotkeys';

export function KeySheet({ open, onClose }: { open: boolean; onClose: () => void }) {
  const { t } = useTranslation();
  const groups = useHotkeyStore((s) => s.groups);
  return (
    <Modal open={open} onCancel={onClose} footer={null} title={t('keys.sheet')} width={scaled(560)}>
      {Object.entries(groups).map(([id, { title, keys }]) => (
        <section key={id} className="keys">
          <h4>{title}</h4>
          <dl>
            {[...Map.groupBy(keys, (k) => k.text)].map(([text, same]) => (
              <div key={text} className="keys-row">
                <dt>
                  {[...new Set(same.map((k: Hotkey) => k.sheet ?? keyText(k.keys)))].map((name) => (
                    <kbd key={name}>{name}</kbd>
                  ))}
                </dt>
                <dd>{text}</dd>
              </div>
            ))}
          </dl>
        </section>
      ))}
    </Modal>
  );
}
