/** Options that several commands have, as `Command.option` takes them. */

export const DATA = ['--data <folder>', 'what the network keeps', './network-data'] as const;
