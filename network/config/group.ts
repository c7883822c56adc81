import { common } from '@hyperledger/fabric-protos';

/** A group of a channel's configuration (`common.ConfigGroup`) as plain data, which is changed by making another. */
export interface Group {
  readonly version: number;
  /** Name of the policy that changes of its members and of itself have to satisfy. */
  readonly modPolicy: string;
  readonly groups: ReadonlyMap<string, Group>;
  readonly values: ReadonlyMap<string, Item>;
  readonly policies: ReadonlyMap<string, Item>;
}

/** A value, whose `bytes` are what its name promises, or a policy, whose `bytes` are a `common.Policy`. */
export interface Item {
  readonly version: number;
  readonly modPolicy: string;
  readonly bytes: Uint8Array;
}

/** google-protobuf's own maps, which have no types. */
interface Entries<Value> {
  forEach(visit: (value: Value, name: string) => void): void;
  set(name: string, value: Value): void;
}

export function decodeGroup(group: common.ConfigGroup): Group {
  return {
    version: group.getVersion(),
    modPolicy: group.getModPolicy(),
    groups: decodeAll(group.getGroupsMap() as Entries<common.ConfigGroup>, decodeGroup),
    values: decodeAll(group.getValuesMap() as Entries<common.ConfigValue>, (value) => ({
      version: value.getVersion(),
      modPolicy: value.getModPolicy(),
      bytes: value.getValue_asU8(),
    })),
    policies: decodeAll(group.getPoliciesMap() as Entries<common.ConfigPolicy>, (policy) => ({
      version: policy.getVersion(),
      modPolicy: policy.getModPolicy(),
      bytes: policy.getPolicy()?.serializeBinary() ?? new Uint8Array(),
    })),
  };
}

export function encodeGroup({ version, modPolicy, groups, values, policies }: Group): common.ConfigGroup {
  const group = new common.ConfigGroup();
  group.setVersion(version);
  group.setModPolicy(modPolicy);
  encodeAll(groups, group.getGroupsMap() as Entries<common.ConfigGroup>, encodeGroup);
  encodeAll(values, group.getValuesMap() as Entries<common.ConfigValue>, (item) => {
    const value = new common.ConfigValue();
    value.setVersion(item.version);
    value.setModPolicy(item.modPolicy);
    value.setValue(item.bytes);
    return value;
  });
  encodeAll(policies, group.getPoliciesMap() as Entries<common.ConfigPolicy>, (item) => {
    const policy = new common.ConfigPolicy();
    policy.setVersion(item.version);
    policy.setModPolicy(item.modPolicy);
    // A reference has none.
    if (item.bytes.length > 0) policy.setPolicy(common.Policy.deserializeBinary(item.bytes));
    return policy;
  });
  return group;
}

function decodeAll<Message, Value>(
  entries: Entries<Message>,
  decode: (message: Message) => Value,
): ReadonlyMap<string, Value> {
  const values = new Map<string, Value>();
  entries.forEach((message, name) => values.set(name, decode(message)));
  return values;
}

function encodeAll<Message, Value>(
  values: ReadonlyMap<string, Value>,
  into: Entries<Message>,
  encode: (value: Value) => Message,
): void {
  for (const [name, value] of values) into.set(name, encode(value));
}

/** The group with another group, or value, or policy in it; without it when `member` is undefined. */
export function withMember<Kind extends 'groups' | 'values' | 'policies'>(
  group: Group,
  kind: Kind,
  name: string,
  member: (Kind extends 'groups' ? Group : Item) | undefined,
): Group {
  const members = new Map<string, Group | Item>(group[kind]);
  if (member === undefined) members.delete(name);
  else members.set(name, member);
  return { ...group, [kind]: members };
}

/** The group with other bytes in a value or policy that it has. */
export function withBytes(group: Group, kind: 'values' | 'policies', name: string, bytes: Uint8Array): Group {
  const item = group[kind].get(name);
  if (item === undefined) throw new TypeError(`the configuration has no ${name}`);
  return withMember(group, kind, name, { ...item, bytes });
}
