import { type Ledger, LedgerError } from '@spondon/ledger/port';

/** The contract refuses a tick sooner than a minute after the last. */
const TICK_MS = 61_000;

/**
 * Advances the channel's clock, so that a transaction that somebody holds back fails, and statuses are 'as of' a
 * recent time. Any member may tick; being too early means that another did.
 */
export function startTicker(ledger: Ledger, onTrouble: (error: unknown) => void): { stop: () => void } {
  const tick = (): void => {
    ledger.submit('Tick', []).catch((error: unknown) => {
      const early =
        error instanceof LedgerError && (error.refusal?.code === 'TICK_EARLY' || error.code === 'CONFLICT');
      if (!early) onTrouble(error);
    });
  };
  tick();
  const timer = setInterval(tick, TICK_MS).unref();
  return { stop: () => clearInterval(timer) };
}
