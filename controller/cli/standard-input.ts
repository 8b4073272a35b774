/** Reads standard input when `-` is among the paths. */
export async function readStandardInput(paths: readonly string[]): Promise<{ readonly stdin?: Uint8Array }> {
  if (!paths.includes('-')) return {};
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(Buffer.from(chunk));
  return { stdin: Buffer.concat(chunks) };
}
