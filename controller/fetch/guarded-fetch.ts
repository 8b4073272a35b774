export * from '#outbound/guarded-fetch.ts';
