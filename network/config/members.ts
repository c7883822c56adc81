import { NetworkError } from '../error.js';
import { withMember, type Group } from './group.js';
import { thresholdIn, type Threshold } from './policy.js';

/** Members of a channel, as its configuration has them: `channel` is the configuration's outermost group. */

const APPLICATION = 'Application';

export function applicationOf(channel: Group): Group {
  return part(channel, APPLICATION);
}

/** How many of whom change the channel. The same policy stands at every level, see `derive/configtx.ts`. */
export function deciders(channel: Group): Threshold {
  return thresholdIn(applicationOf(channel).policies.get('Admins')?.bytes ?? new Uint8Array());
}

/** `described` is what the new member says of itself: its authorities' certificates, policies, anchor peers. */
export function admit(channel: Group, mspId: string, described: Group): Group {
  const application = applicationOf(channel);
  return withMember(channel, 'groups', APPLICATION, withMember(application, 'groups', mspId, described));
}

/**
 * Without a member, whose transactions are invalid from then on. The rule who decides stays as it is, and so do the
 * number of signatures that it asks for: those who remain do not get easier to win over because somebody has gone.
 *
 * @throws NetworkError `MEMBER_NEEDED` for a member that orders, or when the rest could decide nothing any more
 */
export function dismiss(channel: Group, mspId: string): Group {
  if (ordererOf(channel).groups.has(mspId)) {
    throw new NetworkError(
      'MEMBER_NEEDED',
      `${mspId} is a regulator: it orders, and endorses all that is written`,
    );
  }
  const application = applicationOf(channel);
  const { needed, of } = deciders(channel);
  const rest = of.filter((each) => each !== mspId && application.groups.has(each));
  if (of.includes(mspId) && rest.length < needed) {
    throw new NetworkError(
      'MEMBER_NEEDED',
      `without ${mspId} nobody could change the channel: that takes ${needed} of ${of.join(', ')}`,
    );
  }
  return withMember(channel, 'groups', APPLICATION, withMember(application, 'groups', mspId, undefined));
}

export function ordererOf(channel: Group): Group {
  return part(channel, 'Orderer');
}

function part(channel: Group, name: string): Group {
  const group = channel.groups.get(name);
  if (group === undefined) throw new TypeError(`the configuration has no ${name}`);
  return group;
}
