import type { Compression } from '#controller/api/gen/types.d.ts';
import type { CompressorIr } from '../../ir/traffic.ts';
import type { Problems } from '../../resources/problems.ts';
import { parseQuantity } from '../../resources/quantity.ts';

const ALGORITHM = { Gzip: 'gzip', Brotli: 'brotli', Zstd: 'zstd' } as const;

/** Translates `compressor`, or the older `compression`, of a policy. */
export function translateCompressors(
  compressor: readonly Compression[] | undefined,
  compression: readonly Compression[] | undefined,
  problems: Problems,
): readonly CompressorIr[] {
  // Envoy Gateway takes of the newer field only entries that have the member of their type.
  const said = compressor?.filter((one) => one[ALGORITHM[one.type]] !== undefined) ?? compression ?? [];
  const field = compressor === undefined ? 'compression' : 'compressor';
  return said.map(({ type, minContentLength }, index) => ({
    algorithm: ALGORITHM[type],
    isFirst: index === 0,
    minContentLength:
      minContentLength === undefined
        ? undefined
        : problems.within(parseQuantity(minContentLength), `${field}[${index}].minContentLength`, 1),
  }));
}
