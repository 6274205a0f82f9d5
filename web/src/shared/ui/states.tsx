/** Loading, empty and error as every screen shows them. */

import { Button, Empty, Skeleton, Typography } from 'antd';
import { useEffect, useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { problemOfError, problemText } from '@/shared/lib/problems';

const QUIET_MS = 200;

/** A skeleton that does not flash when the answer is quick. */
export function Loading({ rows = 8 }: { rows?: number }) {
  const [shown, setShown] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setShown(true), QUIET_MS);
    return () => clearTimeout(timer);
  }, []);
  return (
    <div className="pad" aria-busy="true">
      {shown && <Skeleton active title={false} paragraph={{ rows }} />}
    </div>
  );
}

export function Nothing({ text, children }: { text: string; children?: ReactNode }) {
  return (
    <Empty className="nothing" image={Empty.PRESENTED_IMAGE_SIMPLE} description={text}>
      {children}
    </Empty>
  );
}

/** What went wrong by its code, the request id to copy, and a retry. */
export function Failure({ error, retry }: { error: unknown; retry?: () => void }) {
  const { t } = useTranslation();
  const problem = problemOfError(error);
  return (
    <div className="failure" role="alert">
      <Typography.Text strong>{t(problemText(problem))}</Typography.Text>
      <ProblemDetail error={error} />
      {retry && (
        <Button size="small" onClick={retry}>
          {t('action.retry')}
        </Button>
      )}
    </div>
  );
}

export function ProblemDetail({ error }: { error: unknown }) {
  const { t } = useTranslation();
  const problem = problemOfError(error);
  return (
    <Typography.Text type="secondary" className="small">
      {t('problem.code')} {problem.code}
      {problem.requestId && (
        <>
          {' · '}
          {t('problem.request')}{' '}
          <Typography.Text className="small mono" copyable>
            {problem.requestId}
          </Typography.Text>
        </>
      )}
    </Typography.Text>
  );
}
