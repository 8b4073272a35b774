import { named, object, oneOf, required } from '../schema.ts';
import { byteSize } from './cluster-settings.ts';

/** One way to compress answers. */
export const compression = named('Compression', {
  type: required(oneOf(['Gzip', 'Brotli', 'Zstd'])),
  brotli: object({}),
  gzip: object({}),
  zstd: object({}),
  minContentLength: byteSize,
});
