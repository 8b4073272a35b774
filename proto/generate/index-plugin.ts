import type { DescEnum, DescMessage, DescService, Registry } from '@bufbuild/protobuf';
import { createRegistry } from '@bufbuild/protobuf';
import { createEcmaScriptPlugin, type GeneratedFile, type ImportSymbol, type Schema } from '@bufbuild/protoplugin';

/**
 * The plugin that writes `index.d.ts`: interfaces `MessageTypes`, `EnumTypes` and `ServiceTypes`, which give the
 * generated type for every full name. They are what lets `schema('envoy.config.cluster.v3.Cluster')` infer its type.
 */
export const indexPlugin = createEcmaScriptPlugin({
  name: 'sluice-index',
  version: 'v1',
  generateTs: () => {
    throw new Error('sluice-index writes declarations only: target=dts expected');
  },
  generateDts: writeIndex,
});

function writeIndex(schema: Schema): void {
  const file = schema.generateFile('index.d.ts');
  const types = byName(createRegistry(...schema.allFiles));
  writeInterface(file, 'MessageTypes', types.messages, (type) => typeImport(file.importShape(type)));
  writeInterface(file, 'EnumTypes', types.enums, (type) => `typeof ${typeImport(file.importShape(type))}`);
  writeInterface(file, 'ServiceTypes', types.services, (type) => `typeof ${typeImport(file.importSchema(type, true))}`);
}

interface Types {
  readonly messages: readonly DescMessage[];
  readonly enums: readonly DescEnum[];
  readonly services: readonly DescService[];
}

function byName(registry: Registry): Types {
  const all = Array.from(registry).sort((a, b) => (a.typeName < b.typeName ? -1 : 1));
  return {
    messages: all.filter((type) => type.kind === 'message'),
    enums: all.filter((type) => type.kind === 'enum'),
    services: all.filter((type) => type.kind === 'service'),
  };
}

function writeInterface<T extends { readonly typeName: string }>(
  file: GeneratedFile,
  name: string,
  types: readonly T[],
  print: (type: T) => string,
): void {
  file.print(`export interface ${name} {`);
  for (const type of types) file.print(`  '${type.typeName}': ${print(type)};`);
  file.print('}');
  file.print();
}

function typeImport(symbol: ImportSymbol): string {
  return `import('${symbol.from}').${symbol.name}`;
}
