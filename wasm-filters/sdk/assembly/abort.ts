import { log, LogLevel } from "./host";

/** What asc calls where AssemblyScript throws: says so in the log and traps. Nothing on a request may come here. */
export function abortHandler(message: string | null, _file: string | null, line: u32, _column: u32): void {
  if (message !== null) log(LogLevel.error, "abort: " + message + " in line " + line.toString());
  unreachable();
}
