import { log } from "./host";

/** What asc calls where AssemblyScript throws: says so in the log and traps. Nothing on a request may come here. */
export function abortHandler(message: string | null, _file: string | null, line: u32, _column: u32): void {
  // 4 is LogLevel.error: asc may compile this before any constant is declared.
  if (message !== null) log(4, "abort: " + message + " in line " + line.toString());
  unreachable();
}
