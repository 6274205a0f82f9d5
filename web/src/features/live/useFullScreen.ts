/**
 * The whole page over the whole screen, and back; `styles.css` then leaves the wall alone on it. The page and not the wall's element, so that
 * watermark, menus and notices, which lie beside it in the page, are there too. Escape leaves by the browser itself.
 */

import { useEffect, useState } from 'react';

const isOn = (): boolean => document.fullscreenElement !== null;

export function useFullScreen(): { on: boolean; toggle: () => void } {
  const [on, setOn] = useState(isOn);
  useEffect(() => {
    const follow = () => setOn(isOn());
    document.addEventListener('fullscreenchange', follow);
    return () => document.removeEventListener('fullscreenchange', follow);
  }, []);
  const toggle = () => {
    (isOn() ? document.exitFullscreen() : document.documentElement.requestFullscreen()).catch(() => undefined); // A browser that forbids it stays as it is.
  };
  return { on, toggle };
}
