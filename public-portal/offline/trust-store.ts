import { get, set } from 'idb-keyval';
import type { KeptTrust, TrustStore } from '../check/trust-list.js';

const KEY = 'trust-list';

/** In the browser's own database, on this device. */
export const browserTrustStore: TrustStore = {
  load: async () => (await get<KeptTrust>(KEY)) ?? null,
  save: (kept) => set(KEY, kept),
};
