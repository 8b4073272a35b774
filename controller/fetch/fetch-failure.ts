export * from '#outbound/fetch-failure.ts';
