import { runCommandLine } from './command-line.js';

// Whoever reads our output may stop reading, as `head` does: then there is nobody left to tell anything.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

// Documents, keys and backups are for their owner alone.
process.umask(0o077);

// Awaited at the top: if something never settles, the process ends with 13 and not as if all were well.
process.exitCode = await runCommandLine(process.argv.slice(2), process);
