import { get, set } from 'idb-keyval';
import type { PanelList, PanelStore } from '../panel/panel-list.js';

const KEY = 'panel-list';

/** In the browser's own database, on this device. */
export const browserPanelStore: PanelStore = {
  load: async () => (await get<PanelList>(KEY)) ?? null,
  save: (list) => set(KEY, list ?? undefined),
};
