import { readdir, readFile } from 'node:fs/promises';

/** Linux reports times in 1/100 s to every program, whatever its own clock does. */
const MS_PER_TICK = 10;

export interface Usage {
  /** User and system time of the process, its threads and its children, since their start. */
  readonly cpuMs: number;
  readonly rssMb: number;
}

/** What a process and all below it have used, from /proc (proc(5)): only on Linux. */
export async function usageOf(pid: number): Promise<Usage> {
  const all = await everyProcess();
  const family = new Set([pid]);
  // Sorted by start: a parent is seen before its children.
  for (const { pid: own, parent } of all) if (family.has(parent)) family.add(own);
  const members = all.filter((one) => family.has(one.pid));
  const rss = await Promise.all(members.map((one) => rssKb(one.pid)));
  return {
    cpuMs: members.reduce((sum, { ticks }) => sum + ticks * MS_PER_TICK, 0),
    rssMb: rss.reduce((sum, kb) => sum + kb, 0) / 1_024,
  };
}

/** What all processes of the machine have used since its start, as `cpuMs`. */
export async function machineCpuMs(): Promise<number> {
  const stat = await readFile('/proc/stat', 'utf8');
  // user, nice, system, idle, iowait, irq, softirq: all but the two in which nothing is done.
  const [, user, nice, system, , , irq, softirq] = stat.slice(0, stat.indexOf('\n')).split(/ +/).map(Number);
  return (user! + nice! + system! + irq! + softirq!) * MS_PER_TICK;
}

interface ProcessSeen {
  readonly pid: number;
  readonly parent: number;
  /** With those of its children that have ended. */
  readonly ticks: number;
  readonly startedAt: number;
}

async function everyProcess(): Promise<ProcessSeen[]> {
  const names = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const seen = await Promise.all(names.map(readStat));
  return seen.filter((one) => one !== null).sort((a, b) => a.startedAt - b.startedAt || a.pid - b.pid);
}

async function readStat(name: string): Promise<ProcessSeen | null> {
  const stat = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => null); // it may end while we look
  if (stat === null) return null;
  // The second field is the program's name in parentheses and may hold anything; after it comes field 3.
  const fields = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  const field = (number: number): number => fields[number - 3]!;
  return {
    pid: Number(name),
    parent: field(4),
    ticks: field(14) + field(15) + field(16) + field(17),
    startedAt: field(22),
  };
}

async function rssKb(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0);
}
