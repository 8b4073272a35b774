/** A provider cannot be asked now: nothing answers, or what answers fails. */
export class Unreachable extends Error {}
