import type { Any } from '@bufbuild/protobuf/wkt';
import type { CompressorIr } from '../../ir/traffic.ts';
import { any, type Init } from '../../xds/build/message.ts';

type HttpFilter = Init<'envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter'>;

/**
 * Name of the filter that compresses answers in one way. What a policy may choose is not in Envoy's routes, so it is in the
 * name, and a chain has one filter for each choice that any of its routes makes.
 */
export function compressorFilterName({ algorithm, isFirst, minContentLength }: CompressorIr): string {
  const choices = [...(isFirst ? ['first'] : []), ...(minContentLength === undefined ? [] : [minContentLength])];
  return ['envoy.filters.http.compressor', algorithm, ...choices].join('.');
}

/** The filter itself: off, until a route turns it on. */
export function compressorFilter(ir: CompressorIr): HttpFilter {
  return {
    name: compressorFilterName(ir),
    disabled: true,
    configType: {
      case: 'typedConfig',
      value: any('envoy.extensions.filters.http.compressor.v3.Compressor', {
        compressorLibrary: { name: `envoy.compression.${ir.algorithm}.compressor`, typedConfig: library(ir) },
        chooseFirst: ir.isFirst,
        ...(ir.minContentLength === undefined
          ? {}
          : { responseDirectionConfig: { commonConfig: { minContentLength: ir.minContentLength } } }),
      }),
    },
  };
}

function library({ algorithm }: CompressorIr): Any {
  switch (algorithm) {
    case 'gzip':
      return any('envoy.extensions.compression.gzip.compressor.v3.Gzip', {});
    case 'brotli':
      return any('envoy.extensions.compression.brotli.compressor.v3.Brotli', {});
    case 'zstd':
      return any('envoy.extensions.compression.zstd.compressor.v3.Zstd', {});
    default:
      return algorithm satisfies never;
  }
}

/** What a route says to have its answers compressed. */
export function compressorPerRoute(): Any {
  return any('envoy.extensions.filters.http.compressor.v3.CompressorPerRoute', {
    override: { case: 'overrides', value: { responseDirectionConfig: {} } },
  });
}
