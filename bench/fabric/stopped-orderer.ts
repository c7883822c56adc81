import type { TrialNetwork } from '@spondon/ledger/fabric/trial.test-support';
import { status } from '@spondon/network/native/status';
import { hostOf } from '@spondon/network/topology';

/** Does something while an orderer that does not lead `records` stands still, its connections open. */
export async function withOrdererStopped<T>(
  { topology, folder }: TrialNetwork,
  act: () => Promise<T>,
): Promise<T> {
  const nodes = await status(folder);
  const leaders = new Set(nodes.flatMap((each) => each.leaders.get('records') ?? []));
  const [follower] = topology.organisations.flatMap((owner) =>
    owner.orderers.filter(({ consenter }) => !leaders.has(consenter)).map((each) => hostOf(owner, each)),
  );
  const pid = nodes.find(({ node }) => node.host === follower)?.pid;
  if (pid === undefined) throw new Error('no orderer runs but the leader');
  process.kill(pid, 'SIGSTOP');
  try {
    return await act();
  } finally {
    process.kill(pid, 'SIGCONT');
  }
}
