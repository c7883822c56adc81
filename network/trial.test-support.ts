import { readFileSync } from 'node:fs';
import { nativePart, parseTopology, type Channel, type Organisation } from './topology.js';

/** The description of the trial network, as it stands in its file and as it is read. */
export const TRIAL_JSON = readFileSync(new URL('../topology.json', import.meta.url), 'utf8');
export const DESCRIPTION = parseTopology(TRIAL_JSON);
/** As it is started natively. */
export const TRIAL = nativePart(DESCRIPTION);

export function organisation(name: string): Organisation {
  const found = TRIAL.organisations.find((each) => each.name === name);
  if (found === undefined) throw new TypeError(`the trial network has no ${name}`);
  return found;
}

export function channel(name: string): Channel {
  const found = TRIAL.channels.find((each) => each.name === name);
  if (found === undefined) throw new TypeError(`the trial network has no channel ${name}`);
  return found;
}
