/** What a map has under a key that somebody else chose: nothing that every object has ("constructor"). */
export function ownMember<T>(map: { readonly [key: string]: T } | undefined, key: string): T | undefined {
  return map !== undefined && Object.hasOwn(map, key) ? map[key] : undefined;
}
