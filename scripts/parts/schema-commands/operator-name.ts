import { hostname, userInfo } from 'node:os';

/** Who runs this, as the machine knows them: `ada@build-7`. In a container a user may have no name, but a number. */
export function operatorName(): string {
  try {
    return `${userInfo().username}@${hostname()}`;
  } catch {
    return `${process.getuid?.() ?? 'somebody'}@${hostname()}`;
  }
}
