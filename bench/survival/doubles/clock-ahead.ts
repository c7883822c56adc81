/** Imported before a program's own modules: its clock is ten minutes ahead. */

const AHEAD_MS = 10 * 60_000;
const now = Date.now.bind(Date);
Date.now = () => now() + AHEAD_MS;
