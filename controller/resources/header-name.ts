/** A field name (RFC 9110 section 5.1). */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/u;

/** Headers by which messages are framed and connections kept (RFC 9112, RFC 9110 section 7.6.1), and the name of the host. */
const FRAMING = new Set([
  'connection',
  'content-length',
  'host',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** The name under which filters find a header: in lower case, that of the host as HTTP/2 has it (RFC 9113 section 8.3.1). */
export function handedOverName(name: string): string {
  const lower = name.toLowerCase();
  return lower === 'host' ? ':authority' : lower;
}

/** Whether text can be the name of a header, and is not that of a pseudo-header. */
export function isHeaderName(text: string): boolean {
  return TOKEN.test(text);
}

/** Whether text can be the value of a header: no control character but tab (RFC 9110 section 5.5). */
export function isHeaderValue(text: string): boolean {
  return /^[\t\P{Cc}]*$/u.test(text);
}

/** What `isWritableHeader` accepts, in words that follow what was found. */
export const WRITABLE_HEADERS = 'accepted are names of headers but host and those of framing and connections';

/** Whether a policy may write a header of this name, in any case: no pseudo-header, and none that other things hang on. */
export function isWritableHeader(name: string): boolean {
  return TOKEN.test(name) && !FRAMING.has(name.toLowerCase());
}

/** How many of "-" and "_" may be in a name under which a policy hands something on: each doubles its other spellings. */
const MOST_SEPARATORS = 6;

/** Why a policy hands nothing on in a header of this name, or `undefined`. */
export function handedOnProblem(name: string): string | undefined {
  if (!isWritableHeader(name)) return `found ${name}, ${WRITABLE_HEADERS}`;
  if (separatorsOf(name).length <= MOST_SEPARATORS) return undefined;
  return `found ${name}, accepted are names with at most ${MOST_SEPARATORS} of - and _`;
}

/**
 * The other names that are the same to programs which get headers as variables (CGI, RFC 3875 section 4.1.18): those with "_"
 * in place of "-", or the other way round, anywhere. `name` is one without `handedOnProblem`, in lower case.
 */
export function otherSpellings(name: string): readonly string[] {
  const spelled = separatorsOf(name).reduce<readonly string[]>(
    (names, at) => names.flatMap((one) => ['-', '_'].map((each) => one.slice(0, at) + each + one.slice(at + 1))),
    [name],
  );
  return spelled.filter((one) => one !== name);
}

function separatorsOf(name: string): readonly number[] {
  return [...name.matchAll(/[-_]/gu)].map(({ index }) => index);
}
