/**
 * A list in pieces, in order: a piece is the same array as long as nothing in it changed, so that what is made of a list can
 * be made piece by piece, and what a change costs does not depend on how long the list is. Where it is cut means nothing.
 */
export type Pieces<T> = readonly (readonly T[])[];
