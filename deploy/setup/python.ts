import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';

/** How a run of Python ended. `output` is what it wrote to standard output and standard error. */
export type PythonResult =
  | { readonly kind: 'done' }
  | { readonly kind: 'failed'; readonly output: string }
  | { readonly kind: 'no-python' };

/**
 * Runs `python3`, as found on the PATH of `env`, with these arguments and no input. Killed when `interrupted` fires.
 * No shell is involved.
 */
export async function runPython(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  interrupted: AbortSignal,
): Promise<PythonResult> {
  const child = spawn('python3', args, { env, stdio: ['ignore', 'pipe', 'pipe'], signal: interrupted });
  const outputs = Promise.all([text(child.stdout), text(child.stderr)]);
  const ended = new Promise<{ readonly code: number | null } | { readonly error: Error }>((done) => {
    child.once('error', (error) => done({ error }));
    child.once('close', (code) => done({ code }));
  });
  const end = await ended;
  if ('error' in end) {
    if ('code' in end.error && end.error.code === 'ENOENT') return { kind: 'no-python' };
    return { kind: 'failed', output: end.error.message };
  }
  return end.code === 0 ? { kind: 'done' } : { kind: 'failed', output: (await outputs).join('\n').trim() };
}
