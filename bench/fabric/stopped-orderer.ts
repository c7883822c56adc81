import type { TrialNetwork } from '@spondon/ledger/fabric/trial.test-support';
import { status, type NodeStatus } from '@spondon/network/native/status';
import { hostOf } from '@spondon/network/topology';

/**
 * Does something while an orderer that does not lead `records` stands still, its connections open. One that is behind may
 * stand still already; then it is that one, as without two of four nothing is ordered.
 */
export async function withOrdererStopped<T>(
  { topology, folder }: TrialNetwork,
  act: () => Promise<T>,
): Promise<T> {
  const nodes = await status(folder);
  const leaders = new Set(nodes.flatMap((each) => each.leaders.get('records') ?? []));
  const following = new Set(
    topology.organisations.flatMap((owner) =>
      owner.orderers.filter(({ consenter }) => !leaders.has(consenter)).map((each) => hostOf(owner, each)),
    ),
  );
  const heightOf = ({ heights }: NodeStatus): number => heights.get('records') ?? 0;
  const [last] = nodes
    .filter(({ node }) => following.has(node.host))
    .sort((a, b) => heightOf(a) - heightOf(b));
  const pid = last?.pid;
  if (pid === undefined) throw new Error('no orderer runs but the leader');
  process.kill(pid, 'SIGSTOP');
  try {
    return await act();
  } finally {
    process.kill(pid, 'SIGCONT');
  }
}
