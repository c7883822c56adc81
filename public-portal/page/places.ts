/** Where a visitor is, as the browser's history keeps it for Back and Forward. Numbers are those of the page's own lists. */
export interface Place {
  readonly answer?: number;
  readonly batch?: number;
  /** Of a batch's table, the row that is open. */
  readonly row?: number;
  /** A code that stands in the address, which says enough even after a reload. */
  readonly code?: string | undefined;
}

/** Goes to a place, the start if none is named: a step that Back undoes. */
export function enter(place: Place, isEmbedded: boolean): void {
  const address = place.code === undefined ? '/' : `/d/${place.code}`;
  // In a frame the address stays: others than its own refuse to be framed, should the visitor reload.
  history.pushState(place, '', isEmbedded ? undefined : address);
}

export function placeNow(): Place {
  return (history.state as Place | null) ?? {};
}
