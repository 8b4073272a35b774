/** A fault of the machine or the network that set-up meets: the message tells the user what to do; no stack is shown. */
export class SetupError extends Error {
  override readonly name = 'SetupError';
}
