import type { Client } from "./_client.ts";
export async function top(_connect: () => Promise<Client>): Promise<void> {}
