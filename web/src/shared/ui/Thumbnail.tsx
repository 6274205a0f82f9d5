/** A small picture with the time at which it was taken, asked for when the pointer rests. It never stands for another moment. */

import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { thumbnailQuery } from '@/shared/api/thumbnail';
import { problemOfError, problemText } from '@/shared/lib/problems';
import { dateTimeText } from '@/shared/lib/time';
import { useRested } from '@/shared/lib/useRested';

const REST_MS = 200;

export function Thumbnail({ camera, atUs }: { camera: string; atUs: number | null }) {
  const { t } = useTranslation();
  const key = `${camera} ${atUs ?? ''}`;
  const rests = useRested(key, REST_MS) !== null;
  const { data, error } = useQuery({ ...thumbnailQuery(camera, atUs), enabled: rests });
  return (
    <figure className="thumb" data-testid="thumb" data-taken-us={data?.takenUs ?? ''}>
      {data ? <img src={data.src} alt={t('thumb.alt')} /> : <div className="thumb-none">{error ? t(problemText(problemOfError(error))) : t('thumb.loading')}</div>}
      <figcaption className="mono">{data?.takenUs != null ? dateTimeText(data.takenUs) : '\u00a0'}</figcaption>
    </figure>
  );
}
