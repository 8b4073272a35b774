import { expect } from 'vitest';
import * as fc from 'fast-check';
import type { Resource } from '#controller/api/gen/types.d.ts';
import { kinds } from '#controller/api/kinds.ts';
import { isKindName } from '#controller/api/registry.ts';
import { SOME_MODULE } from '#controller/compile.ts';
import { admit } from '#controller/provider/admit.ts';
import { readClosedObject } from '#controller/provider/closed-objects.ts';
import type { ClosedObject } from '#controller/resources/closed-object.ts';
import { type InvalidPolicy, readInvalidPolicy } from '#controller/resources/invalid-policy.ts';
import { namespaceOf } from '#controller/resources/resources.ts';
import { ResourceStore } from '#controller/resources/store.ts';
import type { Translation } from '#controller/translate.ts';
import { lower } from '#controller/xds/lower.ts';
import type { Document } from './choices.ts';
import { anyDocument } from './documents.ts';

/** One change of the world. */
export type Edit =
  | { readonly kind: 'write'; readonly document: Document }
  /** Removes the object that a document names. */
  | { readonly kind: 'remove'; readonly document: Document }
  /** A policy, a route or a ListenerSet becomes unreadable: an unknown field, at a cold start. */
  | { readonly kind: 'break'; readonly document: Document }
  | { readonly kind: 'mend' };

/** Any change, most of them writes. */
export const anyEdit: fc.Arbitrary<Edit> = fc.oneof(
  { weight: 12, arbitrary: anyDocument.map((document): Edit => ({ kind: 'write', document })) },
  { weight: 5, arbitrary: anyDocument.map((document): Edit => ({ kind: 'remove', document })) },
  { weight: 1, arbitrary: anyDocument.map((document): Edit => ({ kind: 'break', document })) },
  { weight: 1, arbitrary: fc.constant<Edit>({ kind: 'mend' }) },
);

/** The resource that a document is; the documents of this folder are all valid, and one that is not is a mistake here. */
export function resourceOf(document: Document): Resource {
  const admitted = admit(document);
  if (admitted.kind === 'resource') return admitted.resource;
  throw new Error(`a document is refused: ${JSON.stringify({ admitted, document })}`);
}

/** A state of the world that changes as the pipeline changes it. */
export class World {
  readonly store = new ResourceStore();
  #broken: readonly InvalidPolicy[] = [];
  #closed: readonly ClosedObject[] = [];

  constructor(documents: readonly Document[]) {
    for (const document of documents) this.store.upsert(resourceOf(document));
  }

  apply(edit: Edit): void {
    switch (edit.kind) {
      case 'write':
        this.store.upsert(resourceOf(edit.document));
        break;
      case 'remove': {
        const { kind, metadata } = resourceOf(edit.document);
        this.store.delete(kind, namespaceOf({ metadata }), metadata.name);
        break;
      }
      case 'break': {
        const { kind, metadata } = edit.document;
        const broken = readInvalidPolicy(kind, metadata.namespace ?? 'default', metadata.name, edit.document);
        if (broken !== undefined) this.#broken = [broken];
        const closed = readClosedObject(kind, metadata.namespace ?? 'default', metadata.name, edit.document);
        if (closed !== undefined) this.#closed = [closed];
        break;
      }
      case 'mend':
        this.#broken = [];
        this.#closed = [];
        break;
      default:
        edit satisfies never;
    }
    this.store.setInvalidPolicies(this.#broken);
    this.store.setClosed(this.#closed);
  }
}

/** Every object of a store. */
export function objectsOf(store: ResourceStore): readonly Resource[] {
  return kinds.flatMap(({ kind }): readonly Resource[] => (isKindName(kind) ? store.list(kind) : []));
}

/** Everything of a translation that anybody can see, by the bytes that Envoy gets. */
export function visible({ proxies, statuses }: Translation): unknown {
  return {
    proxies: [...proxies].map(([key, { xds, infra }]) => {
      const snapshot = lower(xds, SOME_MODULE);
      const resources = Object.entries(snapshot).flatMap(([type, found]) =>
        [...found.values()].map(({ name, wire }) => [type, name, Buffer.from(wire).toString('base64')]),
      );
      return { key, infra, resources, module: xds.policyModule };
    }),
    // Where they are cut means nothing.
    statuses: statuses().flat(),
  };
}

/** Holds two translations to be the same to everybody who can see them. */
export function expectSame(found: Translation, wanted: Translation): void {
  expect(visible(found)).toEqual(visible(wanted));
}
