import type { Group, Item } from './group.js';

/**
 * What orderers take to change a channel's configuration: not the new configuration, but two partial ones. The read set
 * names, by version, what the change stands on; the write set has what becomes different, with the next version, and
 * else versions alone. Another change that came first makes the read set untrue, and this one is refused.
 */
export interface Update {
  readonly read: Group;
  readonly write: Group;
}

/** From one configuration to another; `null` when they say the same. */
export function updateBetween(before: Group, after: Group): Update | null {
  const { read, write, changed } = compare(before, after);
  return changed ? { read, write } : null;
}

interface Sides<Value> {
  readonly read: ReadonlyMap<string, Value>;
  readonly write: ReadonlyMap<string, Value>;
  readonly changed: boolean;
}

function compare(before: Group, after: Group): Update & { readonly changed: boolean } {
  // A group whose own members change is itself the next version, and then names all members that stay.
  const own =
    before.modPolicy !== after.modPolicy ||
    (['groups', 'values', 'policies'] as const).some((kind) => !sameNames(before[kind], after[kind]));
  const groups = compareGroups(before.groups, after.groups, own);
  const values = compareItems(before.values, after.values, own);
  const policies = compareItems(before.policies, after.policies, own);
  const { version } = before;
  return {
    read: { version, modPolicy: '', groups: groups.read, values: values.read, policies: policies.read },
    write: {
      version: own ? version + 1 : version,
      modPolicy: own ? after.modPolicy : '',
      groups: groups.write,
      values: values.write,
      policies: policies.write,
    },
    changed: own || groups.changed || values.changed || policies.changed,
  };
}

function compareItems(
  before: ReadonlyMap<string, Item>,
  after: ReadonlyMap<string, Item>,
  nameAll: boolean,
): Sides<Item> {
  const [read, write] = [new Map<string, Item>(), new Map<string, Item>()];
  let changed = false;
  for (const [name, is] of after) {
    const was = before.get(name);
    const same =
      was !== undefined && was.modPolicy === is.modPolicy && Buffer.from(was.bytes).equals(is.bytes);
    if (!same) {
      changed = true;
      write.set(name, { ...is, version: was === undefined ? 0 : was.version + 1 });
    } else if (nameAll) {
      const reference = { version: was.version, modPolicy: '', bytes: new Uint8Array() };
      read.set(name, reference);
      write.set(name, reference);
    }
  }
  return { read, write, changed };
}

function compareGroups(
  before: ReadonlyMap<string, Group>,
  after: ReadonlyMap<string, Group>,
  nameAll: boolean,
): Sides<Group> {
  const [read, write] = [new Map<string, Group>(), new Map<string, Group>()];
  let changed = false;
  for (const [name, is] of after) {
    const was = before.get(name);
    if (was === undefined) {
      changed = true;
      write.set(name, asNew(is));
      continue;
    }
    const sides = compare(was, is);
    changed ||= sides.changed;
    if (!sides.changed && !nameAll) continue;
    read.set(name, sides.read);
    write.set(name, sides.write);
  }
  return { read, write, changed };
}

/** Whatever version its parts had where it was described. */
function asNew(group: Group): Group {
  const items = (all: ReadonlyMap<string, Item>) =>
    new Map([...all].map(([name, item]) => [name, { ...item, version: 0 }]));
  return {
    version: 0,
    modPolicy: group.modPolicy,
    groups: new Map([...group.groups].map(([name, each]) => [name, asNew(each)])),
    values: items(group.values),
    policies: items(group.policies),
  };
}

function sameNames(a: ReadonlyMap<string, unknown>, b: ReadonlyMap<string, unknown>): boolean {
  return a.size === b.size && [...a.keys()].every((name) => b.has(name));
}
