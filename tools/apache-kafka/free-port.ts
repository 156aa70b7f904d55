/** Free loopback ports for a program that cannot choose its own and report it. */
import { createServer, type AddressInfo } from "node:net";

/**
 * Returns `count` different ports that were free a moment ago. All are held together before any is let go, so
 * the answers differ; somebody else may still take one before it is used, and the caller's start then fails.
 */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports: number[] = [];
  for (const server of servers) {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(0, "127.0.0.1", resolve);
    });
    ports.push((server.address() as AddressInfo).port);
  }
  for (const server of servers) {
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }
  return ports;
}
