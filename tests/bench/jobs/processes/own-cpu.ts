/** Milliseconds of user and system time of this process and its threads, since its start. */
export function ownCpuMs(): number {
  const { userCPUTime, systemCPUTime } = process.resourceUsage(); // in microseconds
  return (userCPUTime + systemCPUTime) / 1_000;
}
