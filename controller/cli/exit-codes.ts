/** How a command of `sluice` ends. */
export const EXIT = {
  fine: 0,
  /** What was read has errors; they were told. */
  findings: 1,
  /** The command line is wrong. */
  usage: 2,
  /** Something else went wrong: a port is taken, a program is missing, a bug. */
  internal: 3,
} as const;
