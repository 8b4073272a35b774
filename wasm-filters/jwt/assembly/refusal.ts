import { log, LogLevel } from "../../sdk/assembly/host";

/**
 * Says in the log, for who looks at that level, why a token is not accepted; the client is not told, and no part of the
 * token is said. The text is a literal: putting one together would make garbage on a request.
 */
export function refuseToken(why: string): void {
  log(LogLevel.debug, why);
}
