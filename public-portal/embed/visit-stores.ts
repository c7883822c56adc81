import type { KeptTrust, TrustStore } from '../check/trust-list.js';
import type { PanelStore } from '../panel/panel-list.js';

/** For a frame of another site, to which browsers lend no storage: kept while the page is open. */
export function visitTrustStore(): TrustStore {
  let held: KeptTrust | null = null;
  return {
    load: () => Promise.resolve(held),
    save: (kept) => {
      held = kept;
      return Promise.resolve();
    },
  };
}

/** An embassy's officers have the page itself. */
export const noPanelStore: PanelStore = { load: () => Promise.resolve(null), save: () => Promise.resolve() };
