import { stringify } from 'yaml';
import { compile, showStatus, showXds } from '#controller/compile.ts';
import { DEFAULT_CONFIGURATION } from '#controller/configuration.ts';
import { loadOnce } from '#controller/provider/files/load-once.ts';
import { CONTROLLER_NAME } from '#controller/settings.ts';
import type { GoldenCase } from './cases.ts';

/** Time as golden files have it. */
const OCCASION = { time: '2026-01-01T00:00:00Z', controllerName: CONTROLLER_NAME };

/** When the certificates in golden files are judged, whatever the machine's clock says. */
export const GOLDEN_TIME = Date.parse('2027-01-01T00:00:00Z');

/** What a case becomes, as its files should have it. */
export function render({ input }: GoldenCase): { readonly xds: string; readonly status: string } {
  const loaded = loadOnce([input]);
  const translation = compile(loaded, DEFAULT_CONFIGURATION, () => GOLDEN_TIME);
  // What is refused is not in what follows: a case must not lose it by mistake.
  const refused = loaded.problems.map(({ line, field, message }) => ({ line, field, message }));
  const yaml = (value: unknown): string =>
    stringify(value, withoutFeatures, { aliasDuplicateObjects: false, lineWidth: 0 });
  const status = showStatus(translation, OCCASION);
  return { xds: yaml(showXds(translation)), status: yaml(refused.length === 0 ? status : { ...status, refused }) };
}

/** Every class supports the same features: `supported-features.test.ts` has them. */
function withoutFeatures(key: unknown, value: unknown): unknown {
  return key === 'supportedFeatures' ? undefined : value;
}
