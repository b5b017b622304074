import { KNOWN_DEVICE_DAYS } from '../tokens/known-devices.js';

/** Where a browser keeps what makes it a known device: no script reads it, and no other site sends it along. */
export interface DeviceCookie {
  /** null: there is none, or none of ours. */
  read(request: Request): string | null;
  /** `Set-Cookie` for the next sign-ins. */
  write(deviceToken: string): string;
}

/** `__Host-` where the stack is reached by https: the browser takes it from this host alone, and by https alone (RFC 6265bis, section 4.1.3). */
export function deviceCookie(publicUrl: string): DeviceCookie {
  const secure = publicUrl.startsWith('https:');
  const name = secure ? '__Host-inevitable-device' : 'inevitable-device';
  const ours = new RegExp(`(?:^|;)\\s*${name}=([\\w-]{43})\\s*(?:;|$)`);
  const attributes = `Path=/; Max-Age=${KNOWN_DEVICE_DAYS * 86_400}; HttpOnly; SameSite=Strict${secure ? '; Secure' : ''}`;
  return {
    read: (request) => ours.exec(request.headers.get('cookie') ?? '')?.[1] ?? null,
    write: (deviceToken) => `${name}=${deviceToken}; ${attributes}`,
  };
}
