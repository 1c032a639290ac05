import type { Client } from "../_client.ts";
export async function web(
  _connect: () => Promise<Client>,
  _o: { port: number; opens: boolean },
): Promise<void> {}
