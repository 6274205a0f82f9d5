/**
 * Which frame an element shows, looked at often enough for clock and watchdog. Not every frame: each callback makes the browser run a whole
 * rendering step of the page, so all players on the page look in the same moment, a few times a second.
 */

const LOOK_MS = 120;

const watches = new Set<FrameWatch>();
let timer: ReturnType<typeof setInterval> | undefined;

function lookAll(): void {
  for (const watch of watches) watch.look();
}

export class FrameWatch {
  private request: number | null = null;

  constructor(
    private readonly video: HTMLVideoElement,
    private readonly shown: (mediaTime: number) => void,
  ) {
    watches.add(this);
    timer ??= setInterval(lookAll, LOOK_MS);
    this.look();
  }

  /** Asks for the next shown frame, unless one is asked for already. */
  look(): void {
    this.request ??= this.video.requestVideoFrameCallback((_now, meta) => {
      this.request = null;
      this.shown(meta.mediaTime);
    });
  }

  dispose(): void {
    watches.delete(this);
    if (watches.size === 0) {
      clearInterval(timer);
      timer = undefined;
    }
    if (this.request !== null) this.video.cancelVideoFrameCallback(this.request);
  }
}
