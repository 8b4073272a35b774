import { styleText } from 'node:util';
import { kinds } from '#controller/api/kinds.ts';
import { notAnAddress, parseAddress } from '../address.ts';
import { adminClient, adminFailure } from '../admin-client.ts';
import { EXIT } from '../exit-codes.ts';
import { serialize, table } from '../print.ts';
import type { StatusFlags } from '../program.ts';
import { type ShownObject, statusRows } from '../status-rows.ts';

/** `sluice status`: prints the status of what a running sluice serves. Resolves with the exit code. */
export async function status(
  first: string | undefined,
  second: string | undefined,
  flags: StatusFlags,
): Promise<number> {
  // As with kubectl, KIND/NAME is KIND NAME.
  const [kind, name = second] = first?.split('/', 2) ?? [];
  if (parseAddress(flags.admin) === undefined) return say(notAnAddress('--admin', flags.admin), EXIT.usage);
  const wanted = kind === undefined ? '' : kindOf(kind);
  if (wanted === undefined) {
    return say(`${first}: no such kind; accepted are ${kinds.map((known) => known.kind).join(', ')}`, EXIT.usage);
  }
  try {
    const client = adminClient(flags.admin);
    const { json } = await client.listStatus({ kind: wanted });
    const items = objectsOf(json).filter(
      ({ metadata }) =>
        (flags.namespace === undefined || metadata.namespace === flags.namespace) &&
        (name === undefined || metadata.name === name),
    );
    if (items.length === 0) await tellWhyEmpty(flags.admin);
    if (name !== undefined && items.length === 0) return say(`${wanted} ${name}: none is served`, EXIT.findings);
    process.stdout.write(
      flags.output === 'table' ? tableOf(items) : serialize({ apiVersion: 'v1', kind: 'List', items }, flags.output),
    );
    tellWhatIsRefused((await client.listProblems({})).problems);
    return EXIT.fine;
  } catch (error) {
    const failure = adminFailure(error, flags.admin);
    return say(failure.message, failure.exitCode);
  }
}

/** A kind by any of the names that kubectl takes: its own, the plural, a short one; its group may follow. */
function kindOf(text: string): string | undefined {
  const [wanted = '', ...group] = text.toLowerCase().split('.');
  return kinds.find(
    ({ kind, plural, shortNames, ...known }) =>
      (kind.toLowerCase() === wanted || plural === wanted || shortNames.includes(wanted)) &&
      (group.length === 0 || group.join('.') === known.group),
  )?.kind;
}

/** A gateway that has only just been started, or cannot read something, has less to show than it will have. */
async function tellWhyEmpty(admin: string): Promise<void> {
  const { host, port } = parseAddress(admin) ?? { host: '', port: 0 };
  const name = host.includes(':') ? `[${host}]` : host;
  const answer = await fetch(`http://${name}:${port}/readyz`).catch(() => undefined);
  if (answer?.status === 503) say(`the gateway is not ready: ${(await answer.text()).trim()}`, EXIT.fine);
}

/**
 * What is refused has no row, or that of an earlier version which still serves. Which object a document is about that cannot be
 * parsed is not known, so that each is told of whatever was asked for.
 */
function tellWhatIsRefused(problems: readonly { readonly severity: string; readonly text: string }[]): void {
  const errors = problems.filter(({ severity }) => severity === 'error').map(({ text }) => text);
  if (errors.length === 0) return;
  process.stderr.write(`\nRefused; the last good version serves on, if there is one:\n${errors.join('\n')}\n`);
}

/** Our own server wrote the list, as `renderStatus` has it. */
function objectsOf(json: string): readonly ShownObject[] {
  const list: { readonly items: readonly ShownObject[] } = JSON.parse(json);
  return list.items;
}

function tableOf(items: readonly ShownObject[]): string {
  const rows = items.flatMap(statusRows);
  if (rows.length === 0) return 'No resources found\n';
  const text = table(
    ['NAMESPACE', 'KIND', 'NAME', 'OF', 'STATUS', 'MESSAGE'],
    rows.map(({ namespace, kind, name, of, state, message }) => [namespace, kind, name, of, state, message]),
  );
  const [head = '', ...lines] = text.trimEnd().split('\n');
  const painted = lines.map((line, index) => {
    const row = rows[index];
    return row === undefined || row.isGood ? line : styleText('red', line, { stream: process.stdout });
  });
  return `${[styleText('bold', head, { stream: process.stdout }), ...painted].join('\n')}\n`;
}

function say(message: string, code: number): number {
  process.stderr.write(`sluice status: ${message}\n`);
  return code;
}
