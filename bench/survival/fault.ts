import type { Scene } from './scene.js';

/** Whatever supervises processes starts a dead one again. */
export const SUPERVISOR_MS = 10_000;

/** Something that a network or a service has to survive. */
export interface Fault {
  /** For `--only`, and of files. */
  readonly name: string;
  /** For people. */
  readonly title: string;
  /** Why it cannot be done on this machine or with this version; absent or `null` when it can. */
  readonly whyNot?: string | null;
  /** Before the fault, while all is well; the load runs. */
  readonly prepare?: (scene: Scene) => Promise<void>;
  readonly inject: (scene: Scene) => Promise<void>;
  /** How long it lasts, ms; absent: until anchoring has recovered by itself. */
  readonly lastsMs?: number;
  /** What an operator, or whatever supervises the processes, does about it. */
  readonly heal: (scene: Scene) => Promise<void>;
  /** Just before healing: what is not as it should be, and what is to be noted. */
  readonly examine?: (scene: Scene) => Promise<{ faults?: readonly string[]; notes?: readonly string[] }>;
}
