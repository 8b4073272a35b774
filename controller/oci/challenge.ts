/** What a server wants to see before it answers (RFC 9110, section 11.6.1). */
export type Challenge =
  | { readonly kind: 'basic' }
  /** A token that `realm` gives out (Docker Registry v2 authentication, "Token Authentication"). */
  | {
      readonly kind: 'bearer';
      readonly realm: string;
      readonly service: string | undefined;
      readonly scope: string | undefined;
    };

/** Parses a `WWW-Authenticate` header; the first challenge that we can meet, or `undefined`. */
export function parseChallenge(header: string): Challenge | undefined {
  for (const [, scheme = '', rest = ''] of header.matchAll(CHALLENGE)) {
    const kind = scheme.toLowerCase();
    if (kind === 'basic') return { kind: 'basic' };
    if (kind !== 'bearer') continue;
    const parameters = new Map(
      [...rest.matchAll(PARAMETER)].map(([, name = '', quoted, token]) => [
        name.toLowerCase(),
        quoted === undefined ? token : quoted.replaceAll(/\\(.)/gu, '$1'),
      ]),
    );
    const realm = parameters.get('realm');
    if (realm === undefined) continue;
    return { kind: 'bearer', realm, service: parameters.get('service'), scope: parameters.get('scope') };
  }
  return undefined;
}

const VALUE = String.raw`"(?:[^"\\]|\\.)*"|[^\s",]+`;
/** A scheme, and parameters that commas separate. */
const CHALLENGE = new RegExp(
  String.raw`([A-Za-z][\w-]*)(?:\s+((?:\w+\s*=\s*(?:${VALUE})(?:\s*,\s*(?=\w+\s*=))?)+))?`,
  'gu',
);
const PARAMETER = /(\w+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s",]+))/gu;
