/** What this browser decodes. Asked, never sniffed; answers are kept because the wall asks for every tile. */

const answers = new Map<string, boolean>();

export function canPlay(mime: string): boolean {
  let answer = answers.get(mime);
  if (answer === undefined) {
    answer = typeof MediaSource !== 'undefined' && MediaSource.isTypeSupported(mime);
    answers.set(mime, answer);
  }
  return answer;
}

export interface ProfileInfo {
  name: string;
  codec: string | null;
  mime: string | null;
}

export type ProfileChoice = { profile: string; fallback: boolean } | { profile: null; codec: string };

/**
 * The wanted profile if the browser decodes it or its codec is not known yet; else another that it decodes; else none, with the codec to name.
 */
export function chooseProfile(profiles: readonly ProfileInfo[], wanted: string, can: (mime: string) => boolean = canPlay): ProfileChoice {
  const ordered = [...profiles].sort((a, b) => Number(b.name === wanted) - Number(a.name === wanted));
  const first = ordered[0];
  if (!first) return { profile: wanted, fallback: false };
  if (first.mime === null || can(first.mime)) return { profile: first.name, fallback: first.name !== wanted };
  const other = ordered.find((p) => p.mime !== null && can(p.mime));
  if (other) return { profile: other.name, fallback: true };
  return { profile: null, codec: first.codec ?? first.mime };
}
