import type { Running } from '@spondon/network/native/members';

type Command = (running: Running) => Promise<void>;

/** Gives a command again and again, ended one step later each time, until it comes to its end. Returns how often. */
export async function cutAtEveryStep(command: Command, running: Running): Promise<number> {
  for (let steps = 0; ; steps += 1) {
    if (!(await isCutAfter(steps, command, running))) return steps;
  }
}

/** Ends a command when it tells of one step more than these, unless it came to its end before. */
export async function isCutAfter(steps: number, command: Command, running: Running): Promise<boolean> {
  const cut = new Error('cut short');
  let said = 0;
  const say = (): void => {
    said += 1;
    if (said > steps) throw cut;
  };
  try {
    await command({ ...running, say });
    return false;
  } catch (error) {
    if (error !== cut) throw error;
    return true;
  }
}
