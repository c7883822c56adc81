import { render } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { serviceAt } from '../check/service.js';
import { loadTrustList, sharedTrustList } from '../check/trust-list.js';
import { embeddedAt, tellHeight } from '../embed/embedded.js';
import { noPanelStore, visitTrustStore } from '../embed/visit-stores.js';
import { browserPanelStore } from '../offline/panel-store.js';
import { browserTrustStore } from '../offline/trust-store.js';
import { readFile } from '../read/read-file.js';
import type { Words } from '../words/words.js';
import { App } from './app.js';
import type { AskDeps } from './ask.js';
import { trustedScript } from '../trusted-script.js';

/** Where the page runs: the browser's own functions, the language, the service worker. */
const service = serviceAt(
  '',
  (input, init) => fetch(input, init),
  (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
);
const embedded = embeddedAt(location);
const trustStore = embedded ? visitTrustStore() : browserTrustStore;
const deps: AskDeps = {
  service,
  trustList: sharedTrustList(() => loadTrustList(service, trustStore, Date.now()), Date.now),
  readFile,
  ownHost: location.host,
  now: Date.now,
};

type Language = Words['language'];
const LANGUAGE_KEY = 'language';

const dictionaries: Readonly<Record<Language, () => Promise<Words>>> = {
  en: () => import('../words/en.js').then(({ en }) => en),
  bn: () => import('../words/bn.js').then(({ bn }) => bn),
};

/** As the page around this one asked; of the visitor's last visit; or as the browser is set. */
function firstLanguage(): Language {
  if (embedded) return embedded.language;
  const kept = localStorage.getItem(LANGUAGE_KEY);
  if (kept === 'en' || kept === 'bn') return kept;
  return navigator.language.startsWith('bn') ? 'bn' : 'en';
}

/** Not before there is a page: over a poor link, what later visits need would hold up this one. */
function keepForLater(): void {
  if (import.meta.env.PROD && !embedded && 'serviceWorker' in navigator)
    void navigator.serviceWorker.register(trustedScript('/service-worker.js'));
}

function Page() {
  const [language, setLanguage] = useState(firstLanguage);
  const [words, setWords] = useState<Words | null>(null);
  useEffect(() => {
    void dictionaries[language]().then((loaded) => {
      document.documentElement.lang = language;
      setWords(loaded);
    });
  }, [language]);
  const isShown = words !== null;
  useEffect(() => {
    if (isShown) keepForLater();
  }, [isShown]);
  if (words === null) return null;
  const other = words.language === 'en' ? 'bn' : 'en';
  const change = (): void => {
    if (!embedded) localStorage.setItem(LANGUAGE_KEY, other);
    setLanguage(other);
  };
  return (
    <App
      deps={deps}
      panelStore={embedded ? noPanelStore : browserPanelStore}
      words={words}
      isEmbedded={embedded !== null}
      onOtherLanguage={change}
    />
  );
}

const place = document.getElementById('page');
if (place) render(<Page />, place);
if (place && embedded) tellHeight(place);
