/**
 * fabric-contract-api expects a process of its own: when it is loaded, its logger begins to catch whatever the process
 * throws or rejects, prints it and carries on, and prints for ever when standard output is closed. In our process an
 * unforeseen error has to end it, so that nothing works on in a state that nobody knows.
 */
export function removeContractApiHandlers(process: NodeJS.Process): void {
  for (const listener of process.listeners('uncaughtException')) {
    if (listener.name === 'bound _uncaughtException') process.off('uncaughtException', listener);
  }
  for (const listener of process.listeners('unhandledRejection')) {
    if (listener.name === 'loggerUnhandledRejectionFn') process.off('unhandledRejection', listener);
  }
}
