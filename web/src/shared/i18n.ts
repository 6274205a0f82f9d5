/** zh-CN is the source, en complete; both are in the bundle, because a control room may have no way out. */

import i18next from 'i18next';
import { initReactI18next } from 'react-i18next';
import en from '@/locales/en.json';
import zh from '@/locales/zh-CN.json';

export type Language = 'zh-CN' | 'en';
const STORE_KEY = 'vms.language';

declare module 'i18next' {
  interface CustomTypeOptions {
    defaultNS: 'translation';
    resources: { translation: typeof zh };
  }
}

export const isLanguage = (v: unknown): v is Language => v === 'zh-CN' || v === 'en';

function storedLanguage(): Language {
  try {
    const stored = localStorage.getItem(STORE_KEY);
    return isLanguage(stored) ? stored : 'zh-CN';
  } catch {
    return 'zh-CN'; // Storage may be forbidden by policy: the choice then lasts for the page.
  }
}

export function setLanguage(language: Language): void {
  try {
    localStorage.setItem(STORE_KEY, language);
  } catch {
    // As above.
  }
  void i18next.changeLanguage(language);
}

export async function startI18n(): Promise<void> {
  i18next.on('languageChanged', (language) => {
    document.documentElement.lang = language;
    document.title = i18next.t('shell.product');
  });
  await i18next.use(initReactI18next).init({
    lng: storedLanguage(),
    fallbackLng: 'zh-CN',
    resources: { 'zh-CN': { translation: zh }, en: { translation: en } },
    interpolation: { escapeValue: false },
    returnNull: false,
  });
}
