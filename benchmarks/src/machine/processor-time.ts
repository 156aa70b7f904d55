/** USER_HZ, as in process-usage.ts. */
const TICKS_PER_SECOND = 100;

/**
 * Seconds that all processors together spent working, from the text of /proc/stat: user, nice, system, irq and
 * softirq. Idle, waiting for the disk, and what a hypervisor took away do not count; guests are part of user.
 */
export function busySecondsOf(stat: string): number {
  const fields = /^cpu +([\d ]+)$/m.exec(stat)?.[1]?.trim().split(/ +/).map(Number);
  if (fields === undefined || fields.length < 7) throw new Error("this is not /proc/stat");
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = fields;
  return (user + nice + system + irq + softirq) / TICKS_PER_SECOND;
}
