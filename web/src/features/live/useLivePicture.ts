/** A video element driven by a LivePlayer for one camera profile; gives the picture's state and tells of each shown frame. */

import { useEffect, useRef, useState, type RefObject } from 'react';
import { FIRST_STATUS, LivePlayer, type LiveStatus } from '@/player/livePlayer';
import { socketUrl } from '@/player/mediaSocket';

interface Options {
  camera: string;
  profile: string | null;
  /** False while another tile covers this one. */
  wanted: boolean;
  sounding: boolean;
  onFrame: (wallUs: number) => void;
}

interface Picture {
  video: RefObject<HTMLVideoElement | null>;
  audio: RefObject<HTMLAudioElement | null>;
  status: LiveStatus;
  retry: () => void;
}

export const liveUrl = (camera: string, profile: string): string =>
  socketUrl(`/api/v1/cameras/${encodeURIComponent(camera)}/live.mse?profile=${encodeURIComponent(profile)}`);

export function useLivePicture({ camera, profile, wanted, sounding, onFrame }: Options): Picture {
  const video = useRef<HTMLVideoElement | null>(null);
  const audio = useRef<HTMLAudioElement | null>(null);
  const player = useRef<LivePlayer | null>(null);
  const frame = useRef(onFrame);
  const [status, setStatus] = useState<LiveStatus>(FIRST_STATUS);
  useEffect(() => {
    frame.current = onFrame;
  });
  useEffect(() => {
    if (!video.current) return;
    const mark = `vms:live:${camera}`;
    performance.mark(`${mark}:open`);
    let first = true;
    const made = new LivePlayer(video.current, {
      status: setStatus,
      frame: (wallUs) => {
        if (first) {
          first = false;
          performance.mark(`${mark}:first-frame`);
          performance.measure(`vms:first-frame`, { start: `${mark}:open`, end: `${mark}:first-frame`, detail: { camera } });
        }
        frame.current(wallUs);
      },
    });
    player.current = made;
    return () => {
      player.current = null;
      made.dispose();
    };
  }, [camera]);
  useEffect(() => {
    if (profile !== null) player.current?.open(liveUrl(camera, profile));
  }, [camera, profile]);
  useEffect(() => player.current?.setWanted(wanted), [camera, wanted]);
  useEffect(() => player.current?.setSound(sounding ? audio.current : null), [camera, sounding]);
  return { video, audio, status, retry: () => player.current?.retry() };
}
