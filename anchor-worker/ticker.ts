import { type Ledger, LedgerError } from '@spondon/ledger/port';

/** The contract refuses a tick sooner than a minute after the last. */
const TICK_MS = 61_000;
const RETRY_MS = 5000;

/**
 * Advances the channel's clock, so that a transaction that somebody holds back fails, and statuses are 'as of' a
 * recent time. Any member may tick; being too early means that another did. One that fails is repeated soon, which
 * also shows that a ledger works again for which nothing else waits.
 */
export function startTicker(ledger: Ledger, onTrouble: (error: unknown) => void): { stop: () => void } {
  let timer: NodeJS.Timeout;
  let stopped = false;
  const tick = async (): Promise<void> => {
    const next = await ledger.submit('Tick', []).then(
      () => TICK_MS,
      (error: unknown) => {
        if (cameSecond(error)) return TICK_MS;
        onTrouble(error);
        return RETRY_MS;
      },
    );
    if (!stopped) timer = setTimeout(() => void tick(), next).unref();
  };
  void tick();
  return {
    stop: () => {
      stopped = true;
      clearTimeout(timer);
    },
  };
}

function cameSecond(error: unknown): boolean {
  return error instanceof LedgerError && (error.refusal?.code === 'TICK_EARLY' || error.code === 'CONFLICT');
}
