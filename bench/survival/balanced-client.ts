import { setTimeout as delay } from 'node:timers/promises';
import { type Answer, type Call, type Client, clientOf } from '../client.js';

/** Whoever has waited so long for one copy asks another as well, ms. */
const PATIENCE_MS = 2_000;

/**
 * Each request goes to the next copy, as a load balancer sends it; and, when that breaks off or takes too long, to another
 * one too, as clients repeat theirs. What comes first is the answer. A copy that was paused so gets requests
 * that somebody else has dealt with by the time it wakes up.
 */
export function balancedClient(copies: () => readonly Client[], patience = PATIENCE_MS): Client {
  let turn = 0;
  const send = (call: Call): Promise<Answer> => {
    const all = copies();
    turn += 1;
    return ask([...all.slice(turn % all.length), ...all.slice(0, turn % all.length)], call, patience);
  };
  return clientOf(send, () => {
    for (const each of copies()) each.close();
  });
}

async function ask([first, ...others]: readonly Client[], call: Call, patience: number): Promise<Answer> {
  if (!first) throw new Error('no copy was ever started');
  const answer = first.send(call);
  if (others.length === 0) return answer;
  const answered = answer.then(
    () => true,
    () => false,
  );
  if (await Promise.race([answered, delay(patience, false)])) return answer;
  return Promise.any([answer, ask(others, call, patience)]);
}
