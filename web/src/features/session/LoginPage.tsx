/** Sign-in by a one-time link, and the page of those who are signed out. */

import { useQueryClient } from '@tanstack/react-query';
import { Button, Spin, Typography } from 'antd';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { createSession } from '@/client/sdk.gen';
import '@/shared/api/http';
import { isLanguage, setLanguage } from '@/shared/i18n';
import { ProblemDetail } from '@/shared/ui/states';

type Step = { step: 'busy' } | { step: 'idle' } | { step: 'refused'; error: unknown };

const tokenOf = (hash: string): string | null => new URLSearchParams(hash.replace(/^#/, '')).get('token');

/** One link signs in once, even when an effect runs twice. */
const used = new Map<string, Promise<unknown>>();

function signIn(token: string): Promise<unknown> {
  let running = used.get(token);
  if (!running) {
    running = createSession({ body: { login_token: token } });
    used.set(token, running);
  }
  return running;
}

export function LoginPage({ onSignedIn }: { onSignedIn: () => void }) {
  const { t, i18n } = useTranslation();
  const client = useQueryClient();
  const [step, setStep] = useState<Step>(() => (tokenOf(location.hash) === null ? { step: 'idle' } : { step: 'busy' }));
  useEffect(() => {
    const enter = () => {
      const token = tokenOf(location.hash);
      if (token === null) return;
      history.replaceState(history.state, '', location.pathname);
      setStep({ step: 'busy' });
      signIn(token)
        .then(() => {
          client.clear();
          onSignedIn();
        })
        .catch((error: unknown) => setStep({ step: 'refused', error }));
    };
    enter();
    window.addEventListener('hashchange', enter);
    return () => window.removeEventListener('hashchange', enter);
  }, [client, onSignedIn]);

  return (
    <main className="login">
      <img src="/icon.svg" width={48} height={48} alt="" />
      <Typography.Title level={3}>{t('shell.product')}</Typography.Title>
      {step.step === 'busy' && (
        <p>
          <Spin size="small" /> {t('session.signing_in')}
        </p>
      )}
      {step.step === 'idle' && (
        <>
          <p>{t('session.signed_out')}</p>
          <p className="secondary">{t('session.how')}</p>
        </>
      )}
      {step.step === 'refused' && (
        <div role="alert">
          <p>{t('session.refused')}</p>
          <p className="secondary">{t('session.refused_advice')}</p>
          <ProblemDetail error={step.error} />
        </div>
      )}
      <p>
        <Button size="small" type="text" onClick={() => setLanguage(isLanguage(i18n.language) && i18n.language === 'en' ? 'zh-CN' : 'en')}>
          {t('shell.other_language')}
        </Button>
      </p>
    </main>
  );
}
