export * from '#outbound/fetch-settings.ts';
